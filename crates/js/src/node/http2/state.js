// The connection of a session: what comes is told by the native connection event by event; what is to be sent is taken from it at the end of the
// tick, as long as the socket takes it.
'use strict';

const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { http2Error, connectionFailed, sessionError, streamCanceled } = require('node/http2/errors');
const { listOfText, toObject } = require('node/http2/fields');
const { packed } = require('node/http2/settings');
const { endWithData, own, pieceWritten, received, streamClosed, tell } = require('node/http2/stream');
const { refresh, stopIdleTimeout } = require('node/http2/timing');
const { beginSession, endSession, first } = require('node/http2/measures');
const { hears } = require('node/async_hooks/hooks');
const { currentFrame, enterFrame, use } = require('builtins/async_context');
const { nodeError } = require('node/errors');
const { nextTick } = require('node/process/ticks');
const { setImmediate } = require('web/html/timers');
const {
  Map,
  apply,
  assign,
  mapForEach,
  mapGet,
  mapSize,
  push,
  random,
  setAdd,
  setClear,
  setBytes,
  setDelete,
  setForEach,
  setOf,
  setSize,
  shift,
} = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const loadAsyncResource = () => /** @type {any} */ (require('node/async_hooks/async_resource'));
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadClock = () => /** @type {any} */ (require('web/performance/performance'));
const loadUrl = () => /** @type {any} */ (require('web/url/url'));
const {
  http2Connection,
  http2Consume,
  http2HasOutput,
  http2Ping,
  http2Receive,
  http2Reset,
  http2Settings,
  http2State,
  http2Take,
  http2Terminate,
  http2Written,
} = ops;
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** How much is taken at once: a socket's own buffer is not to be overrun. */
const TAKEN = 65_536;
const nothing = new Uint8Array(0);
/** The session of a socket. */
const ofSocket = Symbol('http2.session');

const now = () => loadClock().performance.now();
/** @param {any} emitter @param {any[]} given */
const emit = (emitter, ...given) => apply(emitter.emit, emitter, given);

/** The bounds of a session's peer, as options name them. @param {any} options @returns {Http2Limits} */
function limitsOf(options) {
  return {
    maxDeflateDynamicTableSize: options.maxDeflateDynamicTableSize ?? 4096,
    maxHeaderListPairs: options.maxHeaderListPairs ?? 128,
    peerMaxConcurrentStreams: options.peerMaxConcurrentStreams ?? 100,
    maxSettings: options.maxSettings ?? 32,
    maxSessionInvalidFrames: options.maxSessionInvalidFrames ?? 1000,
    streamResetBurst: options.streamResetBurst ?? 1000,
    streamResetRate: options.streamResetRate ?? 33,
    paddingStrategy: options.paddingStrategy ?? 0,
    strictFieldWhitespaceValidation: options.strictFieldWhitespaceValidation === false ? 0 : 1,
  };
}

/** What programs do not see of a session. */
class SessionState {
  /** @param {any} session @param {any} options @param {any} socket @param {boolean} isClient */
  constructor(session, options, socket, isClient) {
    this.session = session;
    this.options = options;
    this.socket = socket;
    this.isClient = isClient;
    /** @type {any} */
    this.native = undefined;
    /** @type {any} */
    this.proxy = undefined;
    /** @type {any} */
    this.server = undefined;
    /** The stream of a request that came. @type {(id: number, headers: any) => any} */
    this.serve = () => undefined;
    /** The stream of a promise. @type {(id: number) => any} */
    this.promise = () => undefined;
    /** Requests that wait for the connection. @type {(() => void)[] | undefined} */
    this.requests = undefined;
    this.authority = '';
    this.protocol = '';
    /** @type {Map<number, any>} */
    this.streams = new Map();
    /** @type {Set<any>} */
    this.pending = setOf([]);
    /** Streams with data since the last flush. @type {Set<any>} */
    this.writers = setOf([]);
    /** Bytes that came and that no program has taken. */
    this.untaken = 0;
    this.connecting = true;
    this.isClosed = false;
    this.isDestroyed = false;
    /** Whether the connection takes no more calls. */
    this.isOver = false;
    this.isFlushing = false;
    this.isFlushDue = false;
    /** Whether the socket takes no more for now. */
    this.isBlocked = false;
    this.isReading = false;
    this.goawayCode = NGHTTP2_NO_ERROR;
    this.destroyCode = NGHTTP2_NO_ERROR;
    /** @type {boolean | undefined} */
    this.encrypted = undefined;
    /** @type {string | undefined} */
    this.alpnProtocol = undefined;
    /** @type {Set<string> | undefined} */
    this.origins = undefined;
    /** @type {any} */
    this.localSettings = undefined;
    /** @type {any} */
    this.remoteSettings = undefined;
    /** @type {Record<string, number>} */
    this.customSettings = {};
    this.pendingAck = 0;
    /** @type {{ callback: any, began: number }[]} */
    this.settingsSent = [];
    /** @type {{ callback: any, began: number }[]} */
    this.pings = [];
    this.rejected = 0;
    /** Promised streams without a response. */
    this.reserved = 0;
    this.measured = beginSession();
    this.listen();
  }

