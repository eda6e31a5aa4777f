// Bodies of requests and responses, after https://fetch.spec.whatwg.org/#body-mixin.
//
// A body is one record. Its bytes are in one of five places, and stay there until someone asks in a way that needs them elsewhere:
//   bytes   a Uint8Array that nobody else writes to (also a response that had arrived whole together with its head)
//   text    a string, encoded when it is needed (also an ASCII response that had arrived whole together with its head)
//   native  a body that is still arriving: `source` is its number in Rust, and each chunk is pulled from there (BOUNDED: nothing is
//           read ahead of the reader beyond what the connection's own buffers hold)
//   stream  a ReadableStream of the program's own
//   blob    a Blob, shared
// `response.json()` on the first four is one operation in Rust: no ReadableStream is made unless `body` is touched.
'use strict';

const { bytesOf, concatBytes, isBufferSource, refuseRecord, toUSVString } = require('builtins/webidl');
const { bodyBytes, bodyCancel, bodyJson, bodyParseJson, bodyRead, bodyText, decodeText, encodeUtf8 } = ops;
const loadBlob = () => require('web/file/blob');
const loadFormdata = () => require('web/fetch/formdata');
const loadSearchParams = () => require('web/url/search_params');
const loadStreams = () => require('web/streams/streams');
const loadAbort = () => require('web/abort/abort');

class BodyRecord {
  // The stream that `body` returned, once it was asked for.
  stream = null;
  used = false;
  // The AbortSignal of the fetch; an aborted one errors whatever was not read yet.
  signal = null;
  // Set when a native body was aborted: what every later read rejects with.
  aborted = null;
  // A native body's { id, signal, listener } while it can still be canceled, and the controller of its stream once there is one.
  held = null;
  controller = null;
  constructor(kind, source, length = null) {
    this.kind = kind;
    this.source = source;
    this.length = length;
  }
}

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract: the record and the Content-Type that goes with it (or null). */
function extractBody(value) {
  if (typeof value === 'string') return [new BodyRecord('text', value), 'text/plain;charset=UTF-8'];
  if (typeof value === 'object' && value !== null) {
    const extracted = extractObject(value);
    if (extracted !== undefined) return extracted;
    refuseRecord(value, 'body');
  }
  return [new BodyRecord('text', toUSVString(value)), 'text/plain;charset=UTF-8'];
}

