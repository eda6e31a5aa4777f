// MIME types (https://mimesniff.spec.whatwg.org/#parsing-a-mime-type), as far as bodies need them.
'use strict';

const { Map, mapForEach, mapHas, mapSet, regExp, replace, slice, startsWith, stringIndexOf, test } = require('builtins/primordials');
const { toLowerCase, trim } = require('builtins/primordials');

const essencePattern = regExp(/^[!#$%&'*+\-.^_`|~0-9a-z]+\/[!#$%&'*+\-.^_`|~0-9a-z]+$/);
const token = regExp(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
const behindLastQuote = regExp(/"[^"]*$/);
const escaped = regExp(/\\(.)/g);
const needsEscape = regExp(/["\\]/g);

/**
 * Null for what is no MIME type.
 * @param {string | null} text
 * @returns {{ essence: string, parameters: Map<string, string> } | null}
 */
function parseMimeType(text) {
  if (text === null) return null;
  const parts = splitOutsideQuotes(text);
  const essence = toLowerCase(trim(parts[0]));
  if (!test(essencePattern, essence)) return null;
  /** @type {Map<string, string>} */
  const parameters = new Map();
  for (let i = 1; i < parts.length; i += 1) {
    const equals = stringIndexOf(parts[i], '=');
    if (equals < 0) continue;
    const name = toLowerCase(trim(slice(parts[i], 0, equals)));
    let value = trim(slice(parts[i], equals + 1));
    if (startsWith(value, '"')) value = replace(replace(slice(value, 1), behindLastQuote, ''), escaped, '$1');
    if (name !== '' && value !== '' && !mapHas(parameters, name)) mapSet(parameters, name, value);
  }
  return { essence, parameters };
}

/** @param {string} text */
function splitOutsideQuotes(text) {
  const parts = [''];
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '"') quoted = !quoted;
    if (quoted && text[i] === '\\') {
      parts[parts.length - 1] += text[i];
      i += 1;
    }
    if (text[i] === ';' && !quoted) parts[parts.length] = '';
    else parts[parts.length - 1] += text[i] ?? '';
  }
  return parts;
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