  listen() {
    const { socket } = this;
    socket.on('close', () => this.socketClosed());
    socket.on('error', (/** @type {any} */ error) => this.socketFailed(error));
  }

  /** The socket is connected. */
  start() {
    const { session, socket } = this;
    this.connecting = false;
    // Whoever waits for the event looks whether the session is destroyed.
    if (!this.isDestroyed) {
      this.encrypted = !!socket.encrypted;
      this.alpnProtocol = socket.encrypted ? socket.alpnProtocol : 'h2c';
      const { settings } = this.options;
      const first = typeof settings === 'object' && settings !== null ? settings : {};
      this.custom(first);
      this.pendingAck += 1;
      push(this.settingsSent, { callback: undefined, began: now() });
      this.native = http2Connection(this.isClient, packed(first), limitsOf(this.options));
      socket.on('data', (/** @type {any} */ chunk) => this.received(chunk));
      socket.on('end', () => this.socketEnded());
      socket.on('drain', () => {
        this.isBlocked = false;
        this.flush();
      });
      this.flush();
    }
    nextTick(emit, session, 'connect', session, socket);
  }

  /** @param {any} chunk */
  received(chunk) {
    if (this.native === undefined || this.isDestroyed) return;
    refresh(this.session);
    const bytes = typeof chunk === 'string' ? loadBuffer().Buffer.from(chunk) : chunk;
    if (this.measured !== undefined) this.measured.bytesRead += bytes.length;
    this.pump(bytes);
    this.flushSoon();
  }

  /** Tells what happened. @param {Uint8Array} bytes */
  pump(bytes) {
    let at = 0;
    while (this.native !== undefined && !this.isDestroyed) {
      const event = http2Receive(this.native, bytes, at);
      if (event === undefined) return;
      at = event[1];
      // What a stream hears of it hears where it was made.
      const stream = use.begun && event[0] < 5 ? mapGet(this.streams, event[2]) : undefined;
      if (stream === undefined) this.told(event, bytes);
      else within(stream[own].frame, () => this.told(event, bytes));
    }
  }

  /** @param {any} event @param {Uint8Array} bytes */
  told(event, bytes) {
    const { session } = this;
    switch (event[0]) {
      case 1:
        this.headers(event);
        break;
      case 2: {
        const stream = mapGet(this.streams, event[2]);
        const { Buffer } = loadBuffer();
        const chunk = Buffer.from(bytes.buffer, bytes.byteOffset + event[3], event[4] - event[3]);
        if (stream !== undefined && !stream.destroyed) received(stream, chunk);
        else http2Consume(this.native, 0, chunk.length);
        break;
      }
      case 3: {
        const stream = mapGet(this.streams, event[2]);
        if (stream !== undefined && !stream.destroyed) stream.push(null);
        break;
      }
      case 4: {
        const stream = mapGet(this.streams, event[2]);
        if (stream !== undefined) streamClosed(stream, event[3]);
        break;
      }
      case 5:
        this.pushed(event);
        break;
      case 6:
        this.remoteSettings = undefined;
        emitNow(session, 'remoteSettings', session.remoteSettings);
        break;
      case 7:
        this.acknowledged();
        break;
      case 8:
        emitNow(session, 'ping', loadBuffer().wrap(event[2]));
        break;
      case 9: {
        const ping = shift(this.pings);
        // RFC 9113 lets one pass over what was not asked for; Node does not.
        if (ping === undefined) session.destroy(connectionFailed(NGHTTP2_PROTOCOL_ERROR, 4), NGHTTP2_PROTOCOL_ERROR);
        else {
          const time = now() - ping.began;
          if (this.measured !== undefined) this.measured.pingRTT = time;
          ping.callback(null, time, loadBuffer().wrap(event[2]));
        }
        break;
      }
      case 10:
        this.goesAway(event[3], event[2], event[4]);
        break;
      case 11:
        emitNow(session, 'altsvc', event[4], event[3], event[2]);
        break;
      case 12:
        this.originsTold(listOfText(event[2]));
        break;
      case 13:
        this.rejectedStream(event[3]);
        break;
      case 15:
        session.destroy(connectionFailed(event[2], event[3]), event[2]);
        break;
    }
  }

