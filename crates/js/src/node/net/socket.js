// `net.Socket` (https://nodejs.org/api/net.html#class-netsocket): a duplex stream over a socket of the loop, which is read only while somebody
// wants chunks. What is written leaves at the end of the turn; a write is done when the system has taken it, or will.
'use strict';

const { currentFrame, enterFrame, use } = require('builtins/async_context');
const { apply, construct, isArray, isView, map, min, setPrototypeOf, subarray } = require('builtins/primordials');
const { addGetters, addMethods } = require('node/prototypes');
const { heard } = require('node/diagnostics_channel/heard');
const { requireFunction, requireInteger, requireNumber } = require('node/arguments');
const { fittingDuration } = require('node/net/durations');
const { invalidType, invalidValue, nodeError } = require('node/errors');
const { connect, normalized, useSockets } = require('node/net/connecting');
const { socketClosed, closedBeforeConnection } = require('node/net/errors');
const { SocketHandle } = require('node/net/handle');
const { nextTick } = require('node/process/ticks');
const { errnoException } = require('node/util/system_errors');
const { clearTimeout, setImmediate, setTimeout } = require('web/html/timers');
const { captureRejectionSymbol } = /** @type {any} */ (require('node/events/events'));
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const { Duplex } = Stream;

const timer = Symbol('timeout');
const lastQueued = Symbol('lastWriteQueueSize');
/** A write, or an end of writing, that waits for the system. */
const waiting = Symbol('waiting');
const keepsAlive = Symbol('keepAlive');
const keepAliveSeconds = Symbol('keepAliveInitialDelay');
const noDelay = Symbol('noDelay');
const typeOfService = Symbol('typeOfService');
const readsInto = Symbol('onread');
const counts = Symbol('counts');
const wantsReset = Symbol('resetAndClosing');

/**
 * Callable without `new`, as packages of old do.
 * @this {any} @param {any} [given]
 */
function Socket(given) {
  if (!(this instanceof /** @type {any} */ (Socket))) return construct(/** @type {any} */ (Socket), [given]);
  const options = typeof given === 'number' ? { fd: given } : { ...given };
  if (options.objectMode) throw invalidValue('options.objectMode', options.objectMode, 'is not supported');
  if (options.readableObjectMode || options.writableObjectMode) {
    const name = options.readableObjectMode ? 'readableObjectMode' : 'writableObjectMode';
    throw invalidValue(`options.${name}`, options[name], 'is not supported');
  }
  if (options.keepAliveInitialDelay !== undefined) {
    requireNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (options.keepAliveInitialDelay < 0) options.keepAliveInitialDelay = 0;
  }
  if (options.fd !== undefined) requireInteger(options.fd, 'fd', 0, 2 ** 31 - 1);
  options.allowHalfOpen = !!options.allowHalfOpen;
  options.emitClose = false;
  options.autoDestroy = true;
  options.decodeStrings = false;
  // The stream is not to listen to it as well.
  const { signal } = options;
  options.signal = undefined;
  // Fields first: the stream's constructor may already ask for them.
  this.connecting = false;
  this._hadError = false;
  this._parent = null;
  this._host = null;
  this._handle = null;
  this[timer] = null;
  this[lastQueued] = 0;
  this[waiting] = null;
  this[wantsReset] = false;
  this[counts] = { read: 0, written: 0 };
  this.timeout = 0;
  apply(Duplex, this, [options]);

  if (options.handle) {
    this._handle = options.handle;
  } else if (options.fd !== undefined) {
    const opened = SocketHandle.open(options.fd, {});
    if (typeof opened === 'number') throw errnoException(opened, 'open');
    this._handle = opened;
    if (options.readable === false) this.push(null);
  }
  if (this._handle !== null) this._handle.owner = ownerOf(this);

  this[readsInto] = intoOf(options.onread);
  this.on('end', endedReading);
  this[noDelay] = !!options.noDelay;
  this[keepsAlive] = !!options.keepAlive;
  this[keepAliveSeconds] = ~~(options.keepAliveInitialDelay / 1000);
  this.autoSelectFamilyAttemptedAddresses = undefined;
  if (options.blockList) this.blockList = options.blockList;

  // What was aborted before is told when whoever made it can listen.
  if (signal?.aborted) nextTick(() => Stream.addAbortSignal(signal, this));
  else if (signal) Stream.addAbortSignal(signal, this);
  // What is there already may be read.
  if (this._handle !== null && options.readable !== false) {
    if (options.pauseOnCreate) {
      this._handle.reading = false;
      this.readableFlowing = false;
    } else if (!options.manualStart) {
      this.read(0);
    }
  }
}
setPrototypeOf(Socket.prototype, Duplex.prototype);
setPrototypeOf(Socket, Duplex);

