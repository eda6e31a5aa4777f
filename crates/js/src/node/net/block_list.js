// `net.BlockList` (https://nodejs.org/api/net.html#class-netblocklist): rules of addresses, ranges and subnets, as pairs of numbers.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireArray, requireInteger, requireString } = require('node/arguments');
const { isIP, mappedV4, numberOfV4, numberOfV6 } = require('node/net/addresses');
const { SocketAddress, toSocketAddress } = require('node/net/socket_address');
const {
  customInspect,
  exec,
  freeze,
  isArray,
  map,
  parseJson,
  push,
  regExp,
  reverse,
  slice,
  sort,
  splice,
} = require('builtins/primordials');
const { lastIndexOf, stringIncludes, test } = require('builtins/primordials');

/** @typedef {'Address' | 'Subnet' | 'Range'} Kind */
/** `key` is the same for rules that are. @typedef {{ kind: Kind, family: string, first: bigint, last: bigint, text: string, key: string }} Rule */

const ruleText = regExp(/^(Address|Subnet|Range): (IPv4|IPv6) ([^-/]+)(?:[-/](.+))?$/);
const wholeNumber = regExp(/^(?:0|[1-9]\d*)$/);
/** Node lists them in this order. @type {Record<Kind, number>} */
const order = { Address: 0, Subnet: 1, Range: 2 };

/** @param {any} address */
const numberOf = (address) => (address.family === 'ipv4' ? numberOfV4(address.address) : numberOfV6(address.address));
/** @param {any} address */
const familyName = (address) => (address.family === 'ipv4' ? 'IPv4' : 'IPv6');

/** @param {any} address @returns {Rule} */
function addressRule(address) {
  const number = numberOf(address);
  return {
    kind: 'Address',
    family: address.family,
    first: number,
    last: number,
    key: `${address.family} ${number}`,
    text: `Address: ${familyName(address)} ${address.address}`,
  };
}

/** @param {any} start @param {any} end @returns {Rule} */
function rangeRule(start, end) {
  const text = `Range: ${familyName(start)} ${start.address}-${end.address}`;
  const [first, last] = [numberOf(start), numberOf(end)];
  return { kind: 'Range', family: start.family, first, last, text, key: `${start.family} ${first}-${last}` };
}

/** @param {any} network @param {number} prefix @returns {Rule} */
function subnetRule(network, prefix) {
  const bits = BigInt((network.family === 'ipv4' ? 32 : 128) - prefix);
  const number = numberOf(network);
  const first = (number >> bits) << bits;
  const text = `Subnet: ${familyName(network)} ${network.address}/${prefix}`;
  const key = `${network.family} ${number}/${prefix}`;
  return { kind: 'Subnet', family: network.family, first, last: first + (1n << bits) - 1n, text, key };
}

/** An address and the length of its prefix. @param {any} cidr @returns {[address: string, prefix: number, family: string]} */
function partsOf(cidr) {
  requireString(cidr, 'cidr');
  const slash = lastIndexOf(cidr, '/');
  if (slash === -1) throw invalidValue('cidr', cidr, 'must contain a prefix length (e.g. "10.0.0.0/8")');
  const address = slice(cidr, 0, slash);
  const length = slice(cidr, slash + 1);
  if (!test(wholeNumber, length)) throw invalidValue('cidr', cidr, 'prefix length must be a valid integer');
  return [address, Number(length), stringIncludes(address, ':') ? 'ipv6' : 'ipv4'];
}

/** @param {any} list @param {string} name */
function requireTexts(list, name) {
  requireArray(list, name);
  for (let index = 0; index < list.length; index += 1) requireString(list[index], `${name}[${index}]`);
}

class BlockList {
  /** Networks that are nobody's on the internet. */
  static PRIVATE_RANGES = freeze([
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '127.0.0.0/8',
    '::1/128',
    '169.254.0.0/16',
    'fe80::/10',
    'fc00::/7',
  ]);

  /** @type {Rule[]} */
  #rules = [];

  /** @param {any} value */
  static isBlockList(value) {
    return typeof value === 'object' && value !== null && #rules in value;
  }

