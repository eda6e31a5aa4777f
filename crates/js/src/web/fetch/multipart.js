// multipart/form-data both ways (RFC 7578, with the escapes of
// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data).
'use strict';

const { Map, copyBytes, floor, byteIndexOf, mapGet, mapSet, now, push, random, regExp, replace, slice } = require('builtins/primordials');
const { stringIndexOf, subarray, toLowerCase, trim } = require('builtins/primordials');
const { concatBytes } = require('builtins/webidl');
const { FormData, addEntry, entriesOf } = require('web/fetch/formdata');
const { bytesOfBlob, fileFacts, makeFile, normalType, typeOfBlob } = require('web/file/blob');
const { encodeUtf8 } = require('web/encoding/utf8');
const { decodeText } = ops;

// ---- out

const lineEnds = regExp(/\r\n?|\n/g);
const lineFeeds = regExp(/\n/g);
const carriageReturns = regExp(/\r/g);
const quotes = regExp(/"/g);

/** @param {string} text */
function escapeName(text) {
  return replace(replace(replace(text, lineFeeds, '%0A'), carriageReturns, '%0D'), quotes, '%22');
}

/** @param {string} text */
function normalNewlines(text) {
  return replace(text, lineEnds, '\r\n');
}

/** The bytes of a form and the boundary in them. @param {any} form */
function encodeMultipart(form) {
  const boundary = `----twinloopFormBoundary${randomText(24)}`;
  /** @type {Bytes[]} */
  const chunks = [];
  const entries = entriesOf(form);
  for (let i = 0; i < entries.length; i += 1) {
    const value = entries[i][1];
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(normalNewlines(entries[i][0]))}"`;
    if (typeof value === 'string') {
      push(chunks, encodeUtf8(`${head}\r\n\r\n${normalNewlines(value)}\r\n`));
    } else {
      const type = typeOfBlob(value) === '' ? 'application/octet-stream' : typeOfBlob(value);
      const fileName = escapeName(fileFacts(value)?.name ?? '');
      push(chunks, encodeUtf8(`${head}; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n`));
      push(chunks, bytesOfBlob(value), encodeUtf8('\r\n'));
    }
  }
  push(chunks, encodeUtf8(`--${boundary}--\r\n`));
  return { bytes: concatBytes(chunks), boundary };
}

/** @param {number} length */
function randomText(length) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let text = '';
  for (let i = 0; i < length; i += 1) text += alphabet[floor(random() * alphabet.length)];
  return text;
}

// ---- in

const carriageReturn = 13;
const lineFeed = 10;
const hyphen = 45;
const escapedFeed = regExp(/%0A/gi);
const escapedReturn = regExp(/%0D/gi);
const escapedQuote = regExp(/%22/g);

/** The form in `bytes`; throws a TypeError for what is not multipart/form-data with this boundary. @param {Bytes} bytes @param {string} boundary */
function decodeMultipart(bytes, boundary) {
  const form = new FormData();
  // A boundary counts at the start of a line only, so its delimiter begins with the line's end (RFC 2046, section 5.1.1).
  const delimiter = encodeUtf8(`\r\n--${boundary}`);
  let position = afterFirstBoundary(bytes, delimiter);
  while (position !== END) {
    /** @type {Map<string, string>} */
    const headers = new Map();
    const start = readPartHeaders(bytes, position, headers);
    // The empty line behind the headers may be the start of the delimiter: then `end` is before `start`, and the part is empty.
    const end = indexOfBoundary(bytes, delimiter, start - 2);
    if (end < 0) throw new TypeError('multipart form: a part is not terminated');
    appendPart(form, headers, subarray(bytes, start, end));
    position = afterBoundary(bytes, end + delimiter.length);
  }
  return form;
}

// What `afterBoundary` gives for a boundary that ends the form, and for the boundary's text at the start of a line of a part.
const END = -1;
const NOT_A_BOUNDARY = -2;

/** Where the line behind a boundary that ends at `position` starts: two hyphens, or white space and the end of a line, must follow. @param {Bytes} bytes @param {number} position */
function afterBoundary(bytes, position) {
  if (bytes[position] === hyphen && bytes[position + 1] === hyphen) return END;
  let at = position;
  while (bytes[at] === 32 || bytes[at] === 9) at += 1;
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed ? at + 2 : NOT_A_BOUNDARY;
}

/** The first boundary stands at the start of the body, or on a line of its own behind a preamble. @param {Bytes} bytes @param {Bytes} delimiter */
function afterFirstBoundary(bytes, delimiter) {
  const withoutLineEnd = subarray(delimiter, 2);
  if (standsAt(bytes, withoutLineEnd, 0)) {
    const after = afterBoundary(bytes, withoutLineEnd.length);
    if (after !== NOT_A_BOUNDARY) return after;
  }
  const found = indexOfBoundary(bytes, delimiter, 0);
  if (found < 0) throw new TypeError('multipart form: the boundary does not occur in the body');
  return afterBoundary(bytes, found + delimiter.length);
}