/** The program's own buffer that is read into, and what hears of it. @param {any} onread */
function intoOf(onread) {
  if (onread === null || typeof onread !== 'object' || typeof onread.callback !== 'function') return undefined;
  const { buffer, callback } = onread;
  if (typeof buffer === 'function') return { buffer: buffer(), next: buffer, callback, left: undefined, isDue: false };
  return isView(buffer) ? { buffer, next: undefined, callback, left: undefined, isDue: false } : undefined;
}

/** What a handle tells a socket. @param {any} socket @returns {import('node/net/handle').Owner} */
function ownerOf(socket) {
  return {
    received: (bytes) => received(socket, bytes),
    drained: () => sent(socket, null),
    failed: (errno, isRead) => failed(socket, errno, isRead),
  };
}

/** @param {any} socket @param {Uint8Array<ArrayBuffer> | undefined} bytes */
function received(socket, bytes) {
  const handle = socket._handle;
  if (handle === null) return;
  active(socket);
  if (bytes !== undefined) {
    const into = socket[readsInto];
    const wantsMore = into === undefined ? socket.push(loadBuffer().wrap(bytes)) : readInto(socket, into, bytes);
    if (!wantsMore && socket._handle !== null) {
      const errno = handle.readStop();
      if (errno) socket.destroy(errnoException(errno, 'read'));
    }
    return;
  }
  handle.reading = false;
  if (socket.readableEnded) return;
  if (socket[readsInto] !== undefined) handle.readStop();
  // To be half open or not is decided when everything has been read.
  socket.push(null);
  socket.read(0);
}

/** Gives bytes in the program's own buffer, as long as it wants them: what is left then comes first when it reads on. @param {any} socket @param {any} into @param {Uint8Array} bytes */
function readInto(socket, into, bytes) {
  for (let at = 0; at < bytes.length; ) {
    const { buffer } = into;
    const count = min(buffer.byteLength, bytes.length - at);
    loadBuffer()
      .wrap(bytes)
      .copy(buffer, 0, at, at + count);
    at += count;
    const wantsMore = apply(into.callback, socket, [count, buffer]) !== false && !!socket._handle?.reading;
    if (socket.destroyed) return false;
    if (into.next !== undefined) into.buffer = into.next();
    if (wantsMore) continue;
    if (at < bytes.length) into.left = subarray(bytes, at, bytes.length);
    return false;
  }
  return true;
}

/** What was left when the program paused is read before anything else. @param {any} socket @param {any} into */
function readLeft(socket, into) {
  if (!into.isDue) return;
  into.isDue = false;
  const bytes = into.left;
  into.left = undefined;
  if (socket.destroyed || socket._handle === null || bytes === undefined) return;
  socket._handle.reading = true;
  if (readInto(socket, into, bytes)) socket._handle.readStart();
  else if (socket._handle !== null) socket._handle.reading = false;
}

/** @param {any} socket @param {number} errno @param {boolean} isRead */
function failed(socket, errno, isRead) {
  const error = errnoException(errno, isRead ? 'read' : 'write');
  if (isRead) {
    socket.destroy(error);
    return;
  }
  if (socket[waiting] !== null) sent(socket, error);
  else socket.destroy(error);
}

/** What waited for the system goes on. @param {any} socket @param {any} error */
function sent(socket, error) {
  const callback = socket[waiting];
  if (callback === null) return;
  socket[waiting] = null;
  socket[lastQueued] = 0;
  if (socket.destroyed) return callback(error ?? destroyedError(socket));
  active(socket);
  callback(error);
}

