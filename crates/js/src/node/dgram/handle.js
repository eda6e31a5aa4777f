// What a socket of `node:dgram` has underneath: a native socket, as soon as it is bound, and who hears of it.
//
// What happens comes from the loop, each time in an entry of its own; it runs in the asynchronous context in which the handle was made.
'use strict';

const { currentFrame, enterFrame } = require('builtins/async_context');
const { nextTick } = require('node/process/ticks');
const { Map, mapDelete, mapForEach, mapGet, mapSet } = require('builtins/primordials');
const { isIPv4, isIPv6 } = require('node/net/addresses');
const {
  udpAddress,
  udpBind,
  udpBufferSize,
  udpClose,
  udpConnect,
  udpDisconnect,
  udpMembership,
  udpMulticastInterface,
  udpNumber,
  udpOpen,
  udpQueued,
  udpReceive,
  udpReference,
  udpSend,
  udpSet,
  udpSetReceiver,
  udpSourceMembership,
} = ops;

const EBADF = -9;
const EINVAL = -22;
const ECANCELED = -125;
/** A shared address. */
const REUSE_ADDRESS = 4;

/**
 * Who hears of a handle.
 * @typedef {object} Owner
 * @property {(bytes: Uint8Array<ArrayBuffer>, sender: { address: string, family: string, port: number, size: number }) => void} received
 * @property {(errno: number) => void} failed
 * @property {any} server the socket: what a worker of a cluster closes
 */

class UdpHandle {
  /** @type {NativeUdp | undefined} */
  native;
  /** @type {Owner | undefined} */
  owner;
  frame = currentFrame();
  isReferenced = true;
  isClosed = false;
  isReceiving = false;
  #family;
  /** Who waits for a datagram to leave, by its number. @type {Map<number, (errno: number, length: number) => void>} */
  #waiting = new Map();
  #count = 0;

  /** @param {number} family 4 or 6 */
  constructor(family) {
    this.#family = family;
  }

  /** Resolves the address of a host; the socket sets it. @type {(address: any, callback: (error: any, address: string) => void) => void} */
  lookup = (_address, _callback) => {};

