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
  const delimiter = encodeUtf8(`--${boundary}`);
  let position = skipPreamble(bytes, delimiter);
  for (;;) {
    position += delimiter.byteLength;
    if (bytes[position] === hyphen && bytes[position + 1] === hyphen) return form;
    position = expectLineEnd(bytes, position);
    const headers = new Map();
    position = readPartHeaders(bytes, position, headers);
    const end = indexOfBytes(bytes, delimiter, position);
    if (end < 0 || bytes[end - 2] !== carriageReturn || bytes[end - 1] !== lineFeed) {
      throw new TypeError('multipart form: a part is not terminated');
    }
    appendPart(form, headers, bytes.subarray(position, end - 2));
    position = end;
  }
}

function skipPreamble(bytes, delimiter) {
  const start = indexOfBytes(bytes, delimiter, 0);
  if (start < 0) throw new TypeError('multipart form: the boundary does not occur in the body');
  return start;
}

function expectLineEnd(bytes, position) {
  let at = position;
  while (bytes[at] === 32 || bytes[at] === 9) at += 1;
  if (bytes[at] !== carriageReturn || bytes[at + 1] !== lineFeed) {
    throw new TypeError(`multipart form: expected the end of a line at byte ${at}`);
  }
  return at + 2;
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

function indexOfBytes(bytes, wanted, from) {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    let matched = 1;
    while (matched < wanted.byteLength && bytes[at + matched] === wanted[matched]) matched += 1;
    if (matched === wanted.byteLength) return at;
  }
  return -1;
}

function appendPart(form, headers, content) {
  const disposition = headers.get('content-disposition');
  const name = disposition === undefined ? undefined : parameterOf(disposition, 'name');
  if (name === undefined || !/^form-data\s*(;|$)/i.test(disposition)) {
    throw new TypeError('multipart form: a part has no name');
  }
  const fileName = parameterOf(disposition, 'filename');
  if (fileName === undefined) form.append(name, decodeText('utf-8', content, false, false));
  else form.append(name, new File([content], fileName, { type: headers.get('content-type') ?? 'text/plain' }));
}

/** A parameter of Content-Disposition, quoted or not, with the percent escapes of forms undone. */
function parameterOf(header, name) {
  const pattern = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i');
  const found = pattern.exec(header);
  if (found === null) return undefined;
  return (found[1] ?? found[2]).replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');
}

defineInterface(FormData);
Object.defineProperty(FormData.prototype, Symbol.iterator, {
  value: FormData.prototype.entries,
  writable: true,
  configurable: true,
});

module.exports = { FormData, decodeMultipart, encodeMultipart, isFormData };