/** @param {any} socket */
function destroyedError(socket) {
  return socket.errored ?? nodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed');
}

/** A write after the other end has ended, in a socket that is not half open. @this {any} @param {any} chunk @param {any} encoding @param {any} callback */
function writeAfterEnd(chunk, encoding, callback) {
  if (!this.writableEnded) return apply(Duplex.prototype.write, this, [chunk, encoding, callback]);
  const done = typeof encoding === 'function' ? encoding : callback;
  /** @type {any} */
  const error = new Error('This socket has been ended by the other party');
  error.code = 'EPIPE';
  if (typeof done === 'function') nextTick(done, error);
  this.destroy(error);
  return false;
}

/** @this {any} */
function endedReading() {
  if (!this.allowHalfOpen) this.write = writeAfterEnd;
}

/** Something happened on the socket: its time begins anew. @param {any} socket */
function active(socket) {
  for (let each = socket; each !== null && each !== undefined; each = each._parent) each[timer]?.refresh();
}

/** @param {any} socket */
function stopTimer(socket) {
  for (let each = socket; each !== null && each !== undefined; each = each._parent) {
    if (each[timer]) {
      clearTimeout(each[timer]);
      each[timer] = null;
    }
  }
}

/** What a connection is made of, when it is there. @param {any} socket */
function settle(socket) {
  if (socket[typeOfService] !== undefined) socket._handle.setTypeOfService(socket[typeOfService]);
  if (socket[noDelay]) socket._handle.setNoDelay(true);
  if (socket[keepsAlive]) socket._handle.setKeepAlive(true, socket[keepAliveSeconds]);
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {any[]} given */
  connect(...given) {
    const pair = normalized(given);
    const options = pair[0];
    const callback = pair[1];
    if ((options.path === undefined || options.path === null) && options.port === undefined) {
      throw nodeError(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
    }
    if (this.write !== Socket.prototype.write) this.write = Socket.prototype.write;
    if (this.destroyed) {
      this._handle = null;
      this._peername = undefined;
      this._sockname = undefined;
      this._undestroy();
    }
    this[readsInto] ??= intoOf(options.onread);
    if (!this._handle) this._handle = new SocketHandle(ownerOf(this));
    if (callback !== null) this.once('connect', callback);
    if (this._parent?.connecting) return this;
    if (options.noDelay !== undefined) this[noDelay] = !!options.noDelay;
    if (options.keepAlive !== undefined) this[keepsAlive] = !!options.keepAlive;
    const { keepAliveInitialDelay } = options;
    if (keepAliveInitialDelay !== undefined) {
      requireNumber(keepAliveInitialDelay, 'options.keepAliveInitialDelay');
      this[keepAliveSeconds] = keepAliveInitialDelay < 0 ? 0 : ~~(keepAliveInitialDelay / 1000);
    }
    if (options.blockList) this.blockList = options.blockList;
    active(this);
    heard('net.client.socket')?.publish({ socket: this });
    connect(this, options);
    return this;
  },

  /** @this {any} */
  _undestroy() {
    const { _readableState: readable, _writableState: writable } = this;
    if (typeof Duplex.prototype._undestroy === 'function') apply(Duplex.prototype._undestroy, this, []);
    readable.ended = false;
    writable.ended = false;
  },

  /** @this {any} @param {number} size */
  _read(size) {
    if (this.connecting || this._handle === null) {
      if (this.connecting) this.once('connect', () => this._read(size));
      return;
    }
    if (this._handle.reading) return;
    const errno = this._handle.readStart();
    if (errno) this.destroy(errnoException(errno, 'read'));
  },

  /** @this {any} @param {any} chunk @param {string} encoding @param {(error?: any) => void} callback */
  _write(chunk, encoding, callback) {
    this._writeGeneric(false, chunk, encoding, callback);
  },

  /** @this {any} @param {{ chunk: any, encoding: string }[]} chunks @param {(error?: any) => void} callback */
  _writev(chunks, callback) {
    this._writeGeneric(true, chunks, '', callback);
  },
  /** All that is written comes through here, and packages put their own function before it. @this {any} @param {boolean} _isMany @param {any} data @param {string} encoding @param {(error?: any) => void} callback */
  _writeGeneric(_isMany, data, encoding, callback) {
    writeNow(this, data, encoding, callback);
  },

  /** @this {any} @param {(error?: any) => void} callback */
  _final(callback) {
    if (this.connecting) {
      this.once('connect', () => this._final(callback));
      return;
    }
    if (this._handle === null) {
      callback();
      return;
    }
    const outcome = this._handle.shutdown();
    if (outcome < 0) {
      // The other end was faster, which is no news.
      if (outcome === -107) callback();
      else callback(errnoException(outcome, 'shutdown'));
    } else if (outcome === 0) callback();
    else this[waiting] = callback;
  },

  /** @this {any} @param {any} error @param {(error?: any) => void} callback */
  _destroy(error, callback) {
    this.connecting = false;
    stopTimer(this);
    const handle = this._handle;
    if (handle !== null && handle !== undefined) {
      const hadError = !!error;
      // Addresses are known after the end as well.
      this[counts] = { read: handle.bytesRead, written: handle.bytesWritten };
      const closed = () => this.emit('close', hadError);
      if (this[wantsReset]) {
        this[wantsReset] = false;
        handle.reset(closed);
      } else handle.close(closed);
      handle.owner = {};
      this._handle = null;
      this._sockname = undefined;
      callback(error);
      const write = this[waiting];
      if (write !== null) {
        this[waiting] = null;
        nextTick(write, error ?? destroyedError(this));
      }
    } else {
      callback(error);
      nextTick(() => this.emit('close', !!error));
    }
    const { _server: server } = this;
    if (server) {
      server._connections -= 1;
      if (server._emitCloseIfDrained) server._emitCloseIfDrained();
    }
  },

  /** @this {any} */
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  },

  /** @this {any} */
  resetAndDestroy() {
    if (this._handle !== null && this._handle !== undefined) {
      if (this._handle.isPath) throw nodeError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
      this[wantsReset] = true;
      if (this.connecting) {
        this.once('connect', () => this.destroy());
      } else this.destroy();
    } else {
      this.destroy(socketClosed());
    }
    return this;
  },

  /** @this {any} */
  pause() {
    if (this[readsInto] !== undefined) this[readsInto].isDue = false;
    if (this[readsInto] !== undefined && !this.connecting && this._handle?.reading) {
      const errno = this._handle.readStop();
      if (errno) this.destroy(errnoException(errno, 'read'));
    }
    return apply(Duplex.prototype.pause, this, []);
  },
  /** @this {any} */
  resume() {
    startReadingInto(this);
    return apply(Duplex.prototype.resume, this, []);
  },
  /** @this {any} @param {number} size */
  read(size) {
    startReadingInto(this);
    return apply(Duplex.prototype.read, this, [size]);
  },
  /** @this {any} @param {any} data @param {any} encoding @param {any} callback */
  end(data, encoding, callback) {
    apply(Duplex.prototype.end, this, [data, encoding, callback]);
    return this;
  },

  /** @this {any} @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (this.destroyed) return this;
    this.timeout = milliseconds;
    const delay = fittingDuration(milliseconds, 'msecs');
    if (this[timer]) clearTimeout(this[timer]);
    this[timer] = null;
    if (delay === 0) {
      if (callback !== undefined) {
        requireFunction(callback, 'callback');
        this.removeListener('timeout', callback);
      }
      return this;
    }
    this[timer] = setTimeout(() => this._onTimeout(), delay);
    this[timer].unref();
    if (callback !== undefined) {
      requireFunction(callback, 'callback');
      this.once('timeout', callback);
    }
    return this;
  },

  /** @this {any} */
  _onTimeout() {
    // A peer that still takes what waits is not idle.
    const handle = this._handle;
    const before = this[lastQueued];
    if (before > 0 && handle) {
      const now = handle.writeQueueSize;
      if (now !== before) {
        this[lastQueued] = now;
        active(this);
        return;
      }
    }
    this.emit('timeout');
  },
  /** @this {any} */
  _unrefTimer() {
    active(this);
  },

  /** @this {any} @param {any} [enable] */
  setNoDelay(enable) {
    const on = enable === undefined ? true : !!enable;
    if (!this._handle) {
      this[noDelay] = on;
      return this;
    }
    if (this._handle.setNoDelay && on !== this[noDelay]) {
      this[noDelay] = on;
      if (!this.connecting) this._handle.setNoDelay(on);
    }
    return this;
  },
  /** @this {any} @param {any} [enable] @param {any} [delay] */
  setKeepAlive(enable, delay) {
    const on = !!enable;
    const seconds = ~~(delay / 1000);
    if (!this._handle || this.connecting) {
      this[keepsAlive] = on;
      this[keepAliveSeconds] = seconds;
      return this;
    }
    if (!this._handle.setKeepAlive) return this;
    if (on !== this[keepsAlive] || (on && this[keepAliveSeconds] !== seconds)) {
      this[keepsAlive] = on;
      this[keepAliveSeconds] = seconds;
      this._handle.setKeepAlive(on, seconds);
    }
    return this;
  },

  /** @this {any} @param {any} value the byte of the IP header */
  setTypeOfService(value) {
    if (typeof value !== 'number' || Number.isNaN(value)) throw invalidType('tos', 'number', value);
    requireInteger(value, 'tos', 0, 255);
    if (!this._handle || this.connecting) {
      this[typeOfService] = value;
      return this;
    }
    const errno = this._handle.setTypeOfService(value);
    if (errno < 0) throw errnoException(errno, 'setTypeOfService');
    return this;
  },
  /** @this {any} */
  getTypeOfService() {
    if (!this._handle || this.connecting) return this[typeOfService] ?? 0;
    const value = this._handle.setTypeOfService(-1);
    if (value < 0) throw errnoException(value, 'getTypeOfService');
    return value;
  },

  /** @this {any} @param {any} error @param {string} event */
  [captureRejectionSymbol](error, event) {
    this.destroy(error);
    event;
  },

  /** @this {any} */
  address() {
    return this._getsockname();
  },
  /** @this {any} */
  _getsockname() {
    if (!this._handle) return {};
    this._sockname ??= told(this._handle, 'getsockname');
    return this._sockname ?? {};
  },
  /** @this {any} */
  _getpeername() {
    if (this._peername) return this._peername;
    if (!this._handle || this.connecting) return {};
    this._peername = told(this._handle, 'getpeername');
    return this._peername ?? {};
  },

  /** @this {any} */
  ref() {
    if (!this._handle) this.once('connect', this.ref);
    else this._handle.ref?.();
    return this;
  },
  /** @this {any} */
  unref() {
    if (!this._handle) this.once('connect', this.unref);
    else this._handle.unref?.();
    return this;
  },
};
addMethods(Socket.prototype, methods);

