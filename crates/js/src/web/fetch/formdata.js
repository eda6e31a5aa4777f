// FormData, after https://xhr.spec.whatwg.org/#interface-formdata, and multipart/form-data both ways (RFC 7578, with the escapes of
// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data).
'use strict';

const { concatBytes, defineInterface, definePairIterator, requireArguments, toUSVString } = require('builtins/webidl');
const { File, bytesOfBlob, isBlob } = require('web/file/blob');
const { decodeText, encodeUtf8 } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

let entriesOf;

class FormData {
  // [name, value] pairs; a value is a string or a File.
  #entries = [];

  constructor(form = undefined) {
    if (form !== undefined) throw new TypeError('FormData: there are no forms here, so the constructor takes no argument');
  }

  append(name, value, fileName = undefined) {
    requireArguments(arguments.length, 2, 'FormData.append');
    this.#entries.push(makeEntry(name, value, fileName, arguments.length, 'append'));
  }

  delete(name) {
    requireArguments(arguments.length, 1, 'FormData.delete');
    const key = toUSVString(name);
    this.#entries = this.#entries.filter((entry) => entry[0] !== key);
  }

  get(name) {
    requireArguments(arguments.length, 1, 'FormData.get');
    const key = toUSVString(name);
    return this.#entries.find((entry) => entry[0] === key)?.[1] ?? null;
  }

  getAll(name) {
    requireArguments(arguments.length, 1, 'FormData.getAll');
    const key = toUSVString(name);
    return this.#entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
  }

  has(name) {
    requireArguments(arguments.length, 1, 'FormData.has');
    const key = toUSVString(name);
    return this.#entries.some((entry) => entry[0] === key);
  }

  set(name, value, fileName = undefined) {
    requireArguments(arguments.length, 2, 'FormData.set');
    const entry = makeEntry(name, value, fileName, arguments.length, 'set');
    const index = this.#entries.findIndex((other) => other[0] === entry[0]);
    if (index < 0) {
      this.#entries.push(entry);
    } else {
      this.#entries[index] = entry;
      this.#entries = this.#entries.filter((other, place) => place <= index || other[0] !== entry[0]);
    }
  }

  forEach(callback, thisArgument = undefined) {
    requireArguments(arguments.length, 1, 'FormData.forEach');
    if (typeof callback !== 'function') throw new TypeError('FormData.forEach: the callback is not a function');
    for (let i = 0; i < this.#entries.length; i += 1) {
      const [name, value] = this.#entries[i];
      callback.call(thisArgument, value, name, this);
    }
  }

  entries() {
    this.#entries;
    return makeIterator(this, 'entries');
  }

  keys() {
    this.#entries;
    return makeIterator(this, 'keys');
  }