  /** @param {NativeUdp | number} native */
  #took(native) {
    if (typeof native === 'number') return native;
    if (this.native !== undefined) udpClose(this.native);
    this.native = native;
    if (!this.isReferenced) udpReference(native, false);
    return 0;
  }

  /** @param {string} address @param {number} port @param {number} flags @returns {number} 0 or the error's number, as all of these */
  bind(address, port, flags) {
    if (this.isClosed) return EBADF;
    if (this.native !== undefined) return EINVAL;
    return this.#took(udpBind(this, address, port, flags));
  }

  /** @param {number} descriptor */
  open(descriptor) {
    return this.#took(udpOpen(this, descriptor));
  }

  /** What another process sent. @param {(handle: UdpHandle) => NativeUdp | number} take */
  adopt(take) {
    return this.#took(take(this));
  }

  /** Settings of groups are there for sockets that nobody has bound yet. */
  #bindAnywhere() {
    if (this.native !== undefined) return 0;
    return this.bind(this.#family === 4 ? '0.0.0.0' : '::', 0, REUSE_ADDRESS);
  }

  /** @param {string} address @param {number} port */
  connect(address, port) {
    return this.native === undefined ? EBADF : udpConnect(this.native, address, port);
  }
  disconnect() {
    return this.native === undefined ? EBADF : udpDisconnect(this.native);
  }

  recvStart() {
    this.isReceiving = true;
    if (this.native !== undefined) udpReceive(this.native, true);
  }
  recvStop() {
    this.isReceiving = false;
    if (this.native !== undefined) udpReceive(this.native, false);
  }

  /**
   * The length of what was sent and one, 0 when `done` will be called, or the error's number.
   * @param {Uint8Array[]} list @param {string | undefined} address @param {number} port @param {(errno: number, length: number) => void} done
   */
  send(list, address, port, done) {
    if (this.native === undefined) return EBADF;
    const number = this.#count;
    const result = udpSend(this.native, number, list, address, port);
    if (result === 0) {
      this.#count += 1;
      mapSet(this.#waiting, number, done);
    }
    return result;
  }

  /** @param {number} number @param {number} errno @param {number} length */
  sent(number, errno, length) {
    const done = mapGet(this.#waiting, number);
    mapDelete(this.#waiting, number);
    done?.(errno, length);
  }

  /** @param {boolean} isRemote @returns {{ address: string, family: string, port: number } | number} */
  #address(isRemote) {
    const found = this.native === undefined ? EBADF : udpAddress(this.native, isRemote);
    if (typeof found === 'number') return found;
    return { address: found[0], family: isIPv4(found[0]) ? 'IPv4' : 'IPv6', port: found[1] };
  }
  localAddress() {
    return this.#address(false);
  }
  remoteAddress() {
    return this.#address(true);
  }

  /** @param {'broadcast' | 'ttl' | 'multicastTTL' | 'multicastLoop'} name @param {number} value */
  set(name, value) {
    return this.native === undefined ? EBADF : udpSet(this.native, name, value);
  }

  /** @param {string} networkInterface */
  setMulticastInterface(networkInterface) {
    if (this.native === undefined) return EBADF;
    // Whoever names an interface of the other family means none of this socket's.
    return udpMulticastInterface(this.native, networkInterface);
  }

  /** @param {any} group @param {any} networkInterface @param {boolean} joins */
  setMembership(group, networkInterface, joins) {
    const address = `${group}`;
    if (!isIPv4(address) && !isIPv6(address)) return EINVAL;
    const errno = this.#bindAnywhere();
    if (errno !== 0 || this.native === undefined) return errno;
    return udpMembership(this.native, address, textOrNone(networkInterface), joins);
  }

  /** @param {string} source @param {string} group @param {any} networkInterface @param {boolean} joins */
  setSourceMembership(source, group, networkInterface, joins) {
    if (!isIPv4(group) && !isIPv6(group)) return EINVAL;
    const errno = this.#bindAnywhere();
    if (errno !== 0 || this.native === undefined) return errno;
    return udpSourceMembership(this.native, source, group, textOrNone(networkInterface), joins);
  }

  /** The size, or the error's number. @param {number} size 0 only asks @param {boolean} isReceive */
  bufferSize(size, isReceive) {
    return this.native === undefined ? EBADF : udpBufferSize(this.native, isReceive, size);
  }

  getSendQueueSize() {
    return this.native === undefined ? 0 : udpQueued(this.native)[0];
  }
  getSendQueueCount() {
    return this.native === undefined ? 0 : udpQueued(this.native)[1];
  }

  get fd() {
    return this.native === undefined ? -1 : udpNumber(this.native);
  }

  ref() {
    this.#reference(true);
  }
  unref() {
    this.#reference(false);
  }
  hasRef() {
    return this.isReferenced && !this.isClosed;
  }
  /** @param {boolean} on */
  #reference(on) {
    this.isReferenced = on;
    if (this.native !== undefined) udpReference(this.native, on);
  }

  /** @param {() => void} [closed] called in a tick of its own */
  close(closed = undefined) {
    const { native } = this;
    this.native = undefined;
    this.isClosed = true;
    if (native !== undefined) udpClose(native);
    const waiting = this.#waiting;
    this.#waiting = new Map();
    mapForEach(waiting, (done) => nextTick(done, ECANCELED, 0));
    if (closed !== undefined) nextTick(closed);
  }
}

/** @param {any} value @returns {string | undefined} */
const textOrNone = (value) => (value === undefined || value === null ? undefined : `${value}`);

/** @param {UdpHandle} handle @param {() => void} run */
function within(handle, run) {
  if (handle.frame === undefined) return run();
  enterFrame(handle.frame);
  try {
    run();
  } finally {
    enterFrame(undefined);
  }
}

udpSetReceiver([
  (handle, bytes, address, port) =>
    within(handle, () => handle.owner?.received(bytes, { address, family: isIPv4(address) ? 'IPv4' : 'IPv6', port, size: bytes.length })),
  (handle, errno) => within(handle, () => handle.owner?.failed(errno)),
  (handle, number, errno, length) => within(handle, () => handle.sent(number, errno, length)),
]);

module.exports = { UdpHandle };
