// `net.Server` (https://nodejs.org/api/net.html#class-netserver).
'use strict';

const { apply, construct, indexOf, push, replace, setPrototypeOf, splice } = require('builtins/primordials');
const { addGetters, addMethods } = require('node/prototypes');
const { requireFunction, requireNumber, requirePort, requireSignal, requireString } = require('node/arguments');
const { invalidType, invalidValue, nodeError } = require('node/errors');
const role = require('node/cluster/role');
const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { captureRejectionSymbol } = EventEmitter;
const { isIP } = require('node/net/addresses');
const { normalized, toNumber } = require('node/net/connecting');
const { ListenerHandle } = require('node/net/handle');
const { Socket } = require('node/net/socket');
const { heard, traced } = require('node/diagnostics_channel/heard');
const { nextTick } = require('node/process/ticks');
const { exceptionWithHostPort } = require('node/util/system_errors');
const loadDns = () => /** @type {any} */ (require('node/dns/module'));
const loadFs = () => require('node/fs/fs');

const EAFNOSUPPORT = -97;
const EADDRNOTAVAIL = -99;
const EADDRINUSE = -98;
const EINVAL = -22;
const ENAMETOOLONG = -36;
const ONLY_V6 = 1;
const SHARED_PORT = 2;

/**
 * Callable without `new`, as Node's.
 * @this {any} @param {any} [given] @param {any} [listener]
 */
function Server(given, listener) {
  if (!(this instanceof /** @type {any} */ (Server))) return construct(/** @type {any} */ (Server), [given, listener]);
  apply(EventEmitter, this, []);
  let options = given;
  if (typeof given === 'function') {
    this.on('connection', given);
    options = {};
  } else if (given === undefined || given === null || typeof given === 'object') {
    options = { ...given };
    if (listener !== undefined && listener !== null) {
      requireFunction(listener, 'connectionListener');
      this.on('connection', listener);
    }
  } else throw invalidType('options', 'Object', given);
  if (options.keepAliveInitialDelay !== undefined) {
    requireNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (options.keepAliveInitialDelay < 0) options.keepAliveInitialDelay = 0;
  }
  if (options.highWaterMark !== undefined) requireNumber(options.highWaterMark, 'options.highWaterMark');
  this._connections = 0;
  this._handle = null;
  this._unref = false;
  this._listeningId = 0;
  this._usingWorkers = false;
  this._workers = [];
  this.allowHalfOpen = options.allowHalfOpen || false;
  this.pauseOnConnect = !!options.pauseOnConnect;
  this.noDelay = !!options.noDelay;
  this.keepAlive = !!options.keepAlive;
  this.keepAliveInitialDelay = ~~(options.keepAliveInitialDelay / 1000);
  this.highWaterMark = options.highWaterMark;
  if (options.blockList) this.blockList = options.blockList;
}
setPrototypeOf(Server.prototype, EventEmitter.prototype);
setPrototypeOf(Server, EventEmitter);

/** What a listener tells a server. @param {any} server */
function ownerOf(server) {
  return { server, accepted: (/** @type {any} */ handle) => accepted(server, handle) };
}

