// `dgram.Socket` (https://nodejs.org/api/dgram.html#class-dgramsocket): bound when it is told to, or when it first sends; what is sent before that waits.
'use strict';

const { apply, bind: bound, construct, isArray, isView, push, setPrototypeOf } = require('builtins/primordials');
const { dataViewBuffer, dataViewByteLength, dataViewByteOffset } = require('builtins/primordials');
const { toLowerCase, viewBuffer, viewByteLength, viewByteOffset, viewName } = require('builtins/primordials');
const { invalidType, invalidValue, missingArguments, nodeError, outsideOfBuffer, systemError } = require('node/errors');
const {
  requireFunction,
  requireInteger,
  requireNumber,
  requireObject,
  requirePort,
  requireSignal,
  requireString,
} = require('node/arguments');
const { addGetters, addMethods } = require('node/prototypes');
const role = require('node/cluster/role');
const { UdpHandle } = require('node/dgram/handle');
const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { isIP } = require('node/net/addresses');
const { BlockList } = require('node/net/block_list');
const { blocked } = require('node/net/errors');
const { heard } = require('node/diagnostics_channel/heard');
const { nextTick } = require('node/process/ticks');
const { received } = require('builtins/invalid_type');
const { errnoException, exceptionWithHostPort, getSystemErrorMessage, getSystemErrorName } = require('node/util/system_errors');
const { isInteger, trim } = require('builtins/primordials');
const { isLimited, netPermit } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadFs = () => /** @type {any} */ (require('node/fs/fs'));
const loadDns = () => /** @type {any} */ (require('node/dns/module'));

const unbound = 0;
const binding = 1;
const isBound = 2;
const disconnected = 0;
const connecting = 1;
const isConnected = 2;
const onlyV6 = 1;
const sharedPort = 2;
const sharedAddress = 4;
const EINVAL = -22;

const state = Symbol('state symbol');

const badType = () => nodeError(TypeError, 'ERR_SOCKET_BAD_TYPE', 'Bad socket type specified. Valid types are: udp4, udp6');
const notRunning = () => nodeError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
const alreadyBound = () => nodeError(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
const alreadyConnected = () => nodeError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
const notConnected = () => nodeError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
const badBufferSize = () => nodeError(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer');
/** @param {string} kind */
const badDescriptor = (kind) => nodeError(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${kind}`);

/** @param {any} value @param {string} name */
function requireSize(value, name) {
  if (value) requireInteger(value, name, 0, 2 ** 32 - 1);
}

/** @param {any} list @param {string} name */
function requireBlockList(list, name) {
  if (list && !BlockList.isBlockList(list)) throw invalidType(name, 'net.BlockList', list);
}

/** A port that may be sent to. @param {any} port @returns {number} */
function requireRemotePort(port) {
  const isText = typeof port === 'string' && trim(port) !== '';
  const number = typeof port === 'number' || isText ? +port : Number.NaN;
  if (isInteger(number) && number > 0 && number <= 65535) return number;
  throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be > 0 and < 65536. Received ${received(port)}.`);
}

/** @param {any} type @param {any} [given] a program's own look-up */
function newHandle(type, given) {
  if (given !== undefined) requireFunction(given, 'lookup');
  if (type !== 'udp4' && type !== 'udp6') throw badType();
  const family = type === 'udp4' ? 4 : 6;
  const handle = new UdpHandle(family);
  // What `dns.lookup` is now, which a program may have replaced.
  const { lookup, isOwn } = given === undefined ? loadDns() : { lookup: given, isOwn: true };
  const local = family === 4 ? '127.0.0.1' : '::1';
  handle.lookup = (address, callback) => lookup(address || local, family, callback);
  return { handle, isOwn: isOwn === true };
}

/**
 * Callable without `new`, as packages of old do.
 * @this {any} @param {any} given a kind, or options @param {any} [listener]
 */
function Socket(given, listener) {
  if (!(this instanceof /** @type {any} */ (Socket))) return construct(/** @type {any} */ (Socket), [given, listener]);
  apply(EventEmitter, this, []);
  const options = given !== null && typeof given === 'object' ? given : undefined;
  const type = options === undefined ? given : options.type;
  if (options !== undefined) {
    requireSize(options.recvBufferSize, 'options.recvBufferSize');
    requireSize(options.sendBufferSize, 'options.sendBufferSize');
    requireBlockList(options.receiveBlockList, 'options.receiveBlockList');
    requireBlockList(options.sendBlockList, 'options.sendBlockList');
  }
  const { handle, isOwn } = newHandle(type, options?.lookup);
  handle.owner = ownerOf(this);
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);
  this[state] = {
    handle,
    asksItself: isOwn,
    receiving: false,
    bindState: unbound,
    connectState: disconnected,
    queue: undefined,
    reuseAddr: options?.reuseAddr,
    reusePort: options?.reusePort,
    ipv6Only: options?.ipv6Only,
    recvBufferSize: options?.recvBufferSize,
    sendBufferSize: options?.sendBufferSize,
    receiveBlockList: options?.receiveBlockList,
    sendBlockList: options?.sendBlockList,
  };
  heard('udp.socket')?.publish({ socket: this });
  const signal = options?.signal;
  if (signal === undefined) return;
  requireSignal(signal, 'options.signal');
  const stop = () => {
    if (this[state].handle) this.close();
  };
  if (signal.aborted) stop();
  else {
    const disposable = EventEmitter.addAbortListener(signal, stop);
    this.once('close', disposable[Symbol.dispose]);
  }
}
setPrototypeOf(Socket.prototype, EventEmitter.prototype);
setPrototypeOf(Socket, EventEmitter);

