// Bodies of requests and responses, after https://fetch.spec.whatwg.org/#body-mixin.
//
// A body is one record. Its bytes are in one of five places, and stay there until someone asks in a way that needs them elsewhere:
//   bytes   a Uint8Array that nobody else writes to (also a response that had arrived whole together with its head)
//   text    a string, encoded when it is needed (also an ASCII response that had arrived whole together with its head)
//   native  a body that is in Rust, or still arriving there: `source` is its number, and each chunk is pulled from there (BOUNDED: nothing is
//           read ahead of the reader beyond what the connection's own buffers hold)
//   stream  a ReadableStream of the program's own
//   blob    a Blob, shared
// `response.json()` on the first four is one operation in Rust: no ReadableStream is made unless `body` is touched.
'use strict';

const {
  FinalizationRegistry,
  Promise,
  WeakRef,
  catchRejection,
  charCodeAt,
  copyBytes,
  defineProperty,
  deref,
} = require('builtins/primordials');
const { getOwnPropertyDescriptor, keys, mapGet, parseJson, push, register, reject, resolve, then } = require('builtins/primordials');
const { unregister, viewByteLength, viewBuffer, arrayBufferByteLength } = require('builtins/primordials');
const { forgetAbortable, givenUp, noteAbortable, notesAbortables } = require('builtins/abortable');
const { bytesOf, bytesOfChunk, concatBytes, isBufferSource, isObject, isUint8Array, refuseRecord } = require('builtins/webidl');
const { toUSVString } = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const { bodyBuffer, bodyBytes, bodyCancel, bodyClone, bodyJson, bodyKeep, bodyKept, bodyParseJson, bodyRead, bodyText } = ops;
const { decodeText, enqueueMicrotask } = ops;
const loadBlob = () => require('web/file/blob');
const loadFormdata = () => require('web/fetch/formdata');
const loadMultipart = () => require('web/fetch/multipart');
const loadMime = () => require('web/fetch/mime');
const loadSearchParams = () => require('web/url/search_params');
const loadBytes = () => require('web/streams/byte_algorithms');
const loadStreams = () => require('web/streams/readable_stream');
const loadClone = () => require('web/html/structured_clone');
const loadAbort = () => require('web/abort/abort');
const loadDecoder = () => require('web/encoding/streams');
const loadPipe = () => require('web/streams/pipe');
const loadWritable = () => require('web/streams/writable_stream');

const plainPipe = { preventAbort: false, preventCancel: false, preventClose: false, signal: undefined };

/** @typedef {'bytes' | 'kept' | 'text' | 'native' | 'stream' | 'blob'} BodyKind */
/** A native body while it can still be canceled. @typedef {{ id: number, signal: any, listener: ((reason: any) => void) | null }} Held */

class BodyRecord {
  kind;
  source;
  /** The stream that `body` returned, once it was asked for. @type {Stream | null} */
  stream = null;
  used = false;
  /** Whether another record has the same `source`: then nobody may keep it. */
  shared = false;
  /** The AbortSignal of the fetch; an aborted one errors whatever was not read yet. @type {any} */
  signal = null;
  /** Set when a native body was aborted: what every later read rejects with. @type {{ reason: any } | null} */
  aborted = null;
  /** @type {Held | null} */
  held = null;
  /** The controller of a native body's stream, once there is one. @type {ControllerSlots | null} */
  controller = null;
  /** What a read of it failed with, as the network did. @type {any} */
  failure = undefined;
  /** @param {BodyKind} kind @param {any} source */
  constructor(kind, source) {
    this.kind = kind;
    this.source = source;
  }
}

const textType = 'text/plain;charset=UTF-8';

/** From here on the bytes of a Response stand where they are sent from: the copy that must be made is the only one. */
const largeBody = 16 * 1024;