/** @param {Bytes} bytes @param {Bytes} delimiter @param {number} from */
function indexOfBoundary(bytes, delimiter, from) {
  for (let at = byteIndexOf(bytes, carriageReturn, from); at >= 0; at = byteIndexOf(bytes, carriageReturn, at + 1)) {
    if (standsAt(bytes, delimiter, at) && afterBoundary(bytes, at + delimiter.length) !== NOT_A_BOUNDARY) return at;
  }
  return -1;
}

/** @param {Bytes} bytes @param {Bytes} wanted @param {number} at */
function standsAt(bytes, wanted, at) {
  for (let i = 0; i < wanted.length; i += 1) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** @param {Bytes} bytes @param {number} start @param {Map<string, string>} headers */
function readPartHeaders(bytes, start, headers) {
  let position = start;
  for (;;) {
    const end = indexOfLineEnd(bytes, position);
    if (end < 0) throw new TypeError('multipart form: the headers of a part are cut');
    if (end === position) return end + 2;
    const line = decodeText('utf-8', subarray(bytes, position, end), false, false);
    const colon = stringIndexOf(line, ':');
    if (colon <= 0) throw new TypeError('multipart form: a header of a part has no name');
    mapSet(headers, toLowerCase(trim(slice(line, 0, colon))), trim(slice(line, colon + 1)));
    position = end + 2;
  }
}

/** @param {Bytes} bytes @param {number} from */
function indexOfLineEnd(bytes, from) {
  for (let at = byteIndexOf(bytes, carriageReturn, from); at >= 0; at = byteIndexOf(bytes, carriageReturn, at + 1)) {
    if (bytes[at + 1] === lineFeed) return at;
  }
  return -1;
}

/** @param {any} form @param {Map<string, string>} headers @param {Bytes} content */
function appendPart(form, headers, content) {
  const { type, name, fileName } = parseDisposition(mapGet(headers, 'content-disposition') ?? '');
  if (type !== 'form-data' || name === undefined) throw new TypeError('multipart form: a part has no name');
  if (fileName === undefined) {
    addEntry(form, name, decodeText('utf-8', content, false, false));
  } else {
    const mediaType = normalType(mapGet(headers, 'content-type') ?? 'text/plain');
    addEntry(form, name, makeFile(copyBytes(content), mediaType, fileName, now()));
  }
}

/** The type, `name` and `filename` of a Content-Disposition, with the percent escapes of forms undone. @param {string} header */
function parseDisposition(header) {
  /** @type {{ type: string, name: string | undefined, fileName: string | undefined }} */
  const parameters = { type: '', name: undefined, fileName: undefined };
  let at = stringIndexOf(header, ';');
  if (at < 0) at = header.length;
  parameters.type = toLowerCase(trim(slice(header, 0, at)));
  for (;;) {
    const equals = stringIndexOf(header, '=', at);
    if (equals < 0) return parameters;
    const key = toLowerCase(trim(slice(header, lastSemicolon(header, equals) + 1, equals)));
    const start = skipBlanks(header, equals + 1);
    const isQuoted = header[start] === '"';
    const end = isQuoted ? endOfQuoted(header, start + 1) : endOfParameter(header, start);
    const text = isQuoted ? slice(header, start + 1, end) : trim(slice(header, start, end));
    const value = replace(replace(replace(text, escapedFeed, '\n'), escapedReturn, '\r'), escapedQuote, '"');
    if (key === 'name') parameters.name ??= value;
    else if (key === 'filename') parameters.fileName ??= value;
    at = end + 1;
  }
}

/** The last semicolon before `end`, or -1. @param {string} header @param {number} end */
function lastSemicolon(header, end) {
  let at = end - 1;
  while (at >= 0 && header[at] !== ';') at -= 1;
  return at;
}

/**
 * Where the quotation mark stands that ends a value. A backslash is itself, as browsers write it (`C:\`); a mark ends the value only
 * where the parameter ends, for those who put a backslash before one.
 * @param {string} header
 * @param {number} start
 */
function endOfQuoted(header, start) {
  for (let mark = stringIndexOf(header, '"', start); mark >= 0; mark = stringIndexOf(header, '"', mark + 1)) {
    const behind = skipBlanks(header, mark + 1);
    if (behind === header.length || header[behind] === ';') return mark;
  }
  return header.length;
}

/** @param {string} header @param {number} start */
function endOfParameter(header, start) {
  const end = stringIndexOf(header, ';', start);
  return end < 0 ? header.length : end;
}

/** @param {string} text @param {number} start */
function skipBlanks(text, start) {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at;
}

module.exports = { decodeMultipart, encodeMultipart };