/** @param {any} socket @returns {import('node/dgram/handle').Owner} */
function ownerOf(socket) {
  return {
    server: socket,
    received(bytes, sender) {
      const list = socket[state].receiveBlockList;
      if (list && sender.address !== undefined && list.check(sender.address, toLowerCase(sender.family))) return;
      socket.emit('message', loadBuffer().wrap(bytes), sender);
    },
    failed: (errno) => socket.emit('error', errnoException(errno, 'recvmsg')),
  };
}

/** @param {any} socket */
function requireRunning(socket) {
  if (!socket[state].handle) throw notRunning();
}

/** @param {any} socket */
function startListening(socket) {
  beginReceiving(socket);
  socket.emit('listening');
}

/** @param {any} socket */
function beginReceiving(socket) {
  const own = socket[state];
  own.handle.owner = ownerOf(socket);
  own.handle.recvStart();
  own.receiving = true;
  own.bindState = isBound;
  if (own.recvBufferSize) bufferSize(socket, own.recvBufferSize, true);
  if (own.sendBufferSize) bufferSize(socket, own.sendBufferSize, false);
}

/** A handle that came from elsewhere. @param {any} socket @param {any} handle */
function replaceHandle(socket, handle) {
  const own = socket[state];
  const old = own.handle;
  handle.lookup = old.lookup;
  handle.owner = ownerOf(socket);
  if (!old.isReferenced) handle.unref();
  old.close();
  own.handle = handle;
}

/** The handle that all workers of a cluster share. @param {any} socket @param {any} options @param {(errno: number) => void} failed */
function bindShared(socket, options, failed) {
  const own = socket[state];
  role.worker._getServer(socket, options, (/** @type {number} */ errno, /** @type {any} */ handle) => {
    // It may have been closed meanwhile.
    if (errno || !own.handle) {
      if (errno && own.handle) failed(errno);
      else handle?.close();
      return;
    }
    replaceHandle(socket, handle);
    startListening(socket);
  });
}