  values() {
    this.#entries;
    return makeIterator(this, 'values');
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return loadInspect().inspectMembers('FormData', this.#entries, depth, options);
  }

  static {
    entriesOf = (form) => form.#entries;
  }
}

const makeIterator = definePairIterator('FormData', (form, index) => entriesOf(form)[index]);

function makeEntry(name, value, fileName, given, operation) {
  const key = toUSVString(name);
  if (!isBlob(value)) {
    if (given > 2 && fileName !== undefined) {
      throw new TypeError(`FormData.${operation}: a file name needs a Blob as the value`);
    }
    return [key, toUSVString(value)];
  }
  if (value instanceof File && fileName === undefined) return [key, value];
  const chosen = fileName === undefined ? 'blob' : toUSVString(fileName);
  const options = { type: value.type, lastModified: value instanceof File ? value.lastModified : undefined };
  return [key, new File([value], chosen, options)];
}

// ---- multipart, out

function isFormData(value) {
  if (!(value instanceof FormData)) return false;
  try {
    return entriesOf(value) !== undefined;
  } catch {
    return false;
  }
}

function escapeName(text) {
  return text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
}

const normalNewlines = (text) => text.replace(/\r\n?|\n/g, '\r\n');

/** The bytes of a form and the boundary in them. */
function encodeMultipart(form) {
  const boundary = `----twinloopFormBoundary${randomText(24)}`;
  const chunks = [];
  for (const [name, value] of entriesOf(form)) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(normalNewlines(name))}"`;
    if (typeof value === 'string') {
      chunks.push(encodeUtf8(`${head}\r\n\r\n${normalNewlines(value)}\r\n`));
    } else {
      const type = value.type === '' ? 'application/octet-stream' : value.type;
      chunks.push(encodeUtf8(`${head}; filename="${escapeName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
      chunks.push(bytesOfBlob(value), encodeUtf8('\r\n'));
    }
  }
  chunks.push(encodeUtf8(`--${boundary}--\r\n`));
  return { bytes: concatBytes(chunks), boundary };
}

function randomText(length) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let text = '';
  for (let i = 0; i < length; i += 1) text += alphabet[Math.floor(Math.random() * alphabet.length)];
  return text;
}

// ---- multipart, in

const carriageReturn = 13;
const lineFeed = 10;
const hyphen = 45;

/** The form in `bytes`; throws a TypeError for what is not multipart/form-data with this boundary. */
function decodeMultipart(bytes, boundary) {
  const form = new FormData();
  // A boundary counts at the start of a line only, so its delimiter begins with the line's end (RFC 2046, section 5.1.1).
  const delimiter = encodeUtf8(`\r\n--${boundary}`);
  let position = afterFirstBoundary(bytes, delimiter);
  while (position !== END) {
    const headers = new Map();
    const start = readPartHeaders(bytes, position, headers);
    // The empty line behind the headers may be the start of the delimiter: then `end` is before `start`, and the part is empty.
    const end = indexOfBoundary(bytes, delimiter, start - 2);
    if (end < 0) throw new TypeError('multipart form: a part is not terminated');
    appendPart(form, headers, bytes.subarray(start, end));
    position = afterBoundary(bytes, end + delimiter.byteLength);
  }
  return form;
}

// What `afterBoundary` gives for a boundary that ends the form, and for the boundary's text at the start of a line of a part.
const END = -1;
const NOT_A_BOUNDARY = -2;

/** Where the line behind a boundary that ends at `position` starts: two hyphens, or white space and the end of a line, must follow. */
function afterBoundary(bytes, position) {
  if (bytes[position] === hyphen && bytes[position + 1] === hyphen) return END;
  let at = position;
  while (bytes[at] === 32 || bytes[at] === 9) at += 1;
  return bytes[at] === carriageReturn && bytes[at + 1] === lineFeed ? at + 2 : NOT_A_BOUNDARY;
}

/** The first boundary stands at the start of the body, or on a line of its own behind a preamble. */
function afterFirstBoundary(bytes, delimiter) {
  const withoutLineEnd = delimiter.subarray(2);
  if (startsWith(bytes, withoutLineEnd, 0)) {
    const after = afterBoundary(bytes, withoutLineEnd.byteLength);
    if (after !== NOT_A_BOUNDARY) return after;
  }
  const found = indexOfBoundary(bytes, delimiter, 0);
  if (found < 0) throw new TypeError('multipart form: the boundary does not occur in the body');
  return afterBoundary(bytes, found + delimiter.byteLength);
}

function indexOfBoundary(bytes, delimiter, from) {
  for (let at = bytes.indexOf(carriageReturn, from); at >= 0; at = bytes.indexOf(carriageReturn, at + 1)) {
    if (startsWith(bytes, delimiter, at) && afterBoundary(bytes, at + delimiter.byteLength) !== NOT_A_BOUNDARY) return at;
  }
  return -1;
}

function startsWith(bytes, wanted, at) {
  for (let i = 0; i < wanted.byteLength; i += 1) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

function readPartHeaders(bytes, start, headers) {
  let position = start;
  for (;;) {
    const end = indexOfLineEnd(bytes, position);
    if (end < 0) throw new TypeError('multipart form: the headers of a part are cut');
    if (end === position) return end + 2;
    const line = decodeText('utf-8', bytes.subarray(position, end), false, false);
    const colon = line.indexOf(':');
    if (colon <= 0) throw new TypeError('multipart form: a header of a part has no name');
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    position = end + 2;
  }
}

function indexOfLineEnd(bytes, from) {
  for (let at = bytes.indexOf(carriageReturn, from); at >= 0; at = bytes.indexOf(carriageReturn, at + 1)) {
    if (bytes[at + 1] === lineFeed) return at;
  }
  return -1;
}

function appendPart(form, headers, content) {
  const { type, name, fileName } = parseDisposition(headers.get('content-disposition') ?? '');
  if (type !== 'form-data' || name === undefined) throw new TypeError('multipart form: a part has no name');
  if (fileName === undefined) form.append(name, decodeText('utf-8', content, false, false));
  else form.append(name, new File([content], fileName, { type: headers.get('content-type') ?? 'text/plain' }));
}

/** The type, `name` and `filename` of a Content-Disposition, with the percent escapes of forms undone. */
function parseDisposition(header) {
  const parameters = { type: '', name: undefined, fileName: undefined };
  let at = header.indexOf(';');
  if (at < 0) at = header.length;
  parameters.type = header.slice(0, at).trim().toLowerCase();
  for (;;) {
    const equals = header.indexOf('=', at);
    if (equals < 0) return parameters;
    const key = header
      .slice(header.lastIndexOf(';', equals) + 1, equals)
      .trim()
      .toLowerCase();
    const start = skipBlanks(header, equals + 1);
    const isQuoted = header[start] === '"';
    const end = isQuoted ? endOfQuoted(header, start + 1) : endOfParameter(header, start);
    const text = isQuoted ? header.slice(start + 1, end) : header.slice(start, end).trim();
    const value = text.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');
    if (key === 'name') parameters.name ??= value;
    else if (key === 'filename') parameters.fileName ??= value;
    at = end + 1;
  }
}

/**
 * Where the quotation mark stands that ends a value. A backslash is itself, as browsers write it (`C:\`); a mark ends the value only
 * where the parameter ends, for those who put a backslash before one.
 */
function endOfQuoted(header, start) {
  for (let mark = header.indexOf('"', start); mark >= 0; mark = header.indexOf('"', mark + 1)) {
    const behind = skipBlanks(header, mark + 1);
    if (behind === header.length || header[behind] === ';') return mark;
  }
  return header.length;
}

function endOfParameter(header, start) {
  const end = header.indexOf(';', start);
  return end < 0 ? header.length : end;
}

function skipBlanks(text, start) {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at;
}

defineInterface(FormData);
Object.defineProperty(FormData.prototype, Symbol.iterator, {
  value: FormData.prototype.entries,
  writable: true,
  configurable: true,
});

module.exports = { FormData, decodeMultipart, encodeMultipart, isFormData };
