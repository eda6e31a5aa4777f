// `http2.connect` and the client's session and streams (https://nodejs.org/api/http2.html#class-clienthttp2session).
'use strict';

const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { http2Error, http2ErrorOf, NghttpError } = require('node/http2/errors');
const { copyOf, objectOfList, requestPseudo, sensitiveHeaders, toWire } = require('node/http2/fields');
const { Http2Session } = require('node/http2/session');
const { checkSettings } = require('node/http2/settings');
const { Http2Stream, begin, frameFailed, own, tell } = require('node/http2/stream');
const { refresh } = require('node/http2/timing');
const { requireBoolean, requireNumber, requireObject, requireSignal } = require('node/arguments');
const { aborted, invalidType, outOfRange } = require('node/errors');
const { nextTick } = require('node/process/ticks');
const { setImmediate } = require('web/html/timers');
const { arraySlice, isArray, push, slice, startsWith, toLowerCase } = require('builtins/primordials');
const loadNet = () => /** @type {any} */ (require('node/net/net'));
const loadTls = () => /** @type {any} */ (require('node/tls/tls'));
const loadWarnings = () => require('node/process/warnings');
const loadUrl = () => /** @type {any} */ (require('web/url/url'));
const { http2Request } = ops;

const { NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

class ClientHttp2Stream extends Http2Stream {
  /** @param {any} session @param {number | undefined} id of a promised stream @param {any} options */
  constructor(session, id, options) {
    super(session, options);
    this[own].headersSent = true;
    if (id !== undefined) {
      this[own].isPushed = true;
      begin(this, id);
    }
    this.on('headers', (/** @type {any} */ headers) => {
      if (headers[':status'] === constants.HTTP_STATUS_CONTINUE) this.emit('continue');
    });
  }
}

class ClientHttp2Session extends Http2Session {
  /** @param {any} options @param {any} socket */
  constructor(options, socket) {
    super(options, socket, true);
    this[own].promise = (/** @type {number} */ id) => new ClientHttp2Stream(this, id, {});
  }

  /** @param {any} [headers] @param {any} [options] */
  request(headers, options) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    if (this.closed) throw http2Error('GOAWAY_SESSION');
    refresh(this);
    if (headers !== undefined && !isArray(headers)) requireObject(headers, 'headers');
    const state = this[own];
    const list = isArray(headers);
    const { sent, method, scheme, authority } = list ? requestOfList(state, headers) : requestOfObject(state, headers);
    const given = options === undefined ? {} : { ...requireOptions(options) };
    if (given.endStream === undefined) {
      given.endStream = method === 'GET' || method === 'HEAD' || method === 'DELETE';
    } else requireBoolean(given.endStream, 'options.endStream');
    requireSignal(given.signal, 'options.signal');
    requirePriority(given);
    const wire = toWire(sent, requestPseudo, state.options.strictSingleValueFields !== false);
    const stream = /** @type {any} */ (new ClientHttp2Stream(this, undefined, {}));
    const ofStream = stream[own];
    ofStream.sentHeaders = list ? objectOfList(sent) : sent;
    ofStream.origin = `${scheme}://${authority}`;
    tell(stream, true, 'created', { headers: ofStream.sentHeaders });
    // The end goes with the head, so nothing is to be said of it later.
    if (given.endStream) {
      ofStream.isEnded = true;
      stream.end();
    }
    if (given.waitForTrailers) ofStream.wantsTrailers = true;
    if (given.signal) abortWith(stream, given.signal);
    const start = () => startRequest(this, stream, wire, given);
    if (this.connecting) {
      if (state.requests === undefined) {
        state.requests = [start];
        this.once('connect', () => {
          const waiting = state.requests;
          state.requests = undefined;
          for (let i = 0; i < waiting.length; i += 1) waiting[i]();
        });
      } else push(state.requests, start);
    } else start();
    return stream;
  }
}

let hasWarned = false;

