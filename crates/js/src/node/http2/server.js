// `http2.createServer`, `createSecureServer` and the server's sessions and streams (https://nodejs.org/api/http2.html#class-http2server).
'use strict';

const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { http2Error, http2ErrorOf, NghttpError } = require('node/http2/errors');
const { copyOf, requestPseudo, toFitWire } = require('node/http2/fields');
const { requireSessionOptions } = require('node/http2/connect');
const { respondWithFD, respondWithFile } = require('node/http2/files');
const { hasNoBody, responseOf, sendHead, wireOf } = require('node/http2/responding');
const { Http2Session } = require('node/http2/session');
const { originOf } = require('node/http2/state');
const { checkSettings } = require('node/http2/settings');
const { Http2Stream, active, begin, own, tell } = require('node/http2/stream');
const { addMethods } = require('node/prototypes');
const { requireFunction, requireObject } = require('node/arguments');
const { invalidType, nodeError, outOfRange } = require('node/errors');
const { Server: NetServer } = require('node/net/server');
const { nextTick } = require('node/process/ticks');
const { clearTimeout, setTimeout } = require('web/html/timers');
const {
  apply,
  construct,
  isArray,
  push,
  regExp,
  setAdd,
  setDelete,
  setForEach,
  setOf,
  setPrototypeOf,
  test,
} = require('builtins/primordials');
const { captureRejectionSymbol } = /** @type {any} */ (require('node/events/events'));
const loadCompatibility = () => require('node/http2/compatibility');
const loadHttp = () => /** @type {any} */ (require('node/http/http'));
const loadHttpServer = () => /** @type {any} */ (require('node/http/server'));
const loadTls = () => /** @type {any} */ (require('node/tls/tls'));
const { http2AltSvc, http2Headers, http2Origin, http2Push } = ops;

const { HTTP_STATUS_SWITCHING_PROTOCOLS } = constants;

const sessions = Symbol('http2.server.sessions');
/** By the name that Node's has: programs look for it. */
const optionsOf = Symbol('options');
const isCompatible = Symbol('http2.server.isCompatible');

/** The most bytes of what an ALTSVC or ORIGIN frame says. */
const LONGEST = 16_382;
const quotedText = regExp(/^[\x09\x20-\x5b\x5d-\x7e\x80-\xff]*$/);

class ServerHttp2Stream extends Http2Stream {
  /** @param {any} session @param {number} id @param {any} options @param {any} headers */
  constructor(session, id, options, headers) {
    super(session, options);
    this[own].scheme = headers[':scheme'];
    this[own].authority = headers[':authority'] ?? headers.host;
    begin(this, id);
  }

  get headRequest() {
    return this[own].isHeadRequest;
  }

  get pushAllowed() {
    const { session } = this[own];
    return !this.destroyed && !this.closed && !session.closed && !session.destroyed && session.remoteSettings.enablePush;
  }

  /** @param {any} headers @param {any} [options] @param {any} [callback] */
  pushStream(headers, options, callback) {
    if (!this.pushAllowed) throw http2Error('PUSH_DISABLED');
    const { id, session, scheme, authority } = this[own];
    if (id % 2 === 0) throw http2Error('NESTED_PUSH');
    active(this);
    let given = options;
    let done = callback;
    if (typeof given === 'function') {
      done = given;
      given = undefined;
    }
    requireFunction(done, 'callback');
    if (given !== undefined) requireObject(given, 'options');
    const settings = { ...given };
    settings.endStream = !!settings.endStream;
    requireObject(headers, 'headers');
    const sent = copyOf(headers);
    sent[':method'] ??= 'GET';
    sent[':authority'] ??= authority;
    sent[':scheme'] ??= scheme;
    sent[':path'] ??= '/';
    const isHead = sent[':method'] === 'HEAD';
    if (isHead) settings.endStream = true;
    const wire = toFitWire(sent, requestPseudo, session[own].options.strictSingleValueFields !== false);
    const made = http2Push(session[own].native, id, wire.text, wire.sensitive);
    if (made < 0) {
      nextTick(done, pushError(made));
      return;
    }
    const stream = /** @type {any} */ (new ServerHttp2Stream(session, made, settings, sent));
    stream[own].sentHeaders = sent;
    stream.push(null);
    if (settings.endStream) stream.end();
    if (isHead) stream[own].isHeadRequest = true;
    tell(stream, false, 'created', { headers: sent });
    tell(stream, false, 'start', { headers: sent });
    session[own].flushSoon();
    nextTick(done, null, stream, sent, 0);
  }