/** @param {any} server @param {any} handle */
function accepted(server, handle) {
  const isFull = server.maxConnections !== undefined && server.maxConnections !== null && server._connections >= server.maxConnections;
  const blocks = () => {
    const { address, family } = handle.address(true) ?? {};
    return address !== undefined && server.blockList?.check(address, family?.toLowerCase());
  };
  if (isFull || (server.blockList && blocks())) {
    const local = handle.address(false);
    const remote = handle.address(true);
    const data = local && {
      localAddress: local.address,
      localPort: local.port,
      localFamily: local.family,
      remoteAddress: remote?.address,
      remotePort: remote?.port,
      remoteFamily: remote?.family,
    };
    handle.close();
    server.emit('drop', data);
    return;
  }
  if (server.noDelay) handle.setNoDelay(true);
  if (server.keepAlive) handle.setKeepAlive(true, server.keepAliveInitialDelay);
  const socket = construct(/** @type {any} */ (Socket), [
    {
      handle,
      noDelay: server.noDelay,
      keepAlive: server.keepAlive,
      keepAliveInitialDelay: server.keepAliveInitialDelay * 1000,
      allowHalfOpen: server.allowHalfOpen,
      pauseOnCreate: server.pauseOnConnect,
      readable: true,
      writable: true,
      readableHighWaterMark: server.highWaterMark,
      writableHighWaterMark: server.highWaterMark,
    },
  ]);
  server._connections += 1;
  socket.server = server;
  socket._server = server;
  server.emit('connection', socket);
  heard('net.server.socket')?.publish({ socket });
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {any[]} given */
  listen(...given) {
    const pair = normalized(given);
    let options = pair[0];
    const callback = pair[1];
    traced('net.server.listen')?.asyncStart.publish({ server: this, options });
    if (this._handle) {
      throw nodeError(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
    }
    if (callback !== null) this.once('listening', callback);
    const backlog = toNumber(given.length > 1 && given[1]) || toNumber(given.length > 2 && given[2]) || options.backlog;
    options = options._handle || options.handle || options;
    const flags = (options.ipv6Only ? ONLY_V6 : 0) | (options.reusePort ? SHARED_PORT : 0);
    if (options instanceof ListenerHandle) {
      options.owner = ownerOf(this);
      took(this, options, options.begin(backlog | 0), null, undefined);
      return this;
    }
    addSignal(this, options);
    // Those who share a port by the system's means need no help.
    const isShared = role.worker !== undefined && !options.exclusive && !options.reusePort;
    if (typeof options.fd === 'number' && options.fd >= 0) {
      if (isShared) {
        listenShared(this, { address: null, port: null, addressType: null, fd: options.fd, backlog, flags });
        return this;
      }
      const handle = new ListenerHandle(ownerOf(this));
      const errno = handle.open(options.fd, backlog);
      took(this, handle, errno, null, undefined);
      return this;
    }
    // Without arguments any port is right; with them undefined and null are.
    if (
      given.length === 0 ||
      typeof given[0] === 'function' ||
      (options.port === undefined && 'port' in options) ||
      options.port === null
    ) {
      options.port = 0;
    }
    if (typeof options.port === 'number' || typeof options.port === 'string') {
      const port = requirePort(options.port, 'options.port');
      if (options.host) byName(this, port, options, backlog, flags, isShared);
      else onAddress(this, undefined, port, backlog, flags, isShared);
      return this;
    }
    if (options.path && typeof options.path === 'string' && toNumber(options.path) === false) {
      this._pipeName = options.path;
      if (isShared) {
        const { path, readableAll, writableAll } = options;
        listenShared(this, { address: path, port: -1, addressType: -1, fd: undefined, backlog, flags, readableAll, writableAll });
        return this;
      }
      const handle = new ListenerHandle(ownerOf(this));
      // A path that is too long is an invalid argument to libuv.
      const told = handle.listenPath(options.path, backlog);
      const errno = told === ENAMETOOLONG ? EINVAL : told;
      if (errno === 0) permitAll(options);
      took(this, handle, errno, options.path, undefined);
      return this;
    }
    if (!('port' in options || 'path' in options)) {
      throw invalidValue('options', options, 'must have the property "port" or "path"');
    }
    throw invalidValue('options', options);
  },

  /** @this {any} */
  address() {
    if (this._handle && typeof this._pipeName === 'string') return this._pipeName;
    return this._handle?.address?.(false) ?? null;
  },

  /** @this {any} @param {(error: any, count?: number) => void} callback */
  getConnections(callback) {
    if (!this._usingWorkers) {
      nextTick(callback, null, this._handle ? this._connections : 0);
      return this;
    }
    // Those that other processes have count as well.
    let left = this._workers.length;
    let total = this._connections;
    const counted = (/** @type {any} */ error, /** @type {number} */ count) => {
      if (error) {
        left = -1;
        callback(error);
        return;
      }
      total += count;
      left -= 1;
      if (left === 0) callback(null, total);
    };
    if (left === 0) nextTick(callback, null, total);
    const workers = this._workers;
    for (let index = 0; index < workers.length; index += 1) workers[index].getConnections(counted);
    return this;
  },

  /** Some of its sockets are another process's. @this {any} @param {any} list */
  _setupWorker(list) {
    this._usingWorkers = true;
    push(this._workers, list);
    list.once('exit', () => {
      const at = indexOf(this._workers, list);
      if (at !== -1) splice(this._workers, at, 1);
    });
  },

  /** @this {any} @param {any} [callback] */
  close(callback) {
    this._listeningId += 1;
    if (typeof callback === 'function') {
      if (this._handle) this.once('close', callback);
      else {
        this.once('close', () => callback(nodeError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')));
      }
    }
    if (this._handle) {
      const path = this._pipeName;
      this._handle.close();
      this._handle = null;
      // Of a worker it is the primary's.
      if (typeof path === 'string' && role.worker === undefined) removePath(path);
    }
    if (this._usingWorkers) {
      let left = this._workers.length;
      const closed = () => {
        left -= 1;
        if (left > 0) return;
        this._connections -= 1;
        this._emitCloseIfDrained();
      };
      // Until they have told.
      this._connections += 1;
      if (left === 0) closed();
      const workers = this._workers;
      for (let index = 0; index < workers.length; index += 1) workers[index].close(closed);
    } else this._emitCloseIfDrained();
    return this;
  },

  /** @this {any} */
  _emitCloseIfDrained() {
    if (this._handle || this._connections > 0) return;
    nextTick(() => {
      if (!this._handle && this._connections === 0) this.emit('close');
    });
  },

  /** @this {any} */
  ref() {
    this._unref = false;
    this._handle?.ref();
    return this;
  },
  /** @this {any} */
  unref() {
    this._unref = true;
    this._handle?.unref();
    return this;
  },

  /** @this {any} @param {any} error @param {string} event @param {any} socket */
  [captureRejectionSymbol](error, event, socket) {
    if (event === 'connection') socket.destroy(error);
    else this.emit('error', error);
  },

  /** @this {any} */
  async [Symbol.asyncDispose]() {
    if (!this._handle) return;
    await new Promise((resolve, reject) => {
      this.close((/** @type {any} */ error) => (error ? reject(error) : resolve(undefined)));
    });
  },
};
addMethods(Server.prototype, methods);
addGetters(Server.prototype, { listening: (server) => !!server._handle });

/** @param {any} server @param {any} options */
function addSignal(server, options) {
  const { signal } = options;
  if (signal === undefined) return;
  requireSignal(signal, 'options.signal');
  const close = () => server.close();
  if (signal.aborted) nextTick(close);
  else signal.addEventListener('abort', close, { once: true });
}

/** @param {any} options */
function permitAll(options) {
  const mode = (options.readableAll ? 0o444 : 0) | (options.writableAll ? 0o222 : 0);
  if (mode === 0) return;
  const fs = /** @type {any} */ (loadFs());
  fs.chmodSync(options.path, fs.statSync(options.path).mode | mode);
}

/** The path of a server that was closed; whoever removed it before was right too. @param {string} path */
function removePath(path) {
  if (path[0] === '\0') return;
  try {
    /** @type {any} */ (loadFs()).unlinkSync(path);
  } catch {}
}

/** @param {any} server @param {number} port @param {any} options @param {any} backlog @param {number} flags @param {boolean} isShared */
function byName(server, port, options, backlog, flags, isShared) {
  requireString(options.host, 'options.host');
  if (isIP(options.host)) {
    onAddress(server, options.host, port, backlog, flags, isShared);
    return;
  }
  server._listeningId += 1;
  const number = server._listeningId;
  loadDns().lookup(options.host, (/** @type {any} */ error, /** @type {any} */ address) => {
    // It was closed, or listens elsewhere by now.
    if (number !== server._listeningId) return;
    if (error) server.emit('error', error);
    else onAddress(server, address, port, backlog, flags, isShared);
  });
}

/** What a worker of a cluster listens at: the primary has it, and gives connections or the listener itself. @param {any} server @param {any} query */
function listenShared(server, query) {
  const { address, port, backlog } = query;
  server._listeningId += 1;
  const number = server._listeningId;
  role.worker._getServer(server, query, (/** @type {number} */ told, /** @type {any} */ handle) => {
    let errno = told;
    // A port that was taken is told late: what was bound in its place is another one.
    const bound = errno === 0 && port > 0 ? handle.address?.(false) : undefined;
    if (bound !== undefined && bound.port !== port) errno = EADDRINUSE;
    if (errno !== 0) {
      server.emit('error', exceptionWithHostPort(errno, 'bind', address, port));
      return;
    }
    if (number !== server._listeningId) {
      // It was closed meanwhile.
      handle.close();
      return;
    }
    handle.owner = ownerOf(server);
    took(server, handle, handle.begin(backlog | 0), address ?? '::', port);
  });
}

/**
 * @param {any} server @param {string | undefined} address without one, everything that the machine has @param {number} port @param {any} backlog
 * @param {number} flags @param {boolean} isShared
 */
function onAddress(server, address, port, backlog, flags, isShared) {
  if (isShared) {
    const addressType = address === undefined ? 4 : isIP(address);
    listenShared(server, { address: address ?? null, port, addressType, fd: undefined, backlog, flags });
    return;
  }
  const handle = new ListenerHandle(ownerOf(server));
  let errno = handle.listen(address ?? '::', port, backlog | 0, flags);
  if (address === undefined && (errno === EAFNOSUPPORT || errno === EADDRNOTAVAIL)) {
    errno = handle.listen('0.0.0.0', port, backlog | 0, flags & SHARED_PORT);
    took(server, handle, errno, '0.0.0.0', port);
    return;
  }
  took(server, handle, errno, address ?? '::', port);
}

/** @param {any} server @param {any} handle @param {number} errno @param {any} address @param {any} port */
function took(server, handle, errno, address, port) {
  if (errno !== 0) {
    const error = exceptionWithHostPort(errno, 'listen', address, port);
    traced('net.server.listen')?.error.publish({ server, error });
    nextTick(() => server.emit('error', withText(error)));
    return;
  }
  server._handle = handle;
  if (typeof port === 'number') server._connectionKey = `${isIP(address)}:${address}:${port}`;
  if (server._unref) handle.unref();
  nextTick(listens, server);
}

const texts = /** @type {any} */ ({
  __proto__: null,
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'address not available',
  EINVAL: 'invalid argument',
});

/** With the text that people search for. @param {any} error */
function withText(error) {
  const { code } = error;
  if (texts[code] !== undefined) error.message = replace(error.message, code, `${code}: ${texts[code]}`);
  return error;
}

/** @param {any} server */
function listens(server) {
  // It may have been closed meanwhile.
  if (!server._handle) return;
  traced('net.server.listen')?.asyncEnd.publish({ server });
  server.emit('listening');
}

/**
 * What others are to listen at: a handle that is bound, or the error's number.
 * @param {any} address @param {any} port @param {any} fd @param {number} flags
 */
function createServerHandle(address, port, fd, flags) {
  const handle = new ListenerHandle({});
  if (typeof fd === 'number' && fd >= 0) {
    const errno = handle.open(fd, 0);
    handle.unref();
    return errno === 0 ? handle : errno;
  }
  let errno;
  if (port === -1) errno = handle.bindPath(address);
  else {
    errno = handle.bind(address || '::', port, flags);
    if (errno !== 0 && !address) errno = handle.bind('0.0.0.0', port, flags & SHARED_PORT);
  }
  if (errno === 0) return handle;
  handle.close();
  return errno;
}

module.exports = { createServerHandle, Server };