/** Priorities are told to nobody any more (RFC 9113, 5.3.2); what says one is looked at all the same. @param {any} options */
function requirePriority(options) {
  const { exclusive, parent, silent, weight } = options;
  if (exclusive !== undefined) requireBoolean(exclusive, 'options.exclusive');
  if (parent !== undefined) requireNumber(parent, 'options.parent', 0);
  if (silent !== undefined) requireBoolean(silent, 'options.silent');
  if ((weight === undefined && parent === undefined && exclusive === undefined) || hasWarned) return;
  hasWarned = true;
  loadWarnings().emitWarning('Priority signaling has been deprecated as of RFC 9113.', 'DeprecationWarning', 'DEP0194');
}

/** @param {any} options */
function requireOptions(options) {
  requireObject(options, 'options');
  return options;
}

/** @param {any} stream @param {any} signal */
function abortWith(stream, signal) {
  const abort = () => stream.destroy(aborted(signal));
  if (signal.aborted) abort();
  else {
    signal.addEventListener('abort', abort, { once: true });
    stream[own].cleanUp = () => signal.removeEventListener('abort', abort);
  }
}

/** What a request says of itself, and the rest of it that is the same for many. @param {any} state @param {any} headers */
function requestOfObject(state, headers) {
  const sent = copyOf(headers);
  sent[':method'] ??= 'GET';
  const isConnect = sent[':method'] === 'CONNECT';
  if (!isConnect || sent[':protocol'] !== undefined) {
    if (sent[':authority'] === undefined && sent.host === undefined) sent[':authority'] = state.authority;
    sent[':scheme'] ??= slice(state.protocol, 0, -1);
    sent[':path'] ??= '/';
  } else {
    if (sent[':authority'] === undefined) throw http2Error('CONNECT_AUTHORITY');
    if (sent[':scheme'] !== undefined) throw http2Error('CONNECT_SCHEME');
    if (sent[':path'] !== undefined) throw http2Error('CONNECT_PATH');
  }
  return { sent, method: sent[':method'], scheme: sent[':scheme'], authority: sent[':authority'] ?? sent.host };
}

/** The same of names and values in turn. @param {any} state @param {any[]} headers */
function requestOfList(state, headers) {
  if (headers.length % 2 !== 0) throw invalidListLength(headers);
  /** @type {any} */
  const sent = arraySlice(headers, 0);
  if (/** @type {any} */ (headers)[sensitiveHeaders] !== undefined) {
    /** @type {any} */ (sent)[sensitiveHeaders] = /** @type {any} */ (headers)[sensitiveHeaders];
  }
  /** @type {Record<string, any>} */
  const found = {};
  for (let i = 0; i < sent.length; i += 2) {
    const name = toLowerCase(`${sent[i]}`);
    if (startsWith(name, ':') || name === 'host') found[name] ??= sent[i + 1];
  }
  const add = (/** @type {string} */ name, /** @type {any} */ value) => {
    push(sent, name, value);
    found[name] = value;
  };
  if (found[':method'] === undefined) add(':method', 'GET');
  if (found[':method'] !== 'CONNECT' || found[':protocol'] !== undefined) {
    if (found[':authority'] === undefined && found.host === undefined) add(':authority', state.authority);
    if (found[':scheme'] === undefined) add(':scheme', slice(state.protocol, 0, -1));
    if (found[':path'] === undefined) add(':path', '/');
  } else {
    if (found[':authority'] === undefined) throw http2Error('CONNECT_AUTHORITY');
    if (found[':scheme'] !== undefined) throw http2Error('CONNECT_SCHEME');
    if (found[':path'] !== undefined) throw http2Error('CONNECT_PATH');
  }
  return { sent, method: found[':method'], scheme: found[':scheme'], authority: found[':authority'] ?? found.host };
}

/** @param {any} headers */
function invalidListLength(headers) {
  return http2ErrorOf(TypeError, 'INVALID_HEADER_VALUE', `Invalid value "${headers[headers.length - 1]}" for header "undefined"`);
}

