// What a socket or a server of `node:net` has underneath: a native socket or listener, and who hears of it. Programs see it as `_handle`.
//
// What happens comes from the loop, each time in an entry of its own; it runs in the asynchronous context in which the handle was made.
'use strict';

const { currentFrame, enterFrame } = require('builtins/async_context');
const { setImmediate } = require('web/html/timers');
const {
  netAddress,
  netAdoptListener,
  netAttach,
  netBind,
  netBindPath,
  netClose,
  netConnect,
  netConnectPath,
  netKeepAlive,
  netListen,
  netListenPath,
  netNoDelay,
  netNumber,
  netOpen,
} = ops;
const { netOpenListener, netQueued, netRead, netReference, netReset, netSetReceiver, netShutdown, netTypeOfService, netWrite } = ops;

/** EBADF, for what is done with a handle that is closed. */
const BAD_DESCRIPTOR = -9;
/** ENOTCONN, for the end of what was never begun. */
const NOT_CONNECTED = -107;

/**
 * Who hears of a handle.
 * @typedef {object} Owner
 * @property {(errno: number) => void} [connected]
 * @property {(bytes: Uint8Array<ArrayBuffer> | undefined) => void} [received]
 * @property {() => void} [drained]
 * @property {(errno: number, isRead: boolean) => void} [failed]
 * @property {(handle: SocketHandle) => void} [accepted]
 * @property {any} [server] of a listener
 */

/**
 * A connection that is asked for.
 * @typedef {object} Request
 * @property {(errno: number) => void} oncomplete
 * @property {string} address @property {number} [port] @property {string} [localAddress] @property {number} [localPort]
 */

class Handle {
  /** @type {any} */
  native;
  /** @type {Owner} */
  owner;
  frame = currentFrame();
  isReferenced = true;

  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
  }

  get fd() {
    return this.native === undefined ? -1 : netNumber(this.native);
  }

  ref() {
    this.#reference(true);
  }
  unref() {
    this.#reference(false);
  }
  hasRef() {
    return this.isReferenced && this.native !== undefined;
  }
  /** @param {boolean} on */
  #reference(on) {
    this.isReferenced = on;
    if (this.native !== undefined) netReference(this.native, on);
  }

  /** @param {any} native the native one that is there now */
  has(native) {
    this.native = native;
    if (!this.isReferenced) netReference(native, false);
  }

  /** @param {boolean} isRemote @returns {{ address: string, family: string, port: number } | undefined} */
  address(isRemote) {
    const found = this.native === undefined ? undefined : netAddress(this.native, isRemote);
    if (found === undefined) return undefined;
    const address = found[0];
    return { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port: found[1] };
  }

  // As Node's handles tell it: into an object that is given.
  /** @param {any} into @returns {number} 0 or the error's number */
  getsockname(into) {
    return tell(this, into, false);
  }
  /** @param {any} into @returns {number} 0 or the error's number */
  getpeername(into) {
    return tell(this, into, true);
  }
  /** @param {() => void} [closed] called in the loop's next turn, as what the system closes is told in Node */
  close(closed = undefined) {
    const { native } = this;
    this.native = undefined;
    if (native !== undefined) netClose(native);
    if (closed !== undefined) setImmediate(closed);
  }
}

/** An address as Node's handles tell it. @param {any} handle @param {any} into @param {boolean} isRemote @returns {number} */
function tell(handle, into, isRemote) {
  const found = handle.address(isRemote);
  if (found === undefined) return BAD_DESCRIPTOR;
  into.address = found.address;
  into.family = found.family;
  into.port = found.port;
  return 0;
}

/** @param {string} address */
function isIPv6(address) {
  for (let i = 0; i < address.length; i += 1) if (address[i] === ':') return true;
  return false;
}

class SocketHandle extends Handle {
  isPath = false;
  reading = false;
  bytesRead = 0;
  bytesWritten = 0;

  /** @param {NativeSocket} native @param {Owner} owner a socket that came to a listener */
  static accepted(native, owner) {
    const handle = new SocketHandle(owner);
    handle.has(native);
    netAttach(native, handle);
    return handle;
  }

  /** @param {number} descriptor @param {Owner} owner @returns {SocketHandle | number} the error's number */
  static open(descriptor, owner) {
    const native = netOpen(descriptor);
    return typeof native === 'number' ? native : SocketHandle.accepted(native, owner);
  }

  /**
   * Node's shape of it, as packages that stand in for connections put their own function here and call `request.oncomplete`.
   * @param {Request} _request @param {string} address or a path, without the rest
   * @param {number} [port] @param {string} [localAddress] @param {number} [localPort]
   */
  connect(_request, address, port = undefined, localAddress = undefined, localPort = 0) {
    if (port === undefined) {
      this.isPath = true;
      this.has(netConnectPath(this, address));
    } else this.has(netConnect(this, address, port, localAddress, localPort));
  }

