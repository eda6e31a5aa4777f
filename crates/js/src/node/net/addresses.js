// IP addresses as text and as numbers (https://nodejs.org/api/net.html#netisipinput): pure functions, without the system.
'use strict';

const { regExp, test, split, parseInt, stringIncludes, stringIndexOf, slice, exec } = require('builtins/primordials');

const v4Part = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const v4Text = `(?:${v4Part}\\.){3}${v4Part}`;
const group = '[0-9a-fA-F]{1,4}';
const v4 = regExp(new RegExp(`^${v4Text}$`));
const v6 = regExp(
  new RegExp(
    '^(?:' +
      `(?:${group}:){7}(?:${group}|:)|` +
      `(?:${group}:){6}(?:${v4Text}|:${group}|:)|` +
      `(?:${group}:){5}(?::${v4Text}|(?::${group}){1,2}|:)|` +
      `(?:${group}:){4}(?:(?::${group}){0,1}:${v4Text}|(?::${group}){1,3}|:)|` +
      `(?:${group}:){3}(?:(?::${group}){0,2}:${v4Text}|(?::${group}){1,4}|:)|` +
      `(?:${group}:){2}(?:(?::${group}){0,3}:${v4Text}|(?::${group}){1,5}|:)|` +
      `(?:${group}:){1}(?:(?::${group}){0,4}:${v4Text}|(?::${group}){1,6}|:)|` +
      `(?::(?:(?::${group}){0,5}:${v4Text}|(?::${group}){1,7}|:))` +
      ')(?:%[0-9a-zA-Z-.:]{1,})?$',
  ),
);
const mapped = regExp(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i);

/** @param {any} text */
const isIPv4 = (text) => test(v4, `${text}`);
/** @param {any} text */
const isIPv6 = (text) => test(v6, `${text}`);
/** 4, 6, or 0 for what is no address. @param {any} text */
const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);

/** @param {string} text an IPv4 address @returns {bigint} */
function numberOfV4(text) {
  const parts = split(text, '.');
  let number = 0n;
  for (let index = 0; index < parts.length; index += 1) number = (number << 8n) | BigInt(parts[index]);
  return number;
}

/** @param {string} text an IPv6 address @returns {bigint} */
function numberOfV6(text) {
  const zone = stringIndexOf(text, '%');
  let rest = zone === -1 ? text : slice(text, 0, zone);
  const tail = exec(regExp(/(.*:)(\d+\.\d+\.\d+\.\d+)$/), rest);
  if (tail !== null) {
    const number = numberOfV4(tail[2]);
    rest = `${tail[1]}${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  }
  const gap = stringIndexOf(rest, '::');
  const before = groups(gap === -1 ? rest : slice(rest, 0, gap));
  const after = groups(gap === -1 ? '' : slice(rest, gap + 2));
  let number = 0n;
  for (let index = 0; index < before.length; index += 1) number = (number << 16n) | BigInt(before[index]);
  for (let missing = 8 - before.length - after.length; missing > 0; missing -= 1) number <<= 16n;
  for (let index = 0; index < after.length; index += 1) number = (number << 16n) | BigInt(after[index]);
  return number;
}

/** @param {string} text @returns {number[]} */
function groups(text) {
  if (text === '') return [];
  const parts = split(text, ':');
  /** @type {number[]} */
  const numbers = [];
  for (let index = 0; index < parts.length; index += 1) numbers[index] = parseInt(parts[index], 16);
  return numbers;
}

/** The shortest text of an IPv6 address (https://www.rfc-editor.org/rfc/rfc5952). @param {bigint} number */
function textOfV6(number) {
  if (number >> 32n === 0xffffn) {
    const low = Number(number & 0xffffffffn);
    return `::ffff:${low >>> 24}.${(low >>> 16) & 255}.${(low >>> 8) & 255}.${low & 255}`;
  }
  /** @type {number[]} */
  const parts = [];
  for (let index = 7; index >= 0; index -= 1) parts[7 - index] = Number((number >> BigInt(16 * index)) & 0xffffn);
  // The longest run of zeros, of two at least, is left out.
  let best = -1;
  let length = 1;
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && parts[end] === 0) end += 1;
    if (end - start > length) {
      best = start;
      length = end - start;
    }
  }
  let text = '';
  for (let index = 0; index < 8; index += 1) {
    if (index === best) {
      text += '::';
      index += length - 1;
    } else {
      text += `${text === '' || text[text.length - 1] === ':' ? '' : ':'}${parts[index].toString(16)}`;
    }
  }
  return text;
}

/** The IPv4 address inside of an IPv6 address; undefined when there is none. @param {string} text */
function mappedV4(text) {
  const found = exec(mapped, text);
  if (found !== null) return isIPv4(found[1]) ? found[1] : undefined;
  if (!stringIncludes(text, ':')) return undefined;
  const number = numberOfV6(text);
  if (number >> 32n !== 0xffffn) return undefined;
  const low = Number(number & 0xffffffffn);
  return `${low >>> 24}.${(low >>> 16) & 255}.${(low >>> 8) & 255}.${low & 255}`;
}

module.exports = { isIP, isIPv4, isIPv6, mappedV4, numberOfV4, numberOfV6, textOfV6 };