/** The connection is there. @param {any} session @param {any} stream @param {import('node/http2/fields').Wire} wire @param {any} options */
function startRequest(session, stream, wire, options) {
  // It was destroyed with its session.
  if (session.destroyed || stream.destroyed) return;
  if (session.closed) {
    stream.destroy(http2Error('GOAWAY_SESSION'));
    return;
  }
  if (wire.isUnfit) {
    nextTick(() => stream.close(NGHTTP2_PROTOCOL_ERROR));
    nextTick(() => stream.destroy());
    return;
  }
  const state = session[own];
  if (wire.size > (state.options.maxSendHeaderBlockLength ?? 65_536)) {
    nextTick(frameFailed, stream, NGHTTP2_REFUSED_STREAM);
    nextTick(() => setImmediate(() => stream.destroy()));
    return;
  }
  const ends = options.endStream;
  const id = http2Request(state.native, wire.text, wire.sensitive, ends, 0, 0);
  if (id === -3) stream.destroy(http2Error('OUT_OF_STREAMS'));
  else if (id < 0) stream.destroy(id === -2 ? http2Error('GOAWAY_SESSION') : new NghttpError(-501));
  else {
    begin(stream, id);
    tell(stream, true, 'start', { headers: stream.sentHeaders });
    state.flushSoon();
  }
}

/**
 * @param {any} authority @param {any} [options] @param {any} [listener]
 */
function connect(authority, options, listener) {
  let given = options;
  let done = listener;
  if (typeof given === 'function') {
    done = given;
    given = undefined;
  }
  if (given !== undefined) requireObject(given, 'options');
  given = { ...given };
  const url = typeof authority === 'string' ? new (loadUrl().URL)(authority) : authority;
  if (typeof url !== 'object' || url === null) throw invalidType('authority', ['string', 'Object', 'URL'], url);
  const protocol = url.protocol || given.protocol || 'https:';
  let defaultPort = 443;
  if (url.protocol === 'http:') defaultPort = 80;
  const port = `${url.port !== '' && url.port !== undefined ? url.port : defaultPort}`;
  let host = 'localhost';
  if (url.hostname) {
    host = url.hostname;
    if (host[0] === '[') host = slice(host, 1, -1);
  } else if (url.host) host = url.host;
  requireSessionOptions(given);

  let socket;
  if (typeof given.createConnection === 'function') socket = given.createConnection(url, given);
  else if (protocol === 'http:') socket = loadNet().connect({ port, host, ...given });
  else if (protocol === 'https:') socket = loadTls().connect(port, host, tlsOptions(given, loadNet().isIP(host) ? '' : host));
  else throw http2ErrorOf(Error, 'UNSUPPORTED_PROTOCOL', `protocol "${protocol}" is unsupported.`);

  const session = /** @type {any} */ (new ClientHttp2Session(given, socket));
  session[own].authority = `${given.servername || host}:${port}`;
  session[own].protocol = protocol;
  if (typeof done === 'function') session.once('connect', done);
  return session;
}

/** @param {any} options @param {string} servername */
function tlsOptions(options, servername) {
  const made = { ...options, ALPNProtocols: ['h2'] };
  if (servername !== '' && made.servername === undefined) made.servername = servername;
  return made;
}

/** What options of sessions may be. @param {any} options */
function requireSessionOptions(options) {
  if (options.settings !== undefined) {
    requireObject(options.settings, 'options.settings');
    checkSettings(options.settings);
  }
  const { remoteCustomSettings, strictSingleValueFields } = options;
  if (remoteCustomSettings !== undefined) {
    if (!isArray(remoteCustomSettings)) throw invalidType('options.remoteCustomSettings', 'Array', remoteCustomSettings);
    if (remoteCustomSettings.length > 10) throw http2Error('TOO_MANY_CUSTOM_SETTINGS');
  }
  if (strictSingleValueFields !== undefined) requireBoolean(strictSingleValueFields, 'options.strictSingleValueFields');
  if (options.unknownProtocolTimeout !== undefined) requireUint32(options.unknownProtocolTimeout, 'unknownProtocolTimeout');
  if (options.maxSessionInvalidFrames !== undefined) requireUint32(options.maxSessionInvalidFrames, 'maxSessionInvalidFrames');
  if (options.maxSessionRejectedStreams !== undefined) requireUint32(options.maxSessionRejectedStreams, 'maxSessionRejectedStreams');
}

/** @param {any} value @param {string} name */
function requireUint32(value, name) {
  requireNumber(value, name);
  if (value < 0 || value > 2 ** 32 - 1 || value % 1 !== 0) {
    throw outOfRange(name, value % 1 === 0 ? '>= 0 && <= 4294967295' : 'an integer', value);
  }
}

module.exports = { ClientHttp2Session, ClientHttp2Stream, connect, requireSessionOptions };