  /** @param {any} address @param {string} [family] */
  addAddress(address, family = 'ipv4') {
    this.#add(addressRule(toSocketAddress(address, family, 'address')));
  }
  /** @param {any} addresses @param {string} [family] */
  addAddresses(addresses, family = 'ipv4') {
    requireArray(addresses, 'addresses');
    requireString(family, 'family');
    // All are good before one is taken.
    const rules = map(addresses, (address, index) => addressRule(toSocketAddress(address, family, `addresses[${index}]`)));
    for (let index = 0; index < rules.length; index += 1) this.#add(rules[index]);
  }
  /** @param {any} start @param {any} end @param {string} [family] */
  addRange(start, end, family = 'ipv4') {
    const first = toSocketAddress(start, family, 'start');
    const last = toSocketAddress(end, family, 'end');
    const rule = rangeRule(first, last);
    if (rule.first > rule.last) throw invalidValue('start', first, 'must come before end');
    push(this.#rules, rule);
  }
  /** @param {any} network @param {number} prefix @param {string} [family] */
  addSubnet(network, prefix, family = 'ipv4') {
    const address = toSocketAddress(network, family, 'network');
    requireInteger(prefix, 'prefix', 0, address.family === 'ipv4' ? 32 : 128);
    push(this.#rules, subnetRule(address, prefix));
  }
  /** @param {any} cidr */
  addCIDR(cidr) {
    const [address, prefix, family] = partsOf(cidr);
    this.addSubnet(address, prefix, family);
  }
  /** @param {any} cidrs */
  addCIDRs(cidrs) {
    requireTexts(cidrs, 'cidrs');
    const parts = map(cidrs, (cidr) => partsOf(cidr));
    for (let index = 0; index < parts.length; index += 1) this.addSubnet(parts[index][0], parts[index][1], parts[index][2]);
  }

  /** @param {any} address @param {string} [family] */
  removeAddress(address, family = 'ipv4') {
    this.#remove(addressRule(toSocketAddress(address, family, 'address')));
  }
  /** @param {any} start @param {any} end @param {string} [family] */
  removeRange(start, end, family = 'ipv4') {
    this.#remove(rangeRule(toSocketAddress(start, family, 'start'), toSocketAddress(end, family, 'end')));
  }
  /** @param {any} network @param {number} prefix @param {string} [family] */
  removeSubnet(network, prefix, family = 'ipv4') {
    const address = toSocketAddress(network, family, 'network');
    requireInteger(prefix, 'prefix', 0, address.family === 'ipv4' ? 32 : 128);
    this.#remove(subnetRule(address, prefix));
  }
  /** @param {any} cidr */
  removeCIDR(cidr) {
    const [address, prefix, family] = partsOf(cidr);
    this.removeSubnet(address, prefix, family);
  }
  clear() {
    this.#rules = [];
  }
  get size() {
    return this.#rules.length;
  }

  /** An address counts once. @param {Rule} rule */
  #add(rule) {
    if (this.#placeOf(rule) === -1) push(this.#rules, rule);
  }
  /** @param {Rule} rule */
  #remove(rule) {
    const place = this.#placeOf(rule);
    if (place !== -1) splice(this.#rules, place, 1);
  }
  /** The place of the last that is the same. @param {Rule} rule */
  #placeOf({ kind, key }) {
    for (let index = this.#rules.length - 1; index >= 0; index -= 1) {
      if (this.#rules[index].key === key && this.#rules[index].kind === kind) return index;
    }
    return -1;
  }

  /** @param {any} address @param {string} [family] */
  check(address, family = 'ipv4') {
    if (!SocketAddress.isSocketAddress(address)) {
      requireString(address, 'address');
      requireString(family, 'family');
      if (isIP(address) === 0 && (family === 'ipv4' || family === 'ipv6')) return false;
    }
    const wanted = toSocketAddress(address, family, 'address');
    const inner = wanted.family === 'ipv6' ? mappedV4(wanted.address) : undefined;
    const number = numberOf(wanted);
    const innerNumber = inner === undefined ? undefined : numberOfV4(inner);
    for (let index = 0; index < this.#rules.length; index += 1) {
      const rule = this.#rules[index];
      if (rule.family === wanted.family && number >= rule.first && number <= rule.last) return true;
      if (innerNumber !== undefined && rule.family === 'ipv4' && innerNumber >= rule.first && innerNumber <= rule.last) return true;
      // An IPv4 address is meant by rules for the IPv6 address that holds it.
      const outer = number | 0xffff00000000n;
      if (wanted.family === 'ipv4' && rule.family === 'ipv6' && outer >= rule.first && outer <= rule.last) return true;
    }
    return false;
  }

  get rules() {
    return map(this.#listed(), (rule) => rule.text);
  }
  toJSON() {
    return this.rules;
  }

  /** @param {string | string[]} data what `toJSON` gave, as a list or as text */
  fromJSON(data) {
    const texts = typeof data === 'string' ? parseJson(data) : data;
    if (!isArray(texts)) throw invalidType('data', ['string', 'Array'], data);
    for (let index = 0; index < texts.length; index += 1) {
      if (typeof texts[index] !== 'string') throw invalidType('data', ['string', 'Array'], data);
      const parts = exec(ruleText, texts[index]);
      if (parts === null) throw invalidValue('data', data);
      const family = parts[2] === 'IPv4' ? 'ipv4' : 'ipv6';
      if (parts[1] === 'Address') this.addAddress(parts[3], family);
      else if (parts[1] === 'Range') this.addRange(parts[3], parts[4], family);
      else this.addSubnet(parts[3], Number(parts[4]), family);
    }
  }

  /** The latest first, by kind. */
  #listed() {
    const list = splice(
      map(this.#rules, (rule) => rule),
      0,
    );
    reverse(list);
    return sort(list, (left, right) => order[left.kind] - order[right.kind]);
  }

  /** @param {number} depth @param {any} options @param {(value: any, options: any) => string} inspect */
  [customInspect](depth, options, inspect) {
    return depth < 0 ? this : `BlockList ${inspect({ rules: this.rules }, options)}`;
  }
}

module.exports = { BlockList };