  /** @param {any} event */
  headers(event) {
    const { session } = this;
    const id = event[2];
    const part = event[3];
    const flags = event[5];
    const ends = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const list = listOfText(event[4]);
    const fields = toObject(list, event[6]);
    refresh(session);
    let stream = mapGet(this.streams, id);
    if (stream !== undefined) first(stream[own].measured, 'timeToFirstHeader');
    if (stream === undefined) {
      if (this.isClient) return;
      if (session.closed) {
        http2Reset(this.native, id, NGHTTP2_REFUSED_STREAM);
        return;
      }
      if (this.isFull()) {
        http2Reset(this.native, id, NGHTTP2_ENHANCE_YOUR_CALM);
        this.rejectedStream(NGHTTP2_ENHANCE_YOUR_CALM);
        return;
      }
      stream = this.serve(id, fields);
      stream[own].endAfterHeaders = ends;
      if (ends) stream.push(null);
      // There is no body to an answer of HEAD.
      if (fields[':method'] === 'HEAD') {
        stream[own].isHeadRequest = true;
        stream.end();
      }
      tell(stream, false, 'created', { headers: fields });
      tell(stream, false, 'start', { headers: fields });
      nextTick(emit, session, 'stream', stream, fields, flags, list);
      return;
    }
    if (ends) stream[own].endAfterHeaders = part !== 3;
    if (part === 1 && fields[':status'] === constants.HTTP_STATUS_MISDIRECTED_REQUEST && this.encrypted) {
      setDelete(originsOf(this), stream[own].origin);
    }
    let name = 'response';
    if (part === 1 && stream[own].isPushed) {
      this.reserved -= 1;
      name = 'push';
    }
    if (part === 2) name = 'headers';
    else if (part === 3) name = 'trailers';
    if (part === 1 && this.isClient) tell(stream, true, 'finish', { headers: fields, flags });
    nextTick(emit, stream, name, fields, flags, list);
    if (ends) stream.push(null);
  }

  /** Whether the streams of a session hold as much as they may. */
  isFull() {
    const most = (this.options.maxSessionMemory ?? 10) * 1_000_000;
    return this.untaken + http2State(this.native)[6] > most;
  }

  /** @param {any} event */
  pushed(event) {
    const { session } = this;
    if (session.closed) {
      http2Reset(this.native, event[3], NGHTTP2_REFUSED_STREAM);
      return;
    }
    const list = listOfText(event[4]);
    const fields = toObject(list, event[5]);
    if (this.reserved >= (this.options.maxReservedRemoteStreams ?? 200)) {
      http2Reset(this.native, event[3], NGHTTP2_CANCEL);
      return;
    }
    this.reserved += 1;
    const stream = this.promise(event[3]);
    stream.end();
    nextTick(tell, stream, true, 'created', { headers: fields });
    nextTick(tell, stream, true, 'start', { headers: fields });
    nextTick(emit, session, 'stream', stream, fields, constants.NGHTTP2_FLAG_END_HEADERS, list);
  }

  /** Our oldest settings are in force. */
  acknowledged() {
    const { session } = this;
    this.pendingAck -= 1;
    this.localSettings = undefined;
    const sent = shift(this.settingsSent);
    if (sent?.callback !== undefined) sent.callback(null, session.localSettings, now() - sent.began);
    emitNow(session, 'localSettings', session.localSettings);
  }

  /** @param {number} code @param {number} last @param {Uint8Array} data */
  goesAway(code, last, data) {
    const { session } = this;
    if (session.destroyed) return;
    this.goawayCode = code;
    const buffer = data.length === 0 ? undefined : loadBuffer().wrap(data);
    nextTick(emit, session, 'goaway', code, last, buffer);
    if (code === NGHTTP2_NO_ERROR) session.close();
    else session.destroy(sessionError(code), NGHTTP2_NO_ERROR);
  }

  /** @param {string[]} origins */
  originsTold(origins) {
    if (!this.encrypted || this.isDestroyed) return;
    const known = originsOf(this);
    for (let i = 0; i < origins.length; i += 1) setAdd(known, origins[i]);
    emitNow(this.session, 'origin', origins);
  }