function extractObject(value) {
  if (isBufferSource(value)) {
    const copy = bytesOf(value).slice();
    return [new BodyRecord('bytes', copy, copy.byteLength), null];
  }
  const { isBlob } = loadBlob();
  if (isBlob(value)) return [new BodyRecord('blob', value, value.size), value.type === '' ? null : value.type];
  const { encodeMultipart, isFormData } = loadFormdata();
  if (isFormData(value)) {
    const { bytes, boundary } = encodeMultipart(value);
    return [new BodyRecord('bytes', bytes, bytes.byteLength), `multipart/form-data; boundary=${boundary}`];
  }
  if (value instanceof loadSearchParams().URLSearchParams) {
    return [new BodyRecord('text', value.toString()), 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  const { isReadableStream, recordOf, streamFrom } = loadStreams();
  if (isReadableStream(value)) {
    const stream = recordOf(value);
    if (stream.disturbed || stream.reader !== null) throw new TypeError('the body is a ReadableStream that is disturbed or locked');
    return [streamBody(value), null];
  }
  // Beyond the spec, as in Node: async iterables (a generator, a Python async iterator).
  if (typeof value[Symbol.asyncIterator] === 'function') return [streamBody(streamFrom(value)), null];
  return undefined;
}

function streamBody(stream) {
  const record = new BodyRecord('stream', stream);
  record.stream = stream;
  return record;
}

// A response that is collected unread must give its connection back.
let abandoned;

/** The body of a response that is still arriving. */
function nativeBody(id, signal) {
  const record = new BodyRecord('native', id);
  const held = { id, signal: null, listener: null };
  if (signal !== null) watchSignal(record, held, signal);
  abandoned ??= new FinalizationRegistry((value) => {
    bodyCancel(value.id);
    if (value.signal !== null) loadAbort().removeAlgorithm(value.signal, value.listener);
  });
  abandoned.register(record, held, record);
  record.held = held;
  return record;
}

/** Errors the body when the signal aborts, without keeping the body alive from a signal that lives long. */
function watchSignal(record, held, signal) {
  const weak = new WeakRef(record);
  held.signal = signal;
  held.listener = (reason) => {
    const target = weak.deref();
    if (target !== undefined) abortBody(target, reason);
  };
  loadAbort().addAlgorithm(signal, held.listener);
}

function abortBody(record, reason) {
  if (record.held === null) return;
  record.aborted = { reason };
  if (record.controller !== null) loadStreams().errorStream(record.controller, reason);
  bodyCancel(record.held.id);
  releaseNative(record);
}

/** Nothing is left to cancel: the body ended, failed or was canceled. */
function releaseNative(record) {
  const { held } = record;
  if (held === null) return;
  record.held = null;
  abandoned.unregister(record);
  if (held.signal !== null) loadAbort().removeAlgorithm(held.signal, held.listener);
}

function isUsed(record) {
  return record !== null && (record.used || (record.stream !== null && loadStreams().recordOf(record.stream).disturbed));
}

function isUnusable(record) {
  return isUsed(record) || (record?.stream?.locked ?? false);
}

// ---- the body as a stream

/** The ReadableStream of the body, made on first use. */
function streamOf(record) {
  if (record === null) return null;
  record.stream ??= makeStream(record);
  return record.stream;
}

function makeStream(record) {
  if (record.used) return spentStream();
  if (record.kind === 'native') return nativeStream(record);
  if (record.kind === 'blob') return record.source.stream();
  return bytesStream(record);
}

/** For `body` after `text()` or its like: closed and disturbed. */
function spentStream() {
  const { createStream, recordOf, cancelStream } = loadStreams();
  const stream = createStream(
    () => Promise.resolve(),
    () => Promise.resolve(),
  );
  cancelStream(recordOf(stream), undefined);
  return stream;
}

function bytesStream(record) {
  const { createStream, enqueue, closeController } = loadStreams();
  let given = false;
  return createStream(
    async (controller) => {
      if (record.signal?.aborted) throw record.signal.reason;
      const bytes = given ? undefined : knownBytes(record);
      given = true;
      if (bytes !== undefined && bytes.byteLength > 0) enqueue(controller, bytes.slice());
      else closeController(controller);
    },
    async () => undefined,
  );
}

function nativeStream(record) {
  const { closeController, createStream, enqueue, errorStream, recordOf } = loadStreams();
  const id = record.source;
  const stream = createStream(
    async (controller) => {
      try {
        const chunk = await bodyRead(id);
        if (record.aborted !== null) return;
        if (chunk === undefined) {
          releaseNative(record);
          closeController(controller);
        } else {
          enqueue(controller, chunk);
        }
      } catch (error) {
        if (record.aborted !== null) throw record.aborted.reason;
        releaseNative(record);
        throw bodyError(error);
      }
    },
    async () => {
      bodyCancel(id);
      releaseNative(record);
    },
  );
  record.controller = recordOf(stream).controller;
  if (record.aborted !== null) errorStream(record.controller, record.aborted.reason);
  return stream;
}

/** What a read rejects with when the network failed in the middle of a body: `terminated`, and the reason as its cause. */
function bodyError(error) {
  return new TypeError('terminated', { cause: error });
}

// ---- the body as a whole

function knownBytes(record) {
  if (record.kind === 'bytes') return record.source;
  if (record.kind === 'text') return encodeUtf8(record.source);
  return loadBlob().bytesOfBlob(record.source);
}

const emptyBytes = new Uint8Array(0);

/**
 * Reads the body to its end. `finish(bytes)` makes the value from bytes that are here; `whole(id)` is the operation that reads
 * a native body and makes the value in Rust; `fromText(text)`, if there is one, makes it from a body that is a string.
 */
function consume(record, finish, whole, fromText = undefined) {
  try {
    if (record === null) return Promise.resolve(finish(emptyBytes));
    if (isUnusable(record)) return Promise.reject(new TypeError('Body is unusable: Body has already been read'));
    if (record.stream !== null) return readAll(record.stream).then(finish);
    record.used = true;
    if (record.kind === 'native') return consumeNative(record, whole);
    if (record.signal?.aborted) return Promise.reject(record.signal.reason);
    if (record.kind === 'text' && fromText !== undefined && !startsWithMark(record.source)) {
      return Promise.resolve(fromText(record.source));
    }
    return Promise.resolve(finish(knownBytes(record)));
  } catch (error) {
    return Promise.reject(error);
  }
}

const startsWithMark = (text) => text.charCodeAt(0) === 0xfeff;

function consumeNative(record, whole) {
  if (record.aborted !== null) return Promise.reject(record.aborted.reason);
  return whole(record.source).then(
    (value) => {
      releaseNative(record);
      return value;
    },
    (error) => {
      if (record.aborted !== null) throw record.aborted.reason;
      releaseNative(record);
      throw error instanceof SyntaxError ? error : bodyError(error);
    },
  );
}

async function readAll(stream) {
  const { acquireReader, cancelStream, readPromise, recordOf } = loadStreams();
  const reader = acquireReader(recordOf(stream));
  const chunks = [];
  let total = 0;
  for (;;) {
    const { value, done } = await readPromise(reader);
    if (done) return concatBytes(chunks, total);
    if (!(value instanceof Uint8Array)) {
      const error = new TypeError('the body gave a chunk that is not a Uint8Array');
      cancelStream(reader.stream, error).catch(() => undefined);
      throw error;
    }
    chunks.push(value);
    total += value.byteLength;
  }
}

const decode = (bytes) => decodeText('utf-8', bytes, false, false);
const parse = (bytes) => bodyParseJson(bytes);
const asItIs = (text) => text;
const { parse: parseText } = JSON;
const wholeText = (id) => bodyText(id);
const wholeJson = (id) => bodyJson(id);
const wholeBytes = (id) => bodyBytes(id);

/** Bytes that the caller may keep and change. */
function ownBytes(record) {
  return (bytes) => (record !== null && record.kind !== 'text' && record.stream === null ? bytes.slice() : bytes);
}

/**
 * Adds the members of the Body mixin to a class. `recordOf(object)` gives the record (or null) and throws for a foreign object;
 * `typeOf(object)` gives the Content-Type (or null).
 */
function installBody(Class, recordOf, typeOf) {
  /** As `consume`, but a foreign `this` rejects instead of throwing. */
  function start(object, finishFor, whole, fromText = undefined) {
    let record;
    try {
      record = recordOf(object);
    } catch (error) {
      return Promise.reject(error);
    }
    return consume(record, finishFor(record), whole, fromText);
  }

  const members = {
    get body() {
      return streamOf(recordOf(this));
    },
    get bodyUsed() {
      return isUsed(recordOf(this));
    },
    arrayBuffer() {
      return start(this, ownBytes, wholeBytes).then(exactBuffer);
    },
    blob() {
      return start(this, ownBytes, wholeBytes).then((bytes) => {
        const { makeBlob } = loadBlob();
        return makeBlob(bytes, serialMimeType(typeOf(this)));
      });
    },
    bytes() {
      return start(this, ownBytes, wholeBytes);
    },
    formData() {
      return start(this, () => (bytes) => bytes, wholeBytes).then((bytes) => decodeForm(bytes, typeOf(this)));
    },
    json() {
      return start(this, () => parse, wholeJson, parseText);
    },
    text() {
      return start(this, () => decode, wholeText, asItIs);
    },
  };
  Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(members));
}

function exactBuffer(bytes) {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

// ---- Content-Type

/** { essence, parameters } of a MIME type (https://mimesniff.spec.whatwg.org/#parsing-a-mime-type), or null. */
function parseMimeType(text) {
  if (text === null) return null;
  const [essence, ...rest] = splitOutsideQuotes(text);
  const trimmed = essence.trim().toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+\/[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(trimmed)) return null;
  const parameters = new Map();
  for (const item of rest) {
    const equals = item.indexOf('=');
    if (equals < 0) continue;
    const name = item.slice(0, equals).trim().toLowerCase();
    let value = item.slice(equals + 1).trim();
    if (value.startsWith('"'))
      value = value
        .slice(1)
        .replace(/"[^"]*$/, '')
        .replace(/\\(.)/g, '$1');
    if (name !== '' && value !== '' && !parameters.has(name)) parameters.set(name, value);
  }
  return { essence: trimmed, parameters };
}

function splitOutsideQuotes(text) {
  const parts = [''];
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '"') quoted = !quoted;
    if (quoted && text[i] === '\\') parts[parts.length - 1] += text[i++];
    if (text[i] === ';' && !quoted) parts.push('');
    else parts[parts.length - 1] += text[i] ?? '';
  }
  return parts;
}

