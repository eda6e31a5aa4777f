// `net.SocketAddress` (https://nodejs.org/api/net.html#class-netsocketaddress).
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireInteger, requireObject, requirePort, requireString } = require('node/arguments');
const { isIPv4, isIPv6, numberOfV6, textOfV6 } = require('node/net/addresses');
const { customInspect, startsWith, toLowerCase } = require('builtins/primordials');
const { URL } = require('web/url/url');

function invalidAddress() {
  return nodeError(Error, 'ERR_INVALID_ADDRESS', 'Invalid socket address');
}

class SocketAddress {
  #address;
  #port;
  #family;
  #flowlabel;

  /** @param {any} value */
  static isSocketAddress(value) {
    return typeof value === 'object' && value !== null && #address in value;
  }

  /** `1.2.3.4:80` or `[::1]:80`; undefined for anything else. @param {string} input */
  static parse(input) {
    requireString(input, 'input');
    try {
      /** @type {any} */
      const url = new URL(`http://${input}`);
      const { hostname, port } = url;
      if (startsWith(hostname, '[')) return new SocketAddress({ address: hostname.slice(1, -1), port: Number(port), family: 'ipv6' });
      return new SocketAddress({ address: hostname, port: Number(port) });
    } catch {
      return undefined;
    }
  }

  /** @param {{ address?: any, port?: any, family?: any, flowlabel?: any }} [options] */
  constructor(options = {}) {
    requireObject(options, 'options');
    let { family = 'ipv4' } = options;
    const { port = 0, flowlabel = 0 } = options;
    if (typeof family === 'string') family = toLowerCase(family);
    if (family !== 'ipv4' && family !== 'ipv6') throw invalidValue('options.family', options.family);
    const { address = family === 'ipv4' ? '127.0.0.1' : '::' } = options;
    requireString(address, 'options.address');
    this.#port = requirePort(port, 'options.port');
    requireInteger(flowlabel, 'options.flowlabel', 0, 2 ** 20 - 1);
    if (!(family === 'ipv4' ? isIPv4(address) : isIPv6(address))) throw invalidAddress();
    this.#address = family === 'ipv4' ? address : textOfV6(numberOfV6(address));
    this.#family = family;
    this.#flowlabel = flowlabel;
  }

  get address() {
    return this.#address;
  }
  get port() {
    return this.#port;
  }
  get family() {
    return this.#family;
  }
  get flowlabel() {
    return this.#flowlabel;
  }
  toJSON() {
    return { address: this.#address, port: this.#port, family: this.#family, flowlabel: this.#flowlabel };
  }
  /** @param {number} depth @param {any} options @param {(value: any, options: any) => string} inspect */
  [customInspect](depth, options, inspect) {
    return depth < 0 ? this : `SocketAddress ${inspect(this.toJSON(), options)}`;
  }
}

/** An address of a list's method, as text and family or as a SocketAddress. @param {any} address @param {any} family @param {string} name @returns {SocketAddress} */
function toSocketAddress(address, family, name) {
  if (SocketAddress.isSocketAddress(address)) return address;
  if (typeof address !== 'string') throw invalidType(name, 'string', address);
  return new SocketAddress({ address, family });
}

module.exports = { SocketAddress, toSocketAddress };