  /** @param {number} code */
  rejectedStream(code) {
    this.rejected += 1;
    const most = this.options.maxSessionRejectedStreams ?? 100;
    if (this.rejected > most && code !== NGHTTP2_NO_ERROR) {
      this.session.destroy(connectionFailed(NGHTTP2_ENHANCE_YOUR_CALM, 3), NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  /** Settings that Node does not know are shown as soon as they are sent. @param {any} settings */
  custom(settings) {
    assign(this.customSettings, settings.customSettings);
    this.localSettings = undefined;
  }

  /** @param {any} payload @param {any} given what hears of the answer */
  sendPing(payload, given) {
    const callback = pingCallback(this.session, given);
    const most = this.options.maxOutstandingPings ?? 10;
    if (this.native === undefined || this.isDestroyed || this.pings.length >= most) {
      nextTick(callback, http2Error('PING_CANCEL'));
      return false;
    }
    const bytes = new Uint8Array(8);
    if (payload !== undefined) setBytes(bytes, bytesOf(payload));
    else for (let i = 0; i < 8; i += 1) bytes[i] = (random() * 256) | 0;
    push(this.pings, { callback, began: now() });
    http2Ping(this.native, bytes);
    this.flushSoon();
    return true;
  }

  /** @param {any} bytes @param {any} callback */
  sendSettings(bytes, callback) {
    if (this.isDestroyed || this.native === undefined) return;
    if (this.settingsSent.length >= (this.options.maxOutstandingSettings ?? 10)) {
      this.session.destroy(http2Error('MAX_PENDING_SETTINGS_ACK'));
      return;
    }
    push(this.settingsSent, { callback, began: now() });
    http2Settings(this.native, bytes);
    this.flushSoon();
  }

  /** What was queued goes to the socket when this tick is over. */
  flushSoon() {
    if (this.isFlushDue || this.native === undefined) return;
    this.isFlushDue = true;
    nextTick(flushNow, this);
  }

  flush() {
    if (this.isFlushing || this.native === undefined || this.isOver) return;
    const { socket } = this;
    if (socket === undefined) return;
    this.isFlushing = true;
    if (socket.destroyed) {
      // Nobody hears of it, but the streams do.
      http2Take(this.native, TAKEN);
      settleWrites(this, http2Written(this.native));
      this.isFlushing = false;
      this.pump(nothing);
      this.maybeDestroy();
      return;
    }
    setForEach(this.writers, endWithData);
    setClear(this.writers);
    while (!this.isBlocked && this.native !== undefined) {
      const bytes = http2Take(this.native, TAKEN);
      if (bytes === undefined) break;
      const written = http2Written(this.native);
      if (this.measured !== undefined) this.measured.bytesWritten += bytes.length;
      const settle = written === undefined ? undefined : () => this.settled(written);
      if (!socket.write(loadBuffer().wrap(bytes), settle)) this.isBlocked = true;
    }
    this.isFlushing = false;
    this.pump(nothing);
    // What was told may have been answered: nobody else sends that.
    if (!this.isBlocked && this.native !== undefined && http2HasOutput(this.native)) this.flushSoon();
    if (this.session.closed) this.maybeDestroy();
  }

  /** @param {number[]} written */
  settled(written) {
    // A stream that is no socket has it at once: its reader comes first, as with a socket.
    if (this.socket?._handle) settleWrites(this, written);
    else setImmediate(() => settleWrites(this, written));
  }

  /** The end of a session that is closed and has nothing to do. */
  maybeDestroy() {
    if (this.isDestroyed || !this.isClosed || mapSize(this.streams) > 0 || setSize(this.pending) > 0) return;
    if (this.native !== undefined && this.isBlocked && http2HasOutput(this.native)) return;
    this.session.destroy();
  }

  /** @param {number} code @param {any} error */
  end(code, error) {
    const { session, socket } = this;
    this.isDestroyed = true;
    this.destroyCode = code;
    stopIdleTimeout(session);
    session.removeAllListeners('timeout');
    const cancel = streamCanceled(error);
    setForEach(this.pending, (stream) => stream.destroy(cancel));
    mapForEach(this.streams, (stream) => stream.destroy(error));
    const { pings, settingsSent } = this;
    setImmediate(() => {
      for (let i = 0; i < pings.length; i += 1) pings[i].callback(http2Error('PING_CANCEL'));
      for (let i = 0; i < settingsSent.length; i += 1) {
        const { callback } = settingsSent[i];
        if (callback !== undefined) callback(http2Error('SETTINGS_CANCEL'));
      }
    });
    this.pings = [];
    this.settingsSent = [];
    if (this.native !== undefined && !socket.destroyed) {
      http2Terminate(this.native, code);
      const bytes = http2Take(this.native, 0);
      if (bytes !== undefined && socket.writable) socket.write(loadBuffer().wrap(bytes));
    }
    if (this.measured !== undefined && this.native !== undefined) endSession(this);
    this.isOver = true;
    this.leave(error);
  }

  /** The socket is left alone. @param {any} error */
  leave(error) {
    const { session, socket } = this;
    const isGraceful = session.closed;
    this.socket = undefined;
    this.proxy = undefined;
    this.native = undefined;
    socket[ofSocket] = undefined;
    const close = () => {
      if (error !== undefined && error !== null) session.emit('error', error);
      session.emit('close');
    };
    if (socket.destroyed) {
      nextTick(close);
      return;
    }
    socket.once('close', () => nextTick(close));
    socket.resume();
    if (this.connecting || this.isBlocked || !socket.writable) socket.destroy();
    else if (isGraceful && (error === undefined || error === null)) socket.end();
    else socket.end(() => socket.destroy());
  }

  socketEnded() {
    const { socket } = this;
    if (socket === undefined || socket.destroyed) return;
    // A half of a connection is no connection.
    if (socket.writable) socket.end(() => socket.destroy());
    else socket.destroy();
  }

  socketClosed() {
    if (this.isDestroyed) return;
    const error = this.connecting ? nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed') : undefined;
    mapForEach(this.streams, cancel);
    setForEach(this.pending, cancel);
    this.session.close();
    // Streams whose messages are whole may still be read.
    if (error !== undefined) this.session.destroy(error);
    else this.flush();
  }

  /** @param {any} error */
  socketFailed(error) {
    const { session } = this;
    if (this.isDestroyed) return;
    if (error.code === 'ECONNRESET' && this.goawayCode !== NGHTTP2_NO_ERROR) session.destroy();
    else session.destroy(error);
  }

  expired() {
    if (this.isDestroyed) return;
    this.session.emit('timeout');
  }
}

/** Asynchronous hooks hear of pings as of resources. @param {any} session @param {any} callback */
function pingCallback(session, callback) {
  if (!hears('init')) return callback;
  const { AsyncResource } = loadAsyncResource();
  const resource = new AsyncResource('HTTP2PING', { requireManualDestroy: true });
  return (/** @type {any[]} */ ...given) => {
    resource.runInAsyncScope(callback, session, ...given);
    resource.emitDestroy();
  };
}

/** @param {any} frame @param {() => void} tell */
function within(frame, tell) {
  const before = currentFrame();
  enterFrame(frame);
  try {
    tell();
  } finally {
    enterFrame(before);
  }
}

/** @param {any} stream */
function cancel(stream) {
  stream.close(NGHTTP2_CANCEL);
}

/** The socket has taken pieces of streams. @param {SessionState} state @param {number[] | undefined} written */
function settleWrites(state, written) {
  if (written === undefined) return;
  for (let i = 0; i < written.length; i += 1) {
    const stream = mapGet(state.streams, written[i]);
    if (stream !== undefined) pieceWritten(stream);
  }
}

/** @param {SessionState} state */
function flushNow(state) {
  state.isFlushDue = false;
  state.flush();
}

/** In this tick, as Node does what a peer tells of the connection. @param {any} session @param {any[]} given */
function emitNow(session, ...given) {
  if (!session.destroyed) emit(session, ...given);
}

/** The origins that a server of TLS may answer for. @param {SessionState} state */
function originsOf(state) {
  if (state.origins === undefined) {
    const { socket } = state;
    let host = socket?.servername;
    if (host === null || host === false || host === undefined) {
      host = socket?.remoteFamily === 'IPv6' ? `[${socket.remoteAddress}]` : socket?.remoteAddress;
    }
    const port = socket?.remotePort;
    state.origins = setOf([originOf(`https://${host}${port === undefined || port === null ? '' : `:${port}`}`)]);
  }
  return state.origins;
}

/** @param {string} url */
const originOf = (url) => new (loadUrl().URL)(url).origin;

module.exports = { SessionState, emit, nothing, now, ofSocket, originOf, originsOf };