/** @param {any} socket @param {any} options */
function bindDescriptor(socket, options) {
  const { fd } = options;
  const own = socket[state];
  const errno = own.handle.open(fd);
  // What is another kind of socket, or none.
  if (errno === EINVAL || errno === -88) {
    own.bindState = unbound;
    throw badDescriptor(kindOf(fd));
  }
  if (errno !== 0) throw errnoException(errno, 'open');
  if (role.worker !== undefined && !options.exclusive) {
    bindShared(socket, { address: null, port: null, addressType: socket.type, fd, flags: null }, (failure) => {
      own.bindState = unbound;
      socket.emit('error', errnoException(failure, 'open'));
    });
    return;
  }
  startListening(socket);
}

/** What Node calls a descriptor that is no UDP socket. @param {number} fd */
function kindOf(fd) {
  try {
    const stats = loadFs().fstatSync(fd);
    if (stats.isFile()) return 'FILE';
    if (stats.isFIFO()) return 'PIPE';
    if (stats.isSocket()) return 'TCP';
    if (stats.isCharacterDevice()) return 'TTY';
  } catch {}
  return 'UNKNOWN';
}

/** @param {any} socket @param {string} address @param {any} port @param {boolean} exclusive */
function bindAddress(socket, address, port, exclusive) {
  const own = socket[state];
  own.handle.lookup(address, (/** @type {any} */ failure, /** @type {string} */ ip) => {
    // It was closed meanwhile.
    if (!own.handle) return;
    const error = failure || refusal(socket, address, ip, port || 0);
    if (error) {
      own.bindState = unbound;
      socket.emit('error', error);
      return;
    }
    const flags = flagsOf(own);
    const failed = (/** @type {number} */ errno) => {
      own.bindState = unbound;
      socket.emit('error', exceptionWithHostPort(errno, 'bind', ip, port));
    };
    if (role.worker !== undefined && !exclusive && !own.reusePort) {
      bindShared(socket, { address: ip, port, addressType: socket.type, fd: -1, flags }, failed);
      return;
    }
    const errno = own.handle.bind(ip, port || 0, flags);
    if (errno !== 0) failed(errno);
    else startListening(socket);
  });
}

/** @param {any} own */
function flagsOf({ reuseAddr, ipv6Only, reusePort }) {
  return (reuseAddr ? sharedAddress : 0) | (ipv6Only ? onlyV6 : 0) | (reusePort ? sharedPort : 0);
}

/** An address of numbers, or the one for nothing. @param {any} given @param {string} name @param {string} method @param {string} usual @returns {string} */
function numeric(given, name, method, usual) {
  if (given === undefined || given === null || given === '') return usual;
  requireString(given, name);
  if (isIP(given) === 0) throw invalidValue(name, given, `must be a numeric IP address; ${method} does not perform DNS resolution`);
  return given;
}