  /** @param {any} [headers] @param {any} [options] */
  respond(headers, options) {
    if (this.destroyed || this.closed) throw http2Error('INVALID_STREAM');
    if (this.headersSent) throw http2Error('HEADERS_SENT');
    if (options !== undefined) requireObject(options, 'options');
    const { sent, list, status } = responseOf(headers, options);
    const wire = wireOf(this, list);
    active(this);
    const state = this[own];
    // There is no body, or the program has ended it already.
    const ends = !!options?.endStream || state.isHeadRequest || hasNoBody(status) || (this.writableEnded && !options?.waitForTrailers);
    if (options?.waitForTrailers && !ends) state.wantsTrailers = true;
    sendHead(this, sent, wire, ends);
    if (ends && !this.writableEnded) this.end();
  }

  /** @param {any} fd @param {any} [headers] @param {any} [options] */
  respondWithFD(fd, headers, options) {
    respondWithFD(this, fd, headers, options);
  }
  /** @param {any} path @param {any} [headers] @param {any} [options] */
  respondWithFile(path, headers, options) {
    respondWithFile(this, path, headers, options);
  }

  /** @param {any} headers */
  additionalHeaders(headers) {
    if (this.destroyed || this.closed) throw http2Error('INVALID_STREAM');
    if (this.headersSent) throw http2Error('HEADERS_AFTER_RESPOND');
    requireObject(headers, 'headers');
    const sent = copyOf(headers);
    if (sent[':status'] !== undefined) {
      const status = (sent[':status'] |= 0);
      if (status === HTTP_STATUS_SWITCHING_PROTOCOLS) throw http2Error('STATUS_101');
      if (status < 100 || status >= 200) {
        throw http2ErrorOf(RangeError, 'INVALID_INFO_STATUS', `Invalid informational status code: ${sent[':status']}`);
      }
    }
    active(this);
    const state = this[own];
    const wire = wireOf(this, sent);
    push((state.sentInfoHeaders ??= []), sent);
    http2Headers(state.session[own].native, state.id, wire.text, wire.sensitive, false);
    state.session[own].flushSoon();
  }
}

/** @param {number} refusal */
function pushError(refusal) {
  if (refusal === -1) return http2Error('INVALID_STREAM');
  if (refusal === -3) return http2Error('OUT_OF_STREAMS');
  if (refusal === -4) return http2Error('PUSH_DISABLED');
  return new NghttpError(-505);
}

class ServerHttp2Session extends Http2Session {
  /** @param {any} options @param {any} socket @param {any} server */
  constructor(options, socket, server) {
    super(options, socket, false);
    const state = this[own];
    state.server = server;
    state.serve = (/** @type {number} */ id, /** @type {any} */ headers) => new ServerHttp2Stream(this, id, {}, headers);
    if (server) {
      setAdd(server[sessions], this);
      this.once('close', () => setDelete(server[sessions], this));
    }
  }

  get server() {
    return this[own].server;
  }

  /** @param {any} alt @param {any} originOrStream */
  altsvc(alt, originOrStream) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    let stream = 0;
    let origin = '';
    if (typeof originOrStream === 'string') {
      origin = originOf(originOrStream);
      if (origin === 'null') throw http2Error('ALTSVC_INVALID_ORIGIN');
    } else if (typeof originOrStream === 'number') {
      if (originOrStream >>> 0 !== originOrStream || originOrStream === 0) {
        throw outOfRange('originOrStream', '> 0 && < 4294967296', originOrStream);
      }
      stream = originOrStream;
    } else if (originOrStream !== undefined) {
      if (originOrStream !== null && typeof originOrStream === 'object') origin = originOrStream.origin;
      else throw invalidType('originOrStream', ['string', 'number', 'URL', 'object'], originOrStream);
      if (typeof origin !== 'string') throw invalidType('originOrStream', ['string', 'number', 'URL', 'object'], originOrStream);
      if (origin === 'null' || origin.length === 0) throw http2Error('ALTSVC_INVALID_ORIGIN');
    }
    if (typeof alt !== 'string') throw invalidType('alt', 'string', alt);
    if (!test(quotedText, alt)) throw nodeError(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in alt');
    // Each of them must fit into a frame.
    if (alt.length + origin.length > LONGEST) throw http2Error('ALTSVC_LENGTH');
    http2AltSvc(this[own].native, stream, origin, alt);
    this[own].flushSoon();
  }

