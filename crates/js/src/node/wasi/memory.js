// The memory of an instance of WebAssembly as system calls see it: little-endian numbers and texts at addresses. An address outside of it is EFAULT.
'use strict';

const { min, setBytes, subarray, viewByteLength } = require('builtins/primordials');
const { decodeText } = ops;

const fault = 21;

/** What a system call ends with instead of success. */
class Errno {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
  }
}

class Memory {
  #of;

  /** @param {any} of the `WebAssembly.Memory`; its buffer is another one whenever it has grown */
  constructor(of) {
    this.#of = of;
  }

  /** The bytes at an address. @param {number} address @param {number} length @returns {Uint8Array<ArrayBuffer>} */
  bytes(address, length) {
    const start = address >>> 0;
    const whole = new Uint8Array(this.#of.buffer);
    if (start + (length >>> 0) > viewByteLength(whole)) throw new Errno(fault);
    return subarray(whole, start, start + (length >>> 0));
  }

  /** @param {number} address */
  getU32(address) {
    const b = this.bytes(address, 4);
    return (b[0] | (b[1] << 8) | (b[2] << 16) | (b[3] << 24)) >>> 0;
  }
  /** @param {number} address */
  getU16(address) {
    const b = this.bytes(address, 2);
    return b[0] | (b[1] << 8);
  }
  /** @param {number} address */
  getU8(address) {
    return this.bytes(address, 1)[0];
  }
  /** @param {number} address */
  getU64(address) {
    return BigInt(this.getU32(address)) | (BigInt(this.getU32(address + 4)) << 32n);
  }
  /** @param {number} address @param {number} value */
  setU8(address, value) {
    this.bytes(address, 1)[0] = value;
  }
  /** @param {number} address @param {number} value */
  setU16(address, value) {
    const b = this.bytes(address, 2);
    b[0] = value;
    b[1] = value >>> 8;
  }
  /** @param {number} address @param {number} value */
  setU32(address, value) {
    const b = this.bytes(address, 4);
    b[0] = value;
    b[1] = value >>> 8;
    b[2] = value >>> 16;
    b[3] = value >>> 24;
  }
  /** @param {number} address @param {bigint} value */
  setU64(address, value) {
    this.setU32(address, Number(value & 0xffffffffn));
    this.setU32(address + 4, Number((value >> 32n) & 0xffffffffn));
  }
  /** @param {number} address @param {number} length */
  text(address, length) {
    return decodeText('utf-8', this.bytes(address, length), false, true);
  }
  /** As much of the bytes as there is room for; returns how much that is. @param {number} address @param {number} room @param {Uint8Array} bytes */
  put(address, room, bytes) {
    const length = min(viewByteLength(bytes), room >>> 0);
    setBytes(this.bytes(address, length), subarray(bytes, 0, length), 0);
    return length;
  }
}

module.exports = { Errno, Memory };