/** An address as a handle tells it, if it knows. @param {any} handle @param {'getsockname' | 'getpeername'} question */
function told(handle, question) {
  const address = {};
  return handle[question]?.(address) === 0 ? address : undefined;
}

/** @param {any} socket */
function startReadingInto(socket) {
  const into = socket[readsInto];
  if (into === undefined || socket.connecting || !socket._handle || socket._handle.reading) return;
  if (into.left !== undefined) {
    // What reads on in this turn, more than once, does so for one reason.
    if (!into.isDue) setImmediate(readLeft, socket, into);
    into.isDue = true;
    return;
  }
  const errno = socket._handle.readStart();
  if (errno) socket.destroy(errnoException(errno, 'read'));
}

/** @param {any} socket @param {any} chunk @param {string} encoding @param {(error?: any) => void} callback */
function writeNow(socket, chunk, encoding, callback) {
  if (socket.connecting) {
    // What waits for the connection counts as written.
    socket._pendingData = chunk;
    socket._pendingEncoding = encoding;
    const onClose = () => callback(closedBeforeConnection());
    socket.once('connect', () => {
      socket.off('close', onClose);
      socket._writeGeneric(isArray(chunk), chunk, encoding, callback);
    });
    socket.once('close', onClose);
    return;
  }
  socket._pendingData = null;
  socket._pendingEncoding = '';
  const handle = socket._handle;
  if (handle === null) {
    callback(socketClosed());
    return;
  }
  active(socket);
  let outcome = 0;
  if (!isArray(chunk)) outcome = give(handle, chunk, encoding);
  else if (handle instanceof SocketHandle) {
    for (let i = 0; i < chunk.length && outcome >= 0; i += 1) outcome = give(handle, chunk[i].chunk, chunk[i].encoding);
  } else outcome = give(handle, joined(chunk), '');
  if (outcome === 0) callback();
  else if (outcome < 0) callback(errnoException(outcome, 'write'));
  else {
    socket[lastQueued] = handle.writeQueueSize;
    socket[waiting] = use.begun ? keptFrame(callback) : callback;
  }
}

