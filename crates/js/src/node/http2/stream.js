// `Http2Stream` (https://nodejs.org/api/http2.html#class-http2stream): one request and its response as a duplex stream. The native connection keeps
// both windows; a write is done when its last byte is in a frame, and what is read is given back to the peer when the program takes it.
'use strict';

const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { http2Error, streamError } = require('node/http2/errors');
const { copyOf, toFitWire } = require('node/http2/fields');
const { map, mapDelete, mapSet, mapSize, setAdd, setDelete, setOf, some } = require('builtins/primordials');
const { beginStream, endStream, first } = require('node/http2/measures');
const { refresh, setIdleTimeout, stopIdleTimeout } = require('node/http2/timing');
const { heard } = require('node/diagnostics_channel/heard');
const { currentFrame } = require('builtins/async_context');
const { requireFunction, requireInteger, requireObject } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { setImmediate } = require('web/html/timers');
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadWarnings = () => require('node/process/warnings');
const { http2Consume, http2Data, http2End, http2Reset, http2StreamState, http2Trailers } = ops;

const { Duplex } = Stream;
const { NGHTTP2_CANCEL, NGHTTP2_FRAME_SIZE_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;
/** The most bytes of a head, unless an option says otherwise. */
const LONGEST = 65_536;
/** The type of the frames that begin a head. */
const HEADERS = 1;

let hasWarned = false;

/** The state of a stream, or of a session, that programs do not see. */
const own = /** @type {any} */ (Symbol('http2.state'));
const none = setOf(/** @type {string[]} */ ([]));

/**
 * Tells whoever listens to a channel (https://nodejs.org/api/diagnostics_channel.html#http2).
 * @param {any} stream @param {boolean} isClient @param {string} what @param {any} [facts]
 */
function tell(stream, isClient, what, facts) {
  const channel = heard(isClient ? `http2.client.stream.${what}` : `http2.server.stream.${what}`);
  if (channel !== undefined) channel.publish({ stream, ...facts });
}

/** Once, when either the connection or the program has ended the stream. @param {any} stream */
function tellClose(stream) {
  const state = stream[own];
  if (state.isCloseTold) return;
  state.isCloseTold = true;
  tell(stream, state.isClient, 'close');
}

/** What is told of several chunks: themselves, if all are bytes. @param {{ chunk: any }[]} chunks */
const dataOf = (chunks) => (some(chunks, ({ chunk }) => typeof chunk === 'string') ? chunks : map(chunks, ({ chunk }) => chunk));

/** How a stream that is closed here is told to the peer. */
const reset = { none: 0, whenFinished: 1, now: 2 };

class Http2Stream extends Duplex {
  /** @param {any} session @param {any} options */
  constructor(session, options) {
    super({ ...options, allowHalfOpen: true, autoDestroy: false, decodeStrings: false });
    this.timeout = 0;
    this[own] = {
      session,
      /** @type {number | undefined} */
      id: undefined,
      isClient: session[own].isClient,
      isClosed: false,
      isCloseTold: false,
      isAborted: false,
      rstCode: NGHTTP2_NO_ERROR,
      didRead: false,
      /** What `AsyncLocalStorage` has where the stream was made. */
      frame: currentFrame(),
      headersSent: false,
      isHeadRequest: false,
      endAfterHeaders: false,
      wantsTrailers: false,
      trailersReady: false,
      /** Whether the peer was, or is about to be, told of the end. */
      isEnded: false,
      /** Writes whose bytes are not all in frames. */
      pieces: 0,
      bytes: 0,
      /** The same as the stream counts it: characters of text. */
      length: 0,
      /** @type {((error?: any) => void) | undefined} */
      written: undefined,
      /** Bytes that came and were not taken: the peer may not send as much again. */
      untaken: 0,
      /** @type {any} */
      measured: undefined,
      sentHeaders: undefined,
      /** @type {any[] | undefined} */
      sentInfoHeaders: undefined,
      sentTrailers: undefined,
      origin: undefined,
      /** Another task that must end before the stream is destroyed. @type {(() => void) | undefined} */
      cleanUp: undefined,
    };
    // Nothing is given back to the peer before somebody reads.
    this._readableState.readingMore = true;
    setAdd(session[own].pending, this);
    // What is written before there is a number waits.
    this.cork();
  }

  get bufferSize() {
    return this[own].bytes + this.writableLength - this[own].length;
  }
  get endAfterHeaders() {
    return this[own].endAfterHeaders;
  }
  get id() {
    return this[own].id;
  }
  get pending() {
    return this[own].id === undefined;
  }
  get headersSent() {
    return this[own].headersSent;
  }
  get aborted() {
    return this[own].isAborted;
  }
  get closed() {
    return this[own].isClosed;
  }
  get rstCode() {
    return this[own].rstCode;
  }
  get session() {
    return this[own].session;
  }
  get sentHeaders() {
    return this[own].sentHeaders;
  }
  get sentInfoHeaders() {
    return this[own].sentInfoHeaders;
  }
  get sentTrailers() {
    return this[own].sentTrailers;
  }
  get state() {
    const { id, session } = this[own];
    const native = session?.[own].native;
    if (id === undefined || native === undefined) return {};
    const state = http2StreamState(native, id);
    return {
      state: state[0],
      weight: 16,
      sumDependencyWeight: 0,
      localClose: state[1],
      remoteClose: state[2],
      localWindowSize: state[3],
    };
  }
  get _handle() {
    return this[own].id === undefined || this.destroyed ? undefined : this[own];
  }

  /** @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    return setIdleTimeout(this, milliseconds, callback, () => expired(this));
  }

  /** Priorities are told to nobody any more (RFC 9113, 5.3.2). @param {any} _options */
  priority(_options) {
    if (!hasWarned) {
      hasWarned = true;
      const message = 'http2Stream.priority is longer supported after priority signalling was deprecated in RFC 9113';
      loadWarnings().emitWarning(message, 'DeprecationWarning', 'DEP0194');
    }
    if (this.destroyed) throw http2Error('INVALID_STREAM');
  }

  /** @param {number} depth @param {any} options @param {any} inspect */
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return this;
    const shown = {
      id: this.id ?? '<pending>',
      closed: this.closed,
      destroyed: this.destroyed,
      state: this.state,
      readableState: this._readableState,
      writableState: this._writableState,
    };
    return `Http2Stream ${inspect(shown, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
  }

  /** @param {number} [code] @param {any} [callback] */
  close(code = NGHTTP2_NO_ERROR, callback) {
    requireInteger(code, 'code', 0, 2 ** 32 - 1);
    if (callback !== undefined) requireFunction(callback, 'callback');
    if (this.closed) return;
    if (callback !== undefined) this.once('close', callback);
    closeStream(this, code, reset.whenFinished);
  }

  /** @param {any} headers */
  sendTrailers(headers) {
    if (this.destroyed || this.closed) throw http2Error('INVALID_STREAM');
    const state = this[own];
    if (state.sentTrailers !== undefined) throw http2Error('TRAILERS_ALREADY_SENT');
    if (!state.trailersReady) throw http2Error('TRAILERS_NOT_READY');
    requireObject(headers, 'headers');
    active(this);
    const copy = copyOf(headers);
    const wire = toFitWire(copy, none);
    state.sentTrailers = copy;
    // A server may end its response within this turn: its own calls come first.
    setImmediate(() => {
      const native = state.session?.[own].native;
      if (native === undefined) return;
      if (wire.text === '') http2End(native, state.id);
      else if (isTooLarge(this, wire)) return;
      else http2Trailers(native, state.id, wire.text, wire.sensitive);
      state.wantsTrailers = false;
      state.session[own].flushSoon();
      maybeDestroy(this);
    });
  }

  /** @param {any} chunk @param {string} encoding @param {(error?: any) => void} callback */
  _write(chunk, encoding, callback) {
    writeChunks(this, [{ chunk, encoding }], callback);
    if (this[own].isClient) tell(this, true, 'bodyChunkSent', { writev: false, data: chunk, encoding });
  }
  /** @param {{ chunk: any, encoding: string }[]} chunks @param {(error?: any) => void} callback */
  _writev(chunks, callback) {
    writeChunks(this, chunks, callback);
    if (this[own].isClient) tell(this, true, 'bodyChunkSent', { writev: true, data: dataOf(chunks), encoding: '' });
  }

  /** @param {(error?: any) => void} callback */
  _final(callback) {
    if (this.pending && !this.destroyed) {
      this.once('ready', () => this._final(callback));
      return;
    }
    endWriting(this);
    if (this[own].isClient) tell(this, true, 'bodySent');
    this.once('finish', () => maybeDestroy(this));
    callback();
  }

  _read() {
    const state = this[own];
    if (this.destroyed) {
      this.push(null);
      return;
    }
    if (!state.didRead) {
      this._readableState.readingMore = false;
      state.didRead = true;
    }
    taken(state);
  }

  /** @param {any} given @param {(error?: any) => void} callback */
  _destroy(given, callback) {
    let error = given;
    const state = this[own];
    const { session, id } = state;
    const ofSession = session[own];
    const sessionCode = ofSession.goawayCode || ofSession.destroyCode;
    let code = this.closed ? state.rstCode : sessionCode;
    if (error !== null && error !== undefined) {
      if (sessionCode) code = sessionCode;
      else code = error.name === 'AbortError' ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR;
    }
    if (!this.closed) closeStream(this, code, id === undefined ? reset.none : reset.now);
    this.push(null);
    if (id !== undefined) {
      // The end of the session tells of its streams as well.
      if (ofSession.native !== undefined && !ofSession.isDestroyed) {
        http2Reset(ofSession.native, id, code || NGHTTP2_CANCEL);
        ofSession.flushSoon();
      }
      mapDelete(ofSession.streams, id);
    }
    setDelete(ofSession.pending, this);
    setDelete(ofSession.writers, this);
    ofSession.untaken -= state.untaken;
    state.untaken = 0;
    stopIdleTimeout(this);
    if (state.measured !== undefined) endStream(ofSession, state.measured, id);
    if ((error === null || error === undefined) && code !== NGHTTP2_NO_ERROR && code !== NGHTTP2_CANCEL) error = streamError(code);
    state.session = undefined;
    state.cleanUp?.();
    settleWrite(this);
    ofSession.maybeDestroy();
    if (error !== undefined && error !== null) tell(this, state.isClient, 'error', { error });
    tellClose(this);
    callback(error);
  }
}

/** A time in which nothing happened is over, unless something did. @param {any} stream */
function expired(stream) {
  if (stream.destroyed) return;
  stream.emit('timeout');
}

/** Something happened on the stream. @param {any} stream */
function active(stream) {
  if (stream.destroyed) return;
  refresh(stream);
  const { session } = stream[own];
  if (session !== undefined) refresh(session);
}

/** The stream has its number. @param {any} stream @param {number} id */
function begin(stream, id) {
  const state = stream[own];
  state.id = id;
  const ofSession = state.session[own];
  mapSet(ofSession.streams, id, stream);
  state.measured = beginStream(ofSession, mapSize(ofSession.streams));
  setDelete(ofSession.pending, stream);
  stream.uncork();
  stream.emit('ready');
}

/** @param {any} stream @param {{ chunk: any, encoding: string }[]} chunks @param {(error?: any) => void} callback */
function writeChunks(stream, chunks, callback) {
  const state = stream[own];
  if (state.id === undefined) {
    stream.once('ready', () => writeChunks(stream, chunks, callback));
    return;
  }
  if (stream.destroyed) {
    callback();
    return;
  }
  if (!state.headersSent && stream.respond !== undefined) stream.respond();
  active(stream);
  const { session } = state;
  const { native } = session[own];
  for (let i = 0; i < chunks.length; i += 1) {
    const { chunk, encoding } = chunks[i];
    const bytes = typeof chunk === 'string' ? loadBuffer().Buffer.from(chunk, encoding) : chunk;
    if (http2Data(native, state.id, bytes) < 0) {
      // The response has no body, or the peer has closed the stream: nothing is to be sent.
      if (i === 0) {
        nextTick(callback);
        return;
      }
      break;
    }
    state.pieces += 1;
    state.bytes += bytes.length;
    if (state.measured !== undefined) {
      first(state.measured, 'timeToFirstByteSent');
      state.measured.bytesWritten += bytes.length;
    }
    state.length += chunk.length;
  }
  state.written = callback;
  setAdd(session[own].writers, stream);
  session[own].flushSoon();
}

/** A piece is in frames, or will never be. @param {any} stream */
function pieceWritten(stream) {
  const state = stream[own];
  state.pieces -= 1;
  if (state.pieces > 0) return;
  settleWrite(stream);
}

/** @param {any} stream */
function settleWrite(stream) {
  const state = stream[own];
  const { written } = state;
  state.pieces = 0;
  state.bytes = 0;
  state.length = 0;
  if (written === undefined) return;
  state.written = undefined;
  active(stream);
  written();
}

/** Before a flush: the last data goes with the end, if that is known by now. @param {any} stream */
function endWithData(stream) {
  const state = stream[own];
  const writable = stream._writableState;
  if (state.isEnded || state.wantsTrailers || !writable.ending || writable.length !== state.length || state.pieces === 0) return;
  state.isEnded = true;
  http2End(state.session[own].native, state.id);
}

/** Nothing more is written. @param {any} stream */
function endWriting(stream) {
  const state = stream[own];
  const native = state.session?.[own].native;
  // What is broken off does not end well.
  if (state.isEnded || state.isAborted || native === undefined || stream.destroyed) return;
  if (state.wantsTrailers) {
    state.isEnded = true;
    nextTick(wantTrailers, stream);
    return;
  }
  // A response's head must come first, and will say that nothing follows.
  if (!state.headersSent && stream.respond !== undefined) return;
  state.isEnded = true;
  http2End(native, state.id);
  state.session[own].flushSoon();
}

/** Fields that are more than the program, or nghttp2, wants to send: they are told, and the stream is over. @param {any} stream @param {import('node/http2/fields').Wire} wire */
function isTooLarge(stream, wire) {
  const state = stream[own];
  if (wire.size <= (state.session[own].options.maxSendHeaderBlockLength ?? LONGEST)) return false;
  frameFailed(stream, NGHTTP2_FRAME_SIZE_ERROR);
  return true;
}

/** @param {any} stream @param {number} code with which it is over */
function frameFailed(stream, code) {
  const { session, id } = stream[own];
  stream.emit('frameError', HEADERS, NGHTTP2_FRAME_SIZE_ERROR, id);
  setImmediate(() => {
    stream.close(code);
    session.close();
  });
}

/** @param {any} stream */
function wantTrailers(stream) {
  if (stream.destroyed || stream.closed) return;
  stream[own].trailersReady = true;
  if (!stream.emit('wantTrailers')) stream.sendTrailers({});
}

/** @param {any} stream @param {number} code @param {number} how */
function closeStream(stream, code, how) {
  const state = stream[own];
  state.isClosed = true;
  state.rstCode = code;
  stopIdleTimeout(stream);
  const { ending } = stream._writableState;
  if (!ending) {
    // What was not at its end is broken off.
    if (!state.isAborted) {
      state.isAborted = true;
      stream.emit('aborted');
    }
    stream.end();
  }
  if (how === reset.none) return;
  const tell = () => {
    if (state.id === undefined) {
      stream.push(null);
      stream.once('ready', tell);
    } else {
      const ofSession = state.session?.[own];
      if (ofSession?.native === undefined || ofSession.isDestroyed) return;
      // What was written goes before.
      ofSession.flush();
      if (ofSession.native === undefined) return;
      http2Reset(ofSession.native, state.id, code);
      ofSession.flushSoon();
    }
  };
  if (how === reset.now || !ending || stream.writableFinished || code !== NGHTTP2_NO_ERROR || state.isAborted) tell();
  else stream.once('finish', tell);
}

/** The stream may be destroyed when both sides are over. @param {any} stream @param {number} [code] */
function maybeDestroy(stream, code = NGHTTP2_NO_ERROR) {
  if (stream.destroyed) return;
  if (code !== NGHTTP2_NO_ERROR) {
    stream.destroy();
    return;
  }
  if (!stream.writableFinished) return;
  if (isUnreadable(stream) && stream.closed) {
    stream.destroy();
    return;
  }
  // A server has answered without a look at the request's body: nobody will look at it.
  const state = stream[own];
  const isUnread = !state.didRead && stream.readableFlowing === null;
  if (state.headersSent && state.session !== undefined && !state.session[own].isClient && !state.wantsTrailers && isUnread) {
    setImmediate(() => stream.close());
  }
}

/** Whether no end will be told any more. @param {any} stream */
const isUnreadable = (stream) => !stream.readable || stream._readableState.errored !== null;

/** The connection says that the stream is over. @param {any} stream @param {number} code */
function streamClosed(stream, code) {
  if (stream.destroyed) return;
  if (!stream.closed) closeStream(stream, code, reset.none);
  tellClose(stream);
  settleWrite(stream);
  if (isUnreadable(stream) || code !== NGHTTP2_NO_ERROR) {
    maybeDestroy(stream, code);
    return;
  }
  stream.on('end', () => maybeDestroy(stream));
  stream.push(null);
  const { session, didRead } = stream[own];
  if (session !== undefined && !session[own].isClient && !didRead && stream.readableFlowing === null) stream.resume();
  else stream.read(0);
}

/** Data has come. @param {any} stream @param {any} chunk */
function received(stream, chunk) {
  const { measured } = stream[own];
  if (measured !== undefined) {
    first(measured, 'timeToFirstByte');
    measured.bytesRead += chunk.length;
  }
  const state = stream[own];
  active(stream);
  const ofSession = state.session[own];
  http2Consume(ofSession.native, 0, chunk.length);
  // Before the push, which may read on.
  state.untaken += chunk.length;
  ofSession.untaken += chunk.length;
  if (stream.push(chunk) && state.didRead && !stream.destroyed) taken(state);
}

/** The program has taken what came: the peer may send as much again. @param {any} state of a stream */
function taken(state) {
  const ofSession = state.session?.[own];
  if (state.untaken === 0 || ofSession?.native === undefined) return;
  ofSession.untaken -= state.untaken;
  http2Consume(ofSession.native, state.id, state.untaken);
  state.untaken = 0;
  ofSession.flushSoon();
}

module.exports = {
  Http2Stream,
  active,
  begin,
  closeStream,
  endWithData,
  frameFailed,
  isTooLarge,
  own,
  pieceWritten,
  received,
  reset,
  streamClosed,
  tell,
};