  /** @param {...any} origins */
  origin(...origins) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    if (origins.length === 0) return;
    let text = '';
    let length = 0;
    for (let i = 0; i < origins.length; i += 1) {
      let origin = origins[i];
      if (typeof origin === 'string') origin = originOf(origin);
      else if (origin !== null && typeof origin === 'object') origin = origin.origin;
      if (typeof origin !== 'string') throw invalidType('origin', ['string', 'URL', 'Object'], origins[i]);
      if (origin === 'null') throw http2Error('INVALID_ORIGIN');
      text += `${origin}\0`;
      length += origin.length;
    }
    if (length > LONGEST) throw http2Error('ORIGIN_LENGTH');
    http2Origin(this[own].native, text);
    this[own].flushSoon();
  }
}

/** @param {any} given */
function serverOptions(given) {
  if (given !== undefined) requireObject(given, 'options');
  const options = { ...given };
  requireSessionOptions(options);
  options.unknownProtocolTimeout ??= 10_000;
  const compatibility = loadCompatibility();
  options.Http2ServerRequest ??= compatibility.Http2ServerRequest;
  options.Http2ServerResponse ??= compatibility.Http2ServerResponse;
  options.Http1IncomingMessage ??= loadHttp().IncomingMessage;
  options.Http1ServerResponse ??= loadHttp().ServerResponse;
  return options;
}

/** What both kinds of servers begin with. @param {any} server @param {any} options @param {any} listener */
function begins(server, options, listener) {
  server[optionsOf] = options;
  server[sessions] = setOf([]);
  server.timeout = 0;
  server.on('newListener', setUpCompatibility);
  if (typeof listener === 'function') server.on('request', listener);
}

/** @this {any} @param {any} given @param {any} listener */
function Http2Server(given, listener) {
  const options = serverOptions(given);
  apply(NetServer, this, [options, connectionListener]);
  begins(this, options, listener);
}
setPrototypeOf(Http2Server.prototype, NetServer.prototype);
setPrototypeOf(Http2Server, NetServer);

/** The first listener for requests makes them of streams. @this {any} @param {string} event */
function setUpCompatibility(event) {
  if (event !== 'request' || this[isCompatible]) return;
  this[isCompatible] = true;
  this.removeListener('newListener', setUpCompatibility);
  const { Http2ServerRequest, Http2ServerResponse } = this[optionsOf];
  const { onServerStream } = loadCompatibility();
  this.on('stream', (/** @type {any[]} */ ...told) => onServerStream(this, Http2ServerRequest, Http2ServerResponse, told));
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    this.timeout = milliseconds;
    if (callback !== undefined) {
      requireFunction(callback, 'callback');
      this.on('timeout', callback);
    }
    return this;
  },
  /** @this {any} @param {any} settings */
  updateSettings(settings) {
    requireObject(settings, 'settings');
    checkSettings(settings);
    this[optionsOf].settings = { ...this[optionsOf].settings, ...settings };
  },
  /** @this {any} @param {any} error @param {string} event @param {any[]} given */
  [captureRejectionSymbol](error, event, ...given) {
    const [first, second] = given;
    if (event === 'stream') {
      if (first.headersSent) first.destroy(error);
      else {
        first.respond({ ':status': 500 });
        first.end();
      }
    } else if (event === 'request') {
      if (!second.headersSent && !second.finished) {
        const names = second.getHeaderNames();
        for (let i = 0; i < names.length; i += 1) second.removeHeader(names[i]);
        second.statusCode = 500;
        second.end('Internal Server Error');
      } else second.destroy(error);
    } else apply(NetServer.prototype[captureRejectionSymbol], this, [error, event, ...given]);
  },
};
addMethods(Http2Server.prototype, {
  ...methods,
  /** @this {any} @param {any} [callback] */
  close(callback) {
    apply(NetServer.prototype.close, this, [callback]);
    setForEach(this[sessions], closeIdle);
    return this;
  },
});