/** As `extractBody`, for a Response. @param {any} value @returns {Extracted} */
function extractAnswer(value) {
  if (!isObject(value) || !isBufferSource(value)) return extractBody(value);
  const bytes = bytesOf(value);
  if (viewByteLength(bytes) < largeBody) return extractBody(value);
  return { body: new BodyRecord('kept', bodyKeep(bytes)), type: null };
}

/** A body and the Content-Type that goes with it (or null). @typedef {{ body: BodyRecord, type: string | null }} Extracted */

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract @param {any} value @returns {Extracted} */
function extractBody(value) {
  if (typeof value === 'string') return { body: new BodyRecord('text', value), type: textType };
  if (typeof value === 'object' && value !== null) {
    const extracted = extractObject(value);
    if (extracted !== undefined) return extracted;
    refuseRecord(value, 'body');
  }
  return { body: new BodyRecord('text', toUSVString(value)), type: textType };
}

/** @param {any} value @returns {Extracted | undefined} */
function extractObject(value) {
  if (isBufferSource(value)) return { body: new BodyRecord('bytes', copyBytes(bytesOf(value))), type: null };
  const { isBlob, typeOfBlob } = loadBlob();
  if (isBlob(value)) return { body: new BodyRecord('blob', value), type: typeOfBlob(value) === '' ? null : typeOfBlob(value) };
  if (loadFormdata().isFormData(value)) {
    const { bytes, boundary } = loadMultipart().encodeMultipart(value);
    return { body: new BodyRecord('bytes', bytes), type: `multipart/form-data; boundary=${boundary}` };
  }
  const { isSearchParams, queryOf } = loadSearchParams();
  if (isSearchParams(value)) {
    return { body: new BodyRecord('text', queryOf(value)), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  }
  const { isReadableStream, recordOf, streamFrom } = loadStreams();
  if (isReadableStream(value)) {
    const stream = recordOf(value);
    if (stream.disturbed || stream.reader !== null) throw new TypeError('the body is a ReadableStream that is disturbed or locked');
    return { body: streamBody(value), type: null };
  }
  // Beyond the spec, as in Node: async iterables (a generator, a Python async iterator).
  if (typeof value[Symbol.asyncIterator] === 'function') return { body: streamBody(streamFrom(value)), type: null };
  return undefined;
}

/** @param {Stream} stream */
function streamBody(stream) {
  const record = new BodyRecord('stream', stream);
  record.stream = stream;
  return record;
}

/** A response that is collected unread must give its connection back. @type {FinalizationRegistry<Held> | undefined} */
let abandoned;

/** The body of a response that is still arriving. @param {number} id @param {any} signal */
function nativeBody(id, signal) {
  const record = new BodyRecord('native', id);
  /** @type {Held} */
  const held = { id, signal: null, listener: null };
  if (signal !== null) watchSignal(record, held, signal);
  abandoned ??= new FinalizationRegistry((value) => {
    bodyCancel(value.id);
    if (value.listener !== null) loadAbort().removeAlgorithm(value.signal, value.listener);
  });
  register(abandoned, record, held, record);
  record.held = held;
  return record;
}

/**
 * The body that an operation gave: the number of one that arrives, a text, bytes, or bytes that are kept.
 * @param {number | string | Bytes | KeptBytes} content @param {any} [signal]
 */
function givenBody(content, signal = null) {
  if (typeof content === 'number') return nativeBody(content, signal);
  const kind = typeof content === 'string' ? 'text' : isUint8Array(content) ? 'bytes' : 'kept';
  const record = new BodyRecord(kind, content);
  record.signal = signal;
  return record;
}

/**
 * Errors the body when the signal aborts, without keeping the body alive from a signal that lives long.
 * @param {BodyRecord} record @param {Held} held @param {any} signal
 */
function watchSignal(record, held, signal) {
  const weak = new WeakRef(record);
  held.signal = signal;
  held.listener = (reason) => {
    const target = deref(weak);
    if (target !== undefined) abortBody(target, reason);
  };
  loadAbort().addAlgorithm(signal, held.listener);
}

/** @param {BodyRecord} record @param {any} reason */
function abortBody(record, reason) {
  if (record.held === null) return;
  record.aborted = { reason };
  if (record.controller !== null) loadStreams().errorStream(record.controller, reason);
  bodyCancel(record.held.id);
  releaseNative(record);
}

/** Nothing is left to cancel: the body ended, failed or was canceled. @param {BodyRecord} record */
function releaseNative(record) {
  const { held } = record;
  if (held === null) return;
  record.held = null;
  if (abandoned !== undefined) unregister(abandoned, record);
  if (held.listener !== null) loadAbort().removeAlgorithm(held.signal, held.listener);
}

/** Whoever reads the body goes by its number from now on: it is used, and no longer canceled when it is forgotten. @param {BodyRecord} record */
function takeNative(record) {
  record.used = true;
  releaseNative(record);
}

/** @param {BodyRecord | null} record */
function isUsed(record) {
  return record !== null && (record.used || (record.stream !== null && loadStreams().recordOf(record.stream).disturbed));
}

/** @param {BodyRecord | null} record */
function isUnusable(record) {
  return isUsed(record) || (record !== null && record.stream !== null && loadStreams().recordOf(record.stream).reader !== null);
}

/** @param {any} signal */
function isAborted(signal) {
  return signal !== null && loadAbort().isAborted(signal);
}

// ---- the body as a stream

/** The ReadableStream of the body, made on first use. @param {BodyRecord | null} record */
function streamOf(record) {
  if (record === null) return null;
  record.stream ??= makeStream(record);
  return record.stream;
}

/** @param {BodyRecord} record */
function makeStream(record) {
  if (record.used) return loadStreams().spentStream();
  const stream = streamWith(record);
  loadStreams().recordOf(stream).origin = record;
  return stream;
}

/** @param {BodyRecord} record */
function streamWith(record) {
  if (record.kind === 'native') return nativeStream(record);
  return record.kind === 'blob' ? loadBlob().streamOfBlob(record.source) : bytesStream(record);
}

/**
 * What a usable body is in the end, for whoever takes it without its stream. Frameworks change a response's headers by making another one of its stream, from
 * which nobody has read: that is locked from then on, and the body behind it is taken.
 * @param {BodyRecord} record @returns {BodyRecord | undefined} nothing, if there is no more than a stream
 */
function takeOrigin(record) {
  if (record.stream === null) return isTakeable(record) ? record : undefined;
  const { acquireReader, recordOf } = loadStreams();
  const stream = recordOf(record.stream);
  /** @type {BodyRecord | null} */
  const origin = stream.origin;
  if (origin === null || stream.state !== 'readable' || !isTakeable(origin)) return undefined;
  acquireReader(stream);
  stream.disturbed = true;
  return origin;
}

/** Whether nobody can abort it. @param {BodyRecord} record */
function isTakeable(record) {
  return record.kind === 'native' ? record.signal === null && record.aborted === null : !isAborted(record.signal);
}

/** @param {BodyRecord} record */
function bytesStream(record) {
  const { closeOwn, enqueueOwn } = loadBytes();
  let given = false;
  return loadStreams().createByteStream((controller) => {
    if (isAborted(record.signal)) throw record.signal.reason;
    const bytes = given ? undefined : chunkOf(record);
    given = true;
    if (bytes !== undefined && viewByteLength(bytes) > 0) enqueueOwn(controller, bytes);
    else closeOwn(controller);
  });
}

/** All bytes of a body that is here, for whoever may write to them. @param {BodyRecord} record @returns {Bytes} */
function chunkOf(record) {
  return record.kind === 'kept' && !record.shared ? bodyKept(record.source, true) : copyBytes(knownBytes(record));
}

/** @param {BodyRecord} record */
function nativeStream(record) {
  const { createByteStream, errorStream, recordOf } = loadStreams();
  const { closeOwn, enqueueOwn } = loadBytes();
  const id = record.source;
  const stream = createByteStream(
    async (controller) => {
      try {
        const chunk = await bodyRead(id);
        if (record.aborted !== null) return;
        if (chunk === undefined) {
          releaseNative(record);
          closeOwn(controller);
        } else {
          enqueueOwn(controller, chunk);
        }
      } catch (error) {
        if (record.aborted !== null) throw record.aborted.reason;
        releaseNative(record);
        throw bodyError(record, error);
      }
    },
    () => {
      bodyCancel(id);
      releaseNative(record);
    },
  );
  record.controller = recordOf(stream).controller;
  if (record.aborted !== null) errorStream(record.controller, record.aborted.reason);
  return stream;
}

/** The class, which takes its bodies from here and is there where a server is. @type {any} */
let ResponseClass;

/** @param {any} made */
function setResponseClass(made) {
  ResponseClass = made;
}

/**
 * What a read rejects with when the network failed in the middle of a body: `terminated`, and the reason as its cause.
 * @param {BodyRecord} record @param {any} error
 */
function bodyError(record, error) {
  if (error?.status !== 413) {
    record.failure = new TypeError('terminated', { cause: error });
    return record.failure;
  }
  // Frameworks look for the status that their client gets; Hono for a whole answer, and takes any other error for a fault of the program.
  const failure = /** @type {any} */ (new TypeError('the body is longer than the limit of the server', { cause: error }));
  failure.status = 413;
  const getResponse = () => new ResponseClass('Payload Too Large', { status: 413 });
  defineProperty(failure, 'getResponse', { value: getResponse, configurable: true, writable: true });
  defineProperty(failure, tooLong, { value: true });
  return failure;
}

/** What a read of a request's body has failed with that was longer than its server takes. */
const tooLong = Symbol('body.tooLong');

/** Whether an error says that a client has sent too much. @param {any} error */
function isTooLong(error) {
  return error?.[tooLong] === true;
}

// ---- the body as a whole

/** The bytes of a body that is here; nobody may write to them. @param {BodyRecord} record @returns {Bytes} */
function knownBytes(record) {
  if (record.kind === 'bytes') return record.source;
  if (record.kind === 'kept') return bodyKept(record.source, false);
  if (record.kind === 'text') return encodeUtf8(record.source);
  return loadBlob().bytesOfBlob(record.source);
}

/** @type {Bytes} */
const emptyBytes = new Uint8Array(0);

/**
 * Reads the body to its end. `finish(bytes)` makes the value from bytes that are here; `whole(source)` is the operation that reads
 * a native body, or takes what is kept, and makes the value in Rust; `fromText(text)`, if there is one, makes it from a body that is a string.
 * @param {BodyRecord | null} record
 * @param {(bytes: Bytes) => any} finish
 * @param {(source: any) => any} whole
 * @param {((text: string) => any) | undefined} fromText
 * @returns {Promise<any>}
 */
function consume(record, finish, whole, fromText) {
  try {
    if (record === null) return resolve(finish(emptyBytes));
    if (isUnusable(record)) return reject(new TypeError('Body is unusable: Body has already been read'));
    if (record.stream !== null) return readAll(record.stream, finish);
    record.used = true;
    if (record.kind === 'native') return consumeNative(record, whole);
    if (isAborted(record.signal)) return reject(record.signal.reason);
    if (record.kind === 'kept' && !record.shared) return resolve(whole(record.source));
    if (record.kind === 'text' && fromText !== undefined && charCodeAt(record.source, 0) !== 0xfeff)
      return resolve(fromText(record.source));
    return resolve(finish(knownBytes(record)));
  } catch (error) {
    return reject(error);
  }
}

/** @param {BodyRecord} record @param {(source: any) => any} whole */
function consumeNative(record, whole) {
  if (record.aborted !== null) return reject(record.aborted.reason);
  /** @type {Promise<any>} */
  const promise = then(
    whole(record.source),
    (value) => {
      forgetAbortable(promise);
      releaseNative(record);
      return value;
    },
    (error) => {
      forgetAbortable(promise);
      if (record.aborted !== null) throw record.aborted.reason;
      releaseNative(record);
      throw error instanceof SyntaxError ? error : bodyError(record, error);
    },
  );
  return notesAbortables() ? noteAbortable(promise, () => abortBody(record, givenUp())) : promise;
}

/**
 * What `finish` makes of all bytes. No promise is resolved with an object on the way: a program may have put a `then` on all of them.
 * @param {Stream} stream @param {(bytes: Bytes) => any} finish @returns {Promise<any>}
 */
function readAll(stream, finish) {
  const { acquireReader, cancelStream, readFrom, recordOf } = loadStreams();
  const record = recordOf(stream);
  const reader = acquireReader(record);
  /** @type {Bytes[]} */
  const chunks = [];
  let total = 0;
  return new Promise((succeed, fail) => {
    const next = () => readFrom(reader, request);
    const request = {
      /** @param {any} value */
      chunk(value) {
        const bytes = bytesOfChunk(value);
        if (bytes === undefined) {
          const error = new TypeError('the body gave a chunk that is not a Uint8Array');
          catchRejection(cancelStream(record, error), () => undefined);
          fail(error);
          return;
        }
        push(chunks, bytes);
        total += viewByteLength(bytes);
        // Not from here: a stream may have any number of chunks in its queue.
        enqueueMicrotask(next);
      },
      close() {
        try {
          succeed(finish(concatBytes(chunks, total)));
        } catch (error) {
          fail(error);
        }
      },
      error: fail,
    };
    next();
  });
}

/** @param {Bytes} bytes */
const decode = (bytes) => decodeText('utf-8', bytes, false, false);
/** A byte order mark is text like the rest. @param {Bytes} bytes */
const decodeWithMark = (bytes) => decodeText('utf-8', bytes, false, true);
/** @param {Bytes} bytes */
const parse = (bytes) => bodyParseJson(bytes);
/** @param {string} text */
const parseText = (text) => parseJson(text);
/** @template T @param {T} value */
const asItIs = (value) => value;
/** @param {any} source */
const wholeText = (source) => bodyText(source);
/** @param {any} source */
const wholeJson = (source) => bodyJson(source);
/** @param {any} source */
const wholeBytes = (source) => bodyBytes(source);
/** @param {any} source */
const wholeBuffer = (source) => bodyBuffer(source);

/** Makes of a body's bytes what the caller may keep and change. @param {BodyRecord | null} record */
function ownBytes(record) {
  if (record === null) return copyBytes;
  if (record.stream !== null || record.kind === 'text') return asItIs;
  // What was copied for this record is read once, so it can be given away.
  return record.kind === 'bytes' && !record.shared ? asItIs : copyBytes;
}

/** The same for its buffer. @param {BodyRecord | null} record */
function ownBuffer(record) {
  return ownBytes(record) === copyBytes ? copiedBuffer : exactBuffer;
}

/** @param {Bytes} bytes */
function copiedBuffer(bytes) {
  return viewBuffer(copyBytes(bytes));
}

/** Everything in the body, for who does not change it. @param {BodyRecord | null} record @returns {Promise<Bytes>} */
function bytesOfBody(record) {
  return consume(record, asItIs, wholeBytes, undefined);
}

/**
 * Adds the members of the Body mixin to a class. `recordOf(object)` gives the record (or null) and throws for a foreign object;
 * `typeOf(object)` gives the Content-Type (or null).
 * @param {Function} Class
 * @param {(object: any) => BodyRecord | null} recordOf
 * @param {(object: any) => string | null} typeOf
 */
function installBody(Class, recordOf, typeOf) {
  /**
   * As `consume`, but a foreign `this` rejects instead of throwing.
   * @param {any} object
   * @param {(record: BodyRecord | null) => (bytes: Bytes) => any} finishFor
   * @param {(source: any) => any} whole
   * @param {((text: string) => any) | undefined} [fromText]
   */
  function start(object, finishFor, whole, fromText = undefined) {
    let record;
    try {
      record = recordOf(object);
    } catch (error) {
      return reject(error);
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
      return start(this, ownBuffer, wholeBuffer);
    },
    blob() {
      return then(start(this, ownBytes, wholeBytes), (bytes) => loadBlob().makeBlob(bytes, loadMime().serialMimeType(typeOf(this))));
    },
    bytes() {
      return start(this, ownBytes, wholeBytes);
    },
    formData() {
      return then(
        start(this, () => asItIs, wholeBytes),
        (bytes) => decodeForm(bytes, typeOf(this)),
      );
    },
    json() {
      return start(this, () => parse, wholeJson, parseText);
    },
    text() {
      return start(this, () => decode, wholeText, asItIs);
    },
    textStream() {
      const record = recordOf(this);
      if (isUnusable(record)) throw new TypeError('Body is unusable: Body has already been read');
      const { readable, writable } = new (loadDecoder().TextDecoderStream)();
      const bytes = streamOf(record ?? new BodyRecord('bytes', new Uint8Array(0)));
      catchRejection(
        loadPipe().pipe(loadStreams().recordOf(/** @type {any} */ (bytes)), loadWritable().recordOf(writable), plainPipe),
        () => undefined,
      );
      return readable;
    },
  };
  const names = keys(members);
  for (let i = 0; i < names.length; i += 1) {
    defineProperty(Class.prototype, names[i], /** @type {any} */ (getOwnPropertyDescriptor(members, names[i])));
  }
}

/** The buffer of bytes that are all of it, or a copy. @param {Bytes} bytes */
function exactBuffer(bytes) {
  const buffer = viewBuffer(bytes);
  return viewByteLength(bytes) === arrayBufferByteLength(buffer) ? buffer : copiedBuffer(bytes);
}

/** @param {Bytes} bytes @param {string | null} contentType */
function decodeForm(bytes, contentType) {
  const type = loadMime().parseMimeType(contentType);
  const boundary = type === null ? undefined : mapGet(type.parameters, 'boundary');
  if (type?.essence === 'multipart/form-data' && boundary !== undefined) return loadMultipart().decodeMultipart(bytes, boundary);
  if (type?.essence === 'application/x-www-form-urlencoded') {
    const { FormData, addEntry } = loadFormdata();
    const form = new FormData();
    const pairs = loadSearchParams().parseQuery(decodeWithMark(bytes));
    for (let i = 0; i < pairs.length; i += 1) addEntry(form, pairs[i][0], pairs[i][1]);
    return form;
  }
  throw new TypeError(`formData: the Content-Type is not that of a form: ${contentType ?? 'none'}`);
}

/**
 * A second record with the same content; the first may change its place (https://fetch.spec.whatwg.org/#concept-body-clone).
 * @param {BodyRecord | null} record
 */
function cloneBody(record) {
  if (record === null) return null;
  if (record.stream === null && record.kind !== 'native') {
    const copy = new BodyRecord(record.kind, record.source);
    copy.signal = record.signal;
    copy.shared = true;
    record.shared = true;
    return copy;
  }
  const twin = record.stream === null && record.aborted === null ? bodyClone(record.source) : undefined;
  if (twin !== undefined) {
    return nativeBody(twin, record.signal);
  }
  const branches = loadStreams().teeStream(/** @type {Stream} */ (streamOf(record)), 0, copyChunk);
  record.stream = branches[0];
  return streamBody(branches[1]);
}

/** A chunk for the second branch, of the same type. @param {any} chunk */
function copyChunk(chunk) {
  return isUint8Array(chunk) ? copyBytes(chunk) : loadClone().cloneValue(chunk);
}

module.exports = {
  BodyRecord,
  bytesOfBody,
  cloneBody,
  extractAnswer,
  extractBody,
  givenBody,
  installBody,
  isTooLong,
  isUnusable,
  isUsed,
  knownBytes,
  setResponseClass,
  streamBody,
  streamOf,
  takeNative,
  takeOrigin,
};