/** What a program is told that may not be there, or send there. @param {any} socket @param {any} name @param {string} ip @param {number} port */
function refusal(socket, name, ip, port) {
  // Names were checked when they were looked up, unless the program looks up itself.
  if (!isLimited() || !(socket[state].asksItself || !name || isIP(name) !== 0)) return undefined;
  try {
    netPermit(ip, port);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** What is to happen once the socket is bound. @param {any} socket @param {() => void} later */
function enqueue(socket, later) {
  const own = socket[state];
  // What waits when binding fails is dropped with it.
  if (own.queue === undefined) {
    own.queue = [];
    const listens = () => {
      socket.removeListener(EventEmitter.errorMonitor, fails);
      const { queue } = own;
      own.queue = undefined;
      for (let index = 0; index < queue.length; index += 1) queue[index]();
    };
    const fails = () => {
      socket.removeListener('listening', listens);
      own.queue = undefined;
    };
    socket.once(EventEmitter.errorMonitor, fails);
    socket.once('listening', listens);
  }
  push(own.queue, later);
}

/** @param {any} socket @param {any} error @param {any} ip @param {any} address @param {number} port @param {any} callback */
function connectTo(socket, error, ip, address, port, callback) {
  const own = socket[state];
  if (!own.handle) return;
  let failure = error || refusal(socket, address, ip, port);
  if (!failure && own.sendBlockList?.check(ip, `ipv${isIP(ip)}`)) failure = blocked(ip);
  if (!failure) {
    const errno = own.handle.connect(ip, port);
    if (errno !== 0) failure = exceptionWithHostPort(errno, 'connect', address, port);
  }
  if (!failure) {
    own.connectState = isConnected;
    nextTick(() => socket.emit('connect'));
    return;
  }
  own.connectState = disconnected;
  nextTick(() => {
    if (callback) {
      socket.removeListener('connect', callback);
      callback(failure);
    } else socket.emit('error', failure);
  });
}

/** The bytes of a text or a view. @param {any} content @param {(content: any) => any} refuse what is thrown of anything else */
function bytesOf(content, refuse) {
  const { Buffer } = loadBuffer();
  if (typeof content === 'string') return Buffer.from(content);
  if (!isView(content)) throw refuse(content);
  if (viewName(content) === undefined)
    return Buffer.from(dataViewBuffer(content), dataViewByteOffset(content), dataViewByteLength(content));
  return Buffer.from(viewBuffer(content), viewByteOffset(content), viewByteLength(content));
}

const contents = ['Buffer', 'TypedArray', 'DataView', 'string'];
const wrongContent = (/** @type {any} */ content) => invalidType('buffer', contents, content);

/** @param {any} content @param {any} offset @param {any} length */
function part(content, offset, length) {
  const bytes = bytesOf(content, wrongContent);
  const start = offset >>> 0;
  const count = length >>> 0;
  if (start > bytes.byteLength) throw outsideOfBuffer('offset');
  if (start + count > bytes.byteLength) throw outsideOfBuffer('length');
  return loadBuffer().Buffer.from(bytes.buffer, bytes.byteOffset + start, count);
}

/** @param {any} content one or several @returns {Uint8Array[]} */
function listOfBytes(content) {
  if (!isArray(content)) return [bytesOf(content, wrongContent)];
  /** @type {any[]} */
  const list = [];
  const refuse = () => invalidType('buffer list arguments', contents, content);
  for (let index = 0; index < content.length; index += 1) push(list, bytesOf(content[index], refuse));
  if (list.length === 0) push(list, loadBuffer().Buffer.alloc(0));
  return list;
}

/** @param {any} socket @param {any} error @param {any} ip @param {any[]} list @param {any} address @param {any} port @param {any} callback */
function sendTo(socket, error, ip, list, address, port, callback) {
  const own = socket[state];
  let failure = error;
  if (!failure && ip) {
    if (own.handle) failure = refusal(socket, address, ip, port);
    if (!failure && own.sendBlockList?.check(ip, `ipv${isIP(ip)}`)) failure = blocked(ip);
  }
  if (failure) {
    if (callback) nextTick(callback, failure);
    else nextTick(() => socket.emit('error', failure));
    return;
  }
  if (!own.handle) return;
  const done = (/** @type {number} */ errno, /** @type {number} */ length) => {
    if (callback) callback(errno === 0 ? null : exceptionWithHostPort(errno, 'send', address, port), length);
  };
  const result = own.handle.send(list, ip || undefined, ip ? port : 0, done);
  if (!callback) return;
  if (result >= 1) nextTick(callback, null, result - 1);
  else if (result < 0) nextTick(callback, exceptionWithHostPort(result, 'send', address, port));
}

/** @param {any} socket @param {any} size @param {boolean} isReceive */
function bufferSize(socket, size, isReceive) {
  if (size >>> 0 !== size) throw badBufferSize();
  requireRunning(socket);
  const result = socket[state].handle.bufferSize(size, isReceive);
  if (result >= 0) return result;
  const name = getSystemErrorName(result);
  const text = getSystemErrorMessage(result) ?? 'unknown error';
  const error = systemError(isReceive ? 'uv_recv_buffer_size' : 'uv_send_buffer_size', result, name, text);
  error.message = `Could not get or set buffer size: ${error.syscall} returned ${name} (${text})`;
  error.code = 'ERR_SOCKET_BUFFER_SIZE';
  throw error;
}

/** @param {number} errno @param {string} syscall */
function check(errno, syscall) {
  if (errno !== 0) throw errnoException(errno, syscall);
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {any} [given] a port, or options @param {any} [address] */
  bind(given, address) {
    requireRunning(this);
    const own = this[state];
    if (own.bindState !== unbound) throw alreadyBound();
    own.bindState = binding;
    const callback = arguments.length > 0 && arguments[arguments.length - 1];
    if (typeof callback === 'function') {
      const listens = () => {
        forget();
        apply(callback, this, []);
      };
      const forget = () => {
        this.removeListener('error', forget);
        this.removeListener('listening', listens);
      };
      this.on('error', forget);
      this.on('listening', listens);
    }
    const options = given !== null && typeof given === 'object' ? given : undefined;
    if (options instanceof UdpHandle) {
      replaceHandle(this, options);
      startListening(this);
      return this;
    }
    if (typeof options?.fd === 'number' && (options.fd | 0) === options.fd && options.fd > 0) {
      bindDescriptor(this, options);
      return this;
    }
    const host = options ? options.address || '' : typeof address === 'function' ? '' : address;
    const everywhere = this.type === 'udp4' ? '0.0.0.0' : '::';
    bindAddress(this, host || everywhere, options ? options.port : given, options ? !!options.exclusive : false);
    return this;
  },

  /** @this {any} @param {any} port @param {any} [given] @param {any} [callback] */
  connect(port, given, callback) {
    const number = requireRemotePort(port);
    const tell = typeof given === 'function' ? given : callback;
    const address = typeof given === 'function' || given === undefined ? '' : given;
    requireString(address, 'address');
    const own = this[state];
    if (own.connectState !== disconnected) throw alreadyConnected();
    own.connectState = connecting;
    if (own.bindState === unbound) this.bind({ port: 0, exclusive: true }, null);
    const begin = () => {
      if (tell) this.once('connect', tell);
      const found = (/** @type {any} */ error, /** @type {any} */ ip) => connectTo(this, error, ip, address, number, tell);
      own.handle.lookup(address, found);
    };
    if (own.bindState !== isBound) enqueue(this, begin);
    else begin();
  },

  /** Binds at once, to an address that needs no look-up. @this {any} @param {any} [options] */
  bindSync(options = {}) {
    requireRunning(this);
    requireObject(options, 'options');
    const own = this[state];
    if (own.bindState !== unbound) throw alreadyBound();
    const port = requirePort(options.port ?? 0, 'options.port');
    const address = numeric(options.address, 'options.address', 'bindSync', this.type === 'udp4' ? '0.0.0.0' : '::');
    const error = refusal(this, address, address, port);
    if (error) throw error;
    const errno = own.handle.bind(address, port, flagsOf(own));
    if (errno !== 0) throw exceptionWithHostPort(errno, 'bind', address, port);
    beginReceiving(this);
    nextTick(() => {
      if (own.handle) this.emit('listening');
    });
    return this.address();
  },

  /** Connects at once, to an address that needs no look-up. @this {any} @param {any} port @param {any} [given] */
  connectSync(port, given) {
    requireRunning(this);
    const number = requireRemotePort(port);
    const own = this[state];
    if (own.connectState !== disconnected) throw alreadyConnected();
    const address = numeric(given, 'address', 'connectSync', this.type === 'udp4' ? '127.0.0.1' : '::1');
    if (own.bindState === unbound) this.bindSync();
    else if (own.bindState !== isBound) throw alreadyBound();
    const error = refusal(this, address, address, number);
    if (error) throw error;
    if (own.sendBlockList?.check(address, `ipv${isIP(address)}`)) throw blocked(address);
    const errno = own.handle.connect(address, number);
    if (errno !== 0) throw exceptionWithHostPort(errno, 'connect', address, number);
    own.connectState = isConnected;
    nextTick(() => {
      if (own.handle) this.emit('connect');
    });
  },

  /** @this {any} */
  disconnect() {
    const own = this[state];
    if (own.connectState !== isConnected) throw notConnected();
    check(own.handle.disconnect(), 'connect');
    own.connectState = disconnected;
  },

  /** @this {any} @param {any} content @param {any} offset @param {any} length @param {any} port @param {any} address @param {any} callback */
  sendto(content, offset, length, port, address, callback) {
    requireNumber(offset, 'offset');
    requireNumber(length, 'length');
    requireNumber(port, 'port');
    requireString(address, 'address');
    this.send(content, offset, length, port, address, callback);
  },

  /** @this {any} @param {any} content @param {any} [offset] @param {any} [length] @param {any} [port] @param {any} [address] @param {any} [callback] */
  send(content, offset, length, port, address, callback) {
    const own = this[state];
    const toPeer = own.connectState === isConnected;
    let bytes = content;
    let to = address;
    let toPort = port;
    let tell = callback;
    if (toPeer) {
      if (typeof length === 'number') {
        bytes = part(content, offset, length);
        if (typeof port === 'function') {
          tell = port;
          toPort = null;
        }
      } else tell = offset;
      if (toPort || to) throw alreadyConnected();
    } else if (address || (port && typeof port !== 'function')) bytes = part(content, offset, length);
    else {
      tell = port;
      toPort = offset;
      to = length;
    }
    const list = listOfBytes(bytes);
    if (!toPeer) toPort = requireRemotePort(toPort);
    if (typeof tell !== 'function') tell = undefined;
    if (typeof to === 'function') {
      tell = to;
      to = undefined;
    } else if (to !== undefined && to !== null) requireString(to, 'address');
    requireRunning(this);
    if (own.bindState === unbound) this.bind({ port: 0, exclusive: true }, null);
    if (own.bindState !== isBound) {
      enqueue(this, () => this.send(list, toPort, to, tell));
      return;
    }
    if (toPeer) sendTo(this, null, null, list, to, toPort, tell);
    else {
      own.handle.lookup(to, (/** @type {any} */ error, /** @type {any} */ ip) => sendTo(this, error, ip, list, to, toPort, tell));
    }
  },

  /** @this {any} @param {any} [callback] */
  close(callback) {
    const own = this[state];
    if (typeof callback === 'function') this.on('close', callback);
    if (own.queue !== undefined) {
      push(own.queue, bound(this.close, this));
      return this;
    }
    requireRunning(this);
    stopReceiving(this);
    own.handle.close();
    own.handle = null;
    nextTick(() => this.emit('close'));
    return this;
  },

  /** @this {any} */
  async [Symbol.asyncDispose]() {
    if (!this[state].handle) return;
    await new Promise((resolve) => {
      this.close(() => resolve(undefined));
    });
  },

  /** @this {any} */
  address() {
    requireRunning(this);
    const found = this[state].handle.localAddress();
    if (typeof found === 'number') throw errnoException(found, 'getsockname');
    return found;
  },
  /** @this {any} */
  remoteAddress() {
    requireRunning(this);
    if (this[state].connectState !== isConnected) throw notConnected();
    const found = this[state].handle.remoteAddress();
    if (typeof found === 'number') throw errnoException(found, 'getpeername');
    return found;
  },

  /** @this {any} @param {any} on */
  setBroadcast(on) {
    requireRunning(this);
    check(this[state].handle.set('broadcast', on ? 1 : 0), 'setBroadcast');
  },
  /** @this {any} @param {any} hops */
  setTTL(hops) {
    requireNumber(hops, 'ttl');
    requireRunning(this);
    check(this[state].handle.set('ttl', hops), 'setTTL');
    return hops;
  },
  /** @this {any} @param {any} hops */
  setMulticastTTL(hops) {
    requireNumber(hops, 'ttl');
    requireRunning(this);
    check(this[state].handle.set('multicastTTL', hops), 'setMulticastTTL');
    return hops;
  },
  /** @this {any} @param {any} on */
  setMulticastLoopback(on) {
    requireRunning(this);
    check(this[state].handle.set('multicastLoop', on ? 1 : 0), 'setMulticastLoopback');
    return on;
  },
  /** @this {any} @param {any} interfaceAddress */
  setMulticastInterface(interfaceAddress) {
    requireRunning(this);
    requireString(interfaceAddress, 'interfaceAddress');
    check(this[state].handle.setMulticastInterface(interfaceAddress), 'setMulticastInterface');
  },

  /** @this {any} @param {any} multicastAddress @param {any} [interfaceAddress] */
  addMembership(multicastAddress, interfaceAddress) {
    changeMembership(this, multicastAddress, interfaceAddress, true);
  },
  /** @this {any} @param {any} multicastAddress @param {any} [interfaceAddress] */
  dropMembership(multicastAddress, interfaceAddress) {
    changeMembership(this, multicastAddress, interfaceAddress, false);
  },
  /** @this {any} @param {any} sourceAddress @param {any} groupAddress @param {any} [interfaceAddress] */
  addSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
    changeSource(this, sourceAddress, groupAddress, interfaceAddress, true);
  },
  /** @this {any} @param {any} sourceAddress @param {any} groupAddress @param {any} [interfaceAddress] */
  dropSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
    changeSource(this, sourceAddress, groupAddress, interfaceAddress, false);
  },

  /** @this {any} */
  ref() {
    this[state].handle?.ref();
    return this;
  },
  /** @this {any} */
  unref() {
    this[state].handle?.unref();
    return this;
  },

  /** @this {any} @param {any} size */
  setRecvBufferSize(size) {
    bufferSize(this, size, true);
  },
  /** @this {any} @param {any} size */
  setSendBufferSize(size) {
    bufferSize(this, size, false);
  },
  /** @this {any} */
  getRecvBufferSize() {
    return bufferSize(this, 0, true);
  },
  /** @this {any} */
  getSendBufferSize() {
    return bufferSize(this, 0, false);
  },
  /** @this {any} */
  getSendQueueSize() {
    return this[state].handle.getSendQueueSize();
  },
  /** @this {any} */
  getSendQueueCount() {
    return this[state].handle.getSendQueueCount();
  },
};
addMethods(Socket.prototype, methods);
// What older programs look at.
addGetters(Socket.prototype, {
  _handle: (socket) => socket[state].handle,
  _receiving: (socket) => socket[state].receiving,
  _bindState: (socket) => socket[state].bindState,
  _queue: (socket) => socket[state].queue,
  _reuseAddr: (socket) => socket[state].reuseAddr,
});

/** @param {any} socket */
function stopReceiving(socket) {
  const own = socket[state];
  if (!own.receiving) return;
  own.handle.recvStop();
  own.receiving = false;
}

/** @param {any} socket @param {any} group @param {any} networkInterface @param {boolean} joins */
function changeMembership(socket, group, networkInterface, joins) {
  requireRunning(socket);
  if (!group) throw missingArguments('multicastAddress');
  check(socket[state].handle.setMembership(group, networkInterface, joins), joins ? 'addMembership' : 'dropMembership');
}

/** @param {any} socket @param {any} source @param {any} group @param {any} networkInterface @param {boolean} joins */
function changeSource(socket, source, group, networkInterface, joins) {
  requireRunning(socket);
  requireString(source, 'sourceAddress');
  requireString(group, 'groupAddress');
  const syscall = joins ? 'addSourceSpecificMembership' : 'dropSourceSpecificMembership';
  check(socket[state].handle.setSourceMembership(source, group, networkInterface, joins), syscall);
}

module.exports = { Socket };