/** @param {any} session */
function closeIdle(session) {
  session.close();
}

let Secure = /** @type {any} */ (undefined);
/** The class of servers of TLS, whose parent is loaded when one is made. */
function secureServerClass() {
  if (Secure !== undefined) return Secure;
  const TlsServer = loadTls().Server;
  /** @this {any} @param {any} given @param {any} listener */
  function Http2SecureServer(given, listener) {
    const options = secureOptions(given);
    apply(TlsServer, this, [options, connectionListener]);
    begins(this, options, listener);
    if (options.allowHTTP1) {
      const { prepare, takeOptions } = loadHttpServer();
      const { Http1IncomingMessage: IncomingMessage, Http1ServerResponse: ServerResponse } = options;
      takeOptions(this, { ...options, IncomingMessage, ServerResponse, ...options.http1Options });
      prepare(this, undefined);
    }
    this.on('tlsClientError', (/** @type {any} */ error, /** @type {any} */ socket) => {
      if (!this.emit('clientError', error, socket)) socket.destroy(error);
    });
  }
  setPrototypeOf(Http2SecureServer.prototype, TlsServer.prototype);
  setPrototypeOf(Http2SecureServer, TlsServer);
  addMethods(Http2SecureServer.prototype, {
    ...methods,
    /** Of HTTP/1. @this {any} */
    closeIdleConnections() {
      if (this[optionsOf].allowHTTP1) apply(loadHttpServer().methods.closeIdleConnections, this, []);
    },
    /** @this {any} @param {any} [callback] */
    close(callback) {
      const { close } = this[optionsOf].allowHTTP1 ? loadHttpServer().methods : TlsServer.prototype;
      apply(close, this, [callback]);
      setForEach(this[sessions], closeIdle);
      return this;
    },
  });
  Secure = Http2SecureServer;
  return Secure;
}

/** @param {any} given */
function secureOptions(given) {
  const options = serverOptions(given);
  if (!options.ALPNCallback) options.ALPNProtocols = options.allowHTTP1 === true ? ['h2', 'http/1.1'] : ['h2'];
  return options;
}

/** @param {any} protocol */
const refused = (protocol) =>
  'HTTP/1.0 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n' +
  `${protocol === false ? 'Missing' : 'Unknown'} ALPN Protocol, expected \`h2\` to be available.\n` +
  'If this is a HTTP request: The server was not configured with the `allowHTTP1` option or a listener for the `unknownProtocol` event.\n';

/** A connection begins. @this {any} the server @param {any} socket */
function connectionListener(socket) {
  const options = this[optionsOf];
  if (socket.alpnProtocol === false || socket.alpnProtocol === 'http/1.1') {
    if (options.allowHTTP1 === true) {
      apply(loadHttp()._connectionListener, this, [socket]);
      return;
    }
    if (this.emit('unknownProtocol', socket)) return;
    const timer = setTimeout(() => socket.destroy(), options.unknownProtocolTimeout);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    socket.end(refused(socket.alpnProtocol));
    return;
  }
  const session = /** @type {any} */ (new ServerHttp2Session(options, socket, this));
  session.on('stream', (/** @type {any[]} */ ...told) => this.emit('stream', ...told));
  session.on('error', (/** @type {any} */ error) => this.emit('sessionError', error, session));
  if (this.timeout) {
    session.setTimeout(this.timeout, () => {
      if (!session.destroyed && !this.emit('timeout', session)) session.destroy();
    });
  }
  socket.on('error', () => {});
  if (isArray(options.origins)) apply(session.origin, session, options.origins);
  this.emit('session', session);
}

/** @param {any} [options] @param {any} [listener] */
function createServer(options, listener) {
  const isListener = typeof options === 'function';
  return construct(/** @type {any} */ (Http2Server), [isListener ? {} : options, isListener ? options : listener]);
}

/** @param {any} [options] @param {any} [listener] */
function createSecureServer(options, listener) {
  return construct(secureServerClass(), [options, listener]);
}

/** A session over a socket that has shaken hands otherwise. @param {any} socket @param {any} [options] */
function performServerHandshake(socket, options = {}) {
  return new ServerHttp2Session(serverOptions(options), socket, undefined);
}

module.exports = { createSecureServer, createServer, performServerHandshake };
