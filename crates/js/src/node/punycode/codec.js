// Names of hosts in ASCII (https://www.rfc-editor.org/rfc/rfc3492), for `node:punycode` and `node:url`.
'use strict';

const {
  charCodeAt,
  codePointAt,
  floor,
  fromCharCode,
  join,
  lastIndexOf,
  map,
  push,
  regExp,
  slice,
  splice,
  split,
  startsWith,
  test,
  toLowerCase,
} = require('builtins/primordials');

// The parameters of the RFC's section 5.
const base = 36;
const tMin = 1;
const tMax = 26;
const skew = 38;
const damp = 700;
const initialBias = 72;
const initialN = 128;
const most = 0x7fffffff;

const separators = regExp(/[\u002e\u3002\uff0e\uff61]/g);
const nonAscii = regExp(/[^\0-\x7f]/);

const overflow = () => new RangeError('Overflow: input needs wider integers to process');

/** @param {string} text @returns {number[]} */
function codePoints(text) {
  /** @type {number[]} */
  const points = [];
  for (let index = 0; index < text.length; index += 1) {
    const point = /** @type {number} */ (codePointAt(text, index));
    push(points, point);
    if (point > 0xffff) index += 1;
  }
  return points;
}

/** @param {number[]} points */
function textOf(points) {
  let text = '';
  for (let index = 0; index < points.length; index += 1) {
    const point = points[index];
    if (point > 0x10ffff || point < 0) throw new RangeError(`Invalid code point ${point}`);
    text += point > 0xffff ? fromCharCode(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff)) : fromCharCode(point);
  }
  return text;
}

/** @param {number} delta @param {number} count @param {boolean} isFirst */
function adapted(delta, count, isFirst) {
  let rest = isFirst ? floor(delta / damp) : delta >> 1;
  rest += floor(rest / count);
  let k = 0;
  for (; rest > ((base - tMin) * tMax) >> 1; k += base) rest = floor(rest / (base - tMin));
  return floor(k + ((base - tMin + 1) * rest) / (rest + skew));
}

/** @param {number} k @param {number} bias */
const threshold = (k, bias) => (k <= bias ? tMin : k >= bias + tMax ? tMax : k - bias);

/** The digit of a character; the base for what is none. @param {number} code */
function digitOf(code) {
  if (code >= 48 && code < 58) return code - 22;
  if (code >= 65 && code < 91) return code - 65;
  if (code >= 97 && code < 123) return code - 97;
  return base;
}

/** @param {number} digit */
const characterOf = (digit) => fromCharCode(digit < 26 ? digit + 97 : digit + 22);

/** @param {string} input */
function decode(input) {
  /** @type {number[]} */
  const output = [];
  const basic = lastIndexOf(input, '-');
  for (let index = 0; index < basic; index += 1) {
    if (charCodeAt(input, index) >= 0x80) throw new RangeError('Illegal input >= 0x80 (not a basic code point)');
    push(output, charCodeAt(input, index));
  }
  let n = initialN;
  let i = 0;
  let bias = initialBias;
  for (let index = basic > 0 ? basic + 1 : 0; index < input.length; ) {
    const before = i;
    for (let weight = 1, k = base; ; k += base) {
      if (index >= input.length) throw new RangeError('Invalid input');
      const digit = digitOf(charCodeAt(input, index));
      index += 1;
      if (digit >= base) throw new RangeError('Invalid input');
      if (digit > floor((most - i) / weight)) throw overflow();
      i += digit * weight;
      const t = threshold(k, bias);
      if (digit < t) break;
      if (weight > floor(most / (base - t))) throw overflow();
      weight *= base - t;
    }
    const count = output.length + 1;
    bias = adapted(i - before, count, before === 0);
    if (floor(i / count) > most - n) throw overflow();
    n += floor(i / count);
    i %= count;
    splice(output, i, 0, n);
    i += 1;
  }
  return textOf(output);
}

/** @param {string} text */
function encode(text) {
  const input = codePoints(text);
  let output = '';
  for (let index = 0; index < input.length; index += 1) if (input[index] < 0x80) output += fromCharCode(input[index]);
  const basic = output.length;
  let handled = basic;
  if (basic > 0) output += '-';
  let n = initialN;
  let delta = 0;
  let bias = initialBias;
  while (handled < input.length) {
    let next = most;
    for (let index = 0; index < input.length; index += 1) if (input[index] >= n && input[index] < next) next = input[index];
    if (next - n > floor((most - delta) / (handled + 1))) throw overflow();
    delta += (next - n) * (handled + 1);
    n = next;
    for (let index = 0; index < input.length; index += 1) {
      if (input[index] < n) {
        delta += 1;
        if (delta > most) throw overflow();
      }
      if (input[index] !== n) continue;
      let q = delta;
      for (let k = base; ; k += base) {
        const t = threshold(k, bias);
        if (q < t) break;
        output += characterOf(t + ((q - t) % (base - t)));
        q = floor((q - t) / (base - t));
      }
      output += characterOf(q);
      bias = adapted(delta, handled + 1, handled === basic);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    n += 1;
  }
  return output;
}

/** Each label of a host name, or of what stands behind the `@` of an address. @param {string} domain @param {(label: string) => string} change */
function eachLabel(domain, change) {
  const parts = split(domain, '@');
  const before = parts.length > 1 ? `${parts[0]}@` : '';
  const labels = split(parts.length > 1 ? parts[1] : domain, separators);
  return before + join(map(labels, change), '.');
}

module.exports = {
  version: '2.1.0',
  ucs2: { decode: codePoints, encode: textOf },
  decode,
  encode,
  /** @param {string} input */
  toASCII: (input) => eachLabel(input, (label) => (test(nonAscii, label) ? `xn--${encode(label)}` : label)),
  /** @param {string} input */
  toUnicode: (input) => eachLabel(input, (label) => (startsWith(label, 'xn--') ? decode(toLowerCase(slice(label, 4))) : label)),
};