/** Pieces as one, for who makes a message of each. @param {{ chunk: any, encoding: string }[]} chunks */
function joined(chunks) {
  const { Buffer } = loadBuffer();
  return Buffer.concat(
    map(chunks, (/** @type {any} */ { chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)),
  );
}

/** Gives the handle what it sends at the end of the turn, with what else it is given. @param {any} handle @param {any} chunk @param {string} encoding @returns {number} */
function give(handle, chunk, encoding) {
  if (typeof chunk !== 'string') {
    handle.bytesWritten += chunk.length;
    return handle.write(chunk);
  }
  if (encoding === 'utf8' || encoding === 'utf-8' || encoding === 'latin1' || encoding === 'binary') {
    const isLatin1 = encoding === 'latin1' || encoding === 'binary';
    handle.bytesWritten += isLatin1 ? chunk.length : loadBuffer().Buffer.byteLength(chunk);
    return handle.write(chunk, isLatin1);
  }
  const bytes = loadBuffer().Buffer.from(chunk, encoding);
  handle.bytesWritten += bytes.length;
  return handle.write(bytes);
}

/** @param {(error?: any) => void} callback @returns {(error?: any) => void} */
function keptFrame(callback) {
  const frame = currentFrame();
  return (error) => {
    const before = currentFrame();
    enterFrame(frame);
    try {
      callback(error);
    } finally {
      enterFrame(before);
    }
  };
}

/** @type {Record<string, (socket: any) => any>} */
const getters = {
  _connecting: (socket) => socket.connecting,
  pending: (socket) => !socket._handle || socket.connecting,
  readyState(socket) {
    if (socket.connecting) return 'opening';
    if (socket.readable && socket.writable) return 'open';
    if (socket.readable && !socket.writable) return 'readOnly';
    if (!socket.readable && socket.writable) return 'writeOnly';
    return 'closed';
  },
  bufferSize: (socket) => (socket._handle ? socket.writableLength : undefined),
  bytesRead: (socket) => socket._handle?.bytesRead ?? socket[counts]?.read,
  _bytesDispatched: (socket) => socket._handle?.bytesWritten ?? socket[counts]?.written,
  bytesWritten,
  remoteAddress: (socket) => socket._getpeername().address,
  remoteFamily: (socket) => socket._getpeername().family,
  remotePort: (socket) => socket._getpeername().port,
  localAddress: (socket) => socket._getsockname().address,
  localPort: (socket) => socket._getsockname().port,
  localFamily: (socket) => socket._getsockname().family,
};

/** @param {any} chunk @param {string} encoding */
function sizeOf(chunk, encoding) {
  return typeof chunk === 'string' ? loadBuffer().Buffer.byteLength(chunk, encoding) : chunk.length;
}

/** With what the stream still holds. @param {any} socket */
function bytesWritten(socket) {
  let bytes = socket._bytesDispatched;
  const queued = socket.writableBuffer;
  if (!socket.writable && queued === undefined && bytes === undefined) return undefined;
  for (let i = 0; queued && i < queued.length; i += 1) {
    const { chunk, encoding } = queued[i];
    bytes += sizeOf(chunk, encoding);
  }
  const pending = socket._pendingData;
  if (isArray(pending)) for (let i = 0; i < pending.length; i += 1) bytes += sizeOf(pending[i].chunk, pending[i].encoding);
  else if (pending) bytes += sizeOf(pending, socket._pendingEncoding);
  return bytes;
}

addGetters(Socket.prototype, getters);

useSockets({ active, ownerOf, settle });

module.exports = { Socket };