  readStart() {
    if (this.native === undefined) return BAD_DESCRIPTOR;
    this.reading = true;
    return netRead(this.native, true);
  }
  readStop() {
    this.reading = false;
    return this.native === undefined ? 0 : netRead(this.native, false);
  }

  /** @param {Uint8Array | string} content @param {boolean} [isLatin1] */
  write(content, isLatin1 = false) {
    return this.native === undefined ? BAD_DESCRIPTOR : netWrite(this.native, content, isLatin1);
  }
  shutdown() {
    return this.native === undefined ? NOT_CONNECTED : netShutdown(this.native);
  }
  get writeQueueSize() {
    return this.native === undefined ? 0 : netQueued(this.native);
  }
  /** @param {boolean} on */
  setNoDelay(on) {
    return this.native === undefined ? BAD_DESCRIPTOR : netNoDelay(this.native, on);
  }
  /** @param {number} value -1 only asks */
  setTypeOfService(value) {
    return this.native === undefined ? BAD_DESCRIPTOR : netTypeOfService(this.native, value);
  }
  /** @param {boolean} on @param {number} seconds */
  setKeepAlive(on, seconds) {
    return this.native === undefined ? BAD_DESCRIPTOR : netKeepAlive(this.native, on, seconds);
  }
  /** @param {() => void} [closed] */
  reset(closed = undefined) {
    const { native } = this;
    this.native = undefined;
    if (native !== undefined) netReset(native);
    if (closed !== undefined) setImmediate(closed);
    return 0;
  }
}

class ListenerHandle extends Handle {
  /** A connection came. A property of its own, which programs replace. @type {(errno: number, handle: SocketHandle) => void} */
  onconnection = (_errno, handle) => this.owner.accepted?.(handle);

  /** @param {string} address @param {number} port @param {number} backlog @param {number} flags @returns {number} 0 or the error's number */
  listen(address, port, backlog, flags) {
    return this.#took(netListen(this, address, port, backlog, flags));
  }
  /** @param {string} path @param {number} backlog */
  listenPath(path, backlog) {
    return this.#took(netListenPath(this, path, backlog));
  }
  /** @param {number} descriptor @param {number} backlog */
  open(descriptor, backlog) {
    return this.#took(netOpenListener(this, descriptor, backlog));
  }
  /** What others are to listen at: bound, and deaf. @param {string} address @param {number} port @param {number} flags */
  bind(address, port, flags) {
    this.isReferenced = false;
    return this.#took(netBind(this, address, port, flags));
  }
  /** @param {string} path */
  bindPath(path) {
    this.isReferenced = false;
    return this.#took(netBindPath(this, path));
  }

  /** What another process sent: it listens when it is told to. @param {NativeDescriptor} descriptor */
  static received(descriptor) {
    const handle = new ListenerHandle({});
    handle.#descriptor = descriptor;
    return handle;
  }
  /** @type {NativeDescriptor | undefined} */
  #descriptor;
  /** Listens at what is bound already. @param {number} backlog */
  begin(backlog) {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return 0;
    this.#descriptor = undefined;
    return this.#took(netAdoptListener(this, descriptor, backlog));
  }

  /** @param {NativeListener | number} native */
  #took(native) {
    if (typeof native === 'number') return native;
    this.has(native);
    return 0;
  }
}

/** In the asynchronous context of a handle. @param {{ frame: any }} handle @param {() => void} run */
function within(handle, run) {
  if (handle.frame === undefined) return run();
  enterFrame(handle.frame);
  try {
    run();
  } finally {
    enterFrame(undefined);
  }
}

// What a native socket tells, of any kind that gives bytes in order.

/** @param {any} handle @param {Uint8Array | undefined} bytes undefined at their end */
function received(handle, bytes) {
  if (bytes !== undefined) handle.bytesRead += bytes.length;
  if (handle.frame === undefined) handle.owner.received?.(bytes);
  else within(handle, () => handle.owner.received?.(bytes));
}

/** @param {any} handle */
function drained(handle) {
  within(handle, () => handle.owner.drained?.());
}

/** @param {any} handle @param {number} errno @param {boolean} isRead */
function failed(handle, errno, isRead) {
  within(handle, () => handle.owner.failed?.(errno, isRead));
}

netSetReceiver([
  (handle, errno) => within(handle, () => handle.owner.connected?.(errno)),
  received,
  drained,
  failed,
  (handle, native) => within(handle, () => handle.onconnection(0, SocketHandle.accepted(native, {}))),
]);

module.exports = { ListenerHandle, SocketHandle, drained, failed, received, tell, within };