function serialMimeType(text) {
  const type = parseMimeType(text);
  if (type === null) return '';
  let serial = type.essence;
  for (const [name, value] of type.parameters) {
    serial += /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value) ? `;${name}=${value}` : `;${name}="${value.replace(/["\\]/g, '\\$&')}"`;
  }
  return serial;
}

function decodeForm(bytes, contentType) {
  const type = parseMimeType(contentType);
  const { FormData, decodeMultipart } = loadFormdata();
  if (type?.essence === 'multipart/form-data' && type.parameters.has('boundary')) {
    return decodeMultipart(bytes, type.parameters.get('boundary'));
  }
  if (type?.essence === 'application/x-www-form-urlencoded') {
    const form = new FormData();
    for (const [name, value] of new (loadSearchParams().URLSearchParams)(decodeText('utf-8', bytes, false, false)))
      form.append(name, value);
    return form;
  }
  throw new TypeError(`formData: the Content-Type is not that of a form: ${contentType ?? 'none'}`);
}

/** A second record with the same content; the first may change its place (https://fetch.spec.whatwg.org/#concept-body-clone). */
function cloneBody(record) {
  if (record === null) return null;
  if (record.stream === null && record.kind !== 'native') {
    const copy = new BodyRecord(record.kind, record.source, record.length);
    copy.signal = record.signal;
    return copy;
  }
  const [first, second] = loadStreams().teeStream(streamOf(record), 0, copyChunk);
  record.stream = first;
  return streamBody(second);
}

function copyChunk(chunk) {
  return ArrayBuffer.isView(chunk) ? bytesOf(chunk).slice() : structuredClone(chunk);
}

module.exports = { BodyRecord, cloneBody, extractBody, installBody, isUnusable, isUsed, knownBytes, nativeBody, streamBody, streamOf };
