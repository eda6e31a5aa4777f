// MIME types (https://mimesniff.spec.whatwg.org/#parsing-a-mime-type).
'use strict';

const { Map, charCodeAt, mapForEach, mapHas, mapSet, regExp, replace, slice, stringIndexOf, test } = require('builtins/primordials');
const { toLowerCase } = require('builtins/primordials');

const token = regExp(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
const quotable = regExp(/^[\t\x20-\x7e\x80-\xff]*$/);
const around = regExp(/^[\t\n\r ]+|[\t\n\r ]+$/g);
const behind = regExp(/[\t\n\r ]+$/);
const before = regExp(/^[\t\n\r ]+/);
const needsEscape = regExp(/["\\]/g);

/**
 * Null for what is no MIME type.
 * @param {string | null} text
 * @returns {{ essence: string, parameters: Map<string, string> } | null}
 */
function parseMimeType(text) {
  if (text === null) return null;
  const input = replace(text, around, '');
  const slash = stringIndexOf(input, '/');
  if (slash < 0) return null;
  let at = endAt(input, ';', slash + 1);
  const type = slice(input, 0, slash);
  const subtype = replace(slice(input, slash + 1, at), behind, '');
  if (!test(token, type) || !test(token, subtype)) return null;
  /** @type {Map<string, string>} */
  const parameters = new Map();
  while (at < input.length) {
    at += 1;
    const end = endOfName(input, at);
    const name = toLowerCase(replace(slice(input, at, end), before, ''));
    at = end;
    if (at < input.length && input[at] === ';') continue;
    if (at >= input.length) break;
    at += 1;
    let value;
    if (input[at] === '"') {
      const quoted = readQuoted(input, at);
      value = quoted.value;
      at = endAt(input, ';', quoted.end);
    } else {
      const stop = endAt(input, ';', at);
      value = replace(slice(input, at, stop), behind, '');
      at = stop;
      if (value === '') continue;
    }
    if (test(token, name) && test(quotable, value) && !mapHas(parameters, name)) mapSet(parameters, name, value);
  }
  return { essence: toLowerCase(`${type}/${subtype}`), parameters };
}

/** @param {string} text @param {string} mark @param {number} from */
function endAt(text, mark, from) {
  const at = stringIndexOf(text, mark, from);
  return at < 0 ? text.length : at;
}

/** @param {string} text @param {number} from */
function endOfName(text, from) {
  let at = from;
  while (at < text.length && text[at] !== ';' && text[at] !== '=') at += 1;
  return at;
}

/** https://fetch.spec.whatwg.org/#collect-an-http-quoted-string @param {string} text @param {number} from where the quotation mark stands */
function readQuoted(text, from) {
  let value = '';
  let at = from + 1;
  while (at < text.length) {
    const unit = charCodeAt(text, at);
    at += 1;
    if (unit === 0x22) break;
    if (unit !== 0x5c) {
      value += text[at - 1];
    } else if (at < text.length) {
      value += text[at];
      at += 1;
    } else {
      value += '\\';
    }
  }
  return { value, end: at };
}

/** The type of a Blob from a Content-Type. @param {string | null} text */
function serialMimeType(text) {
  const type = parseMimeType(text);
  if (type === null) return '';
  let serial = type.essence;
  mapForEach(type.parameters, (value, name) => {
    serial += test(token, value) ? `;${name}=${value}` : `;${name}="${replace(value, needsEscape, '\\$&')}"`;
  });
  return serial;
}

module.exports = { parseMimeType, serialMimeType };
