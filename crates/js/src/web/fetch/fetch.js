// fetch, after https://fetch.spec.whatwg.org/#fetch-method. The network part (redirects, pool, TLS, content coding, data: URLs) is Rust's;
// here are the arguments, the abort signal, uploads from streams, and the making of a Response.
//
// The hot path, a fetch without a signal, is one operation (`fetchStart`), which gives a ResponseHead, and one `then`.
'use strict';

const {
  Promise,
  catchRejection,
  defineProperty,
  exec,
  hasOwn,
  max,
  min,
  regExp,
  reject,
  startsWith,
  test,
} = require('builtins/primordials');
const { stringIncludes, subarray, then, toWellFormed, viewByteLength } = require('builtins/primordials');
const { forgetAbortable, givenUp, noteAbortable, notesAbortables } = require('builtins/abortable');
const { bytesOfChunk, hidden } = require('builtins/webidl');
const { ResponseRecord, makeResponse } = require('web/fetch/response');
const { givenBody, knownBytes } = require('web/fetch/body');
const { baseUrl, bodyCancel, fetchAbort, fetchStart, integrityAllows, uploadClose, uploadOpen, uploadWrite } = ops;
const loadRequest = () => require('web/fetch/request');
const loadAbort = () => require('web/abort/abort');
const loadBlob = () => require('web/file/blob');
const loadObjectUrls = () => require('web/file/object_urls');
const loadUrl = () => require('web/url/url');
const loadStreams = () => require('web/streams/readable_stream');

/** @typedef {{ content: null | string | Bytes | number, cancel: ((reason: any) => void) | undefined, failure: any }} Upload */

const rangeLine = regExp(/\nrange:([^\n]*)/);
const conditional = regExp(/^if-(?:modified-since|none-match|unmodified-since|match|range):/m);
const byteRange = regExp(/^bytes[\t ]*=[\t ]*([0-9]*)[\t ]*-[\t ]*([0-9]*)$/);
/** Where the program is, if it says so: where its requests come from. */
const here = baseUrl();

// Numbers the fetches that can be aborted, and the uploads; 0 is neither.
let lastNumber = 0;

/**
 * The error of a fetch that fails is made when it starts, so that its stack names the program's line; that costs a microsecond or two,
 * so a fetch of the same URL as the one before goes without, unless that one failed.
 * @type {string | undefined}
 */
let lastUrl;

/** @param {string} url */
function failureFor(url) {
  if (url === lastUrl) return null;
  lastUrl = url;
  return new TypeError('fetch failed');
}

/** @param {any} input @param {any} [init] @returns {Promise<any>} */
function fetch(input, init = undefined) {
  if (arguments.length === 0) return reject(new TypeError('fetch: 1 argument required, but only 0 present'));
  if (init === undefined && typeof input === 'string' && here === undefined && !startsWith(input, 'blob:')) {
    const failure = failureFor(input);
    const onFailure = failure === null ? networkError : (/** @type {any} */ error) => networkError(error, failure);
    const number = abortableNumber();
    return settled(fetchStart('GET', toWellFormed(input), '', null, 'follow', number), onFailure, number);
  }
  try {
    return start(loadRequest().readRequest(input, init, 'fetch'));
  } catch (error) {
    return reject(error);
  }
}

/** @param {RequestSlots} record */
function start(record) {
  const { signal } = record;
  const failure = failureFor(record.url);
  if (signal !== null) {
    if (loadAbort().isAborted(signal)) {
      loadRequest().requireUrl(record.url);
      cancelUpload(record.body, signal.reason);
      return reject(signal.reason);
    }
    return startAbortable(record, signal, failure);
  }
  const upload = prepareBody(record.body);
  const number = abortableNumber();
  const onFailure = (/** @type {any} */ error) => networkError(error, failure, reasonOf(error, upload));
  return settled(startWith(record, upload, number), onFailure, number);
}

/** The number of a fetch without a signal: only where who waits for it can be cancelled it may be given up. */
function abortableNumber() {
  return notesAbortables() ? (lastNumber += 1) : 0;
}

/** @param {Promise<ResponseHead>} started @param {(error: any) => never} onFailure @param {number} number @returns {Promise<any>} */
function settled(started, onFailure, number) {
  if (number === 0) return then(started, responseFrom, onFailure);
  let isGivenUp = false;
  /** @type {Promise<any>} */
  const promise = then(
    started,
    (head) => {
      forgetAbortable(promise);
      return responseFrom(head);
    },
    (error) => {
      forgetAbortable(promise);
      if (isGivenUp) throw givenUp();
      return onFailure(error);
    },
  );
  return noteAbortable(promise, () => {
    isGivenUp = true;
    fetchAbort(number);
  });
}

/** @param {RequestSlots} record @param {Upload} upload @param {number} number @returns {Promise<ResponseHead>} */
function startWith(record, upload, number) {
  const { cache, integrity, method, mode, redirect, url } = record;
  if (cache === 'only-if-cached') return reject(new Error(`there is no cache that could have ${url}`));
  if (mode === 'same-origin' && !isHere(url)) return reject(new Error(`${url} is not of the same origin`));
  if (startsWith(url, 'blob:')) return fetchBlob(record);
  const headers = withCache(cache, loadRequest().headerText(record));
  const provenance = provenanceOf(record);
  if (integrity === '' && provenance === undefined) return fetchStart(method, url, headers, upload.content, redirect, number);
  return fetchStart(method, url, headers, upload.content, redirect, number, integrity, provenance);
}

/** Whether the URL has the origin of the program, if that is anywhere; blob: and data: URLs are its own. @param {string} url */
function isHere(url) {
  if (here === undefined) return true;
  const { partsOf } = loadUrl();
  const target = partsOf(url);
  return target === undefined || target.protocol === 'blob:' || target.protocol === 'data:' || target.origin === partsOf(here)?.origin;
}

/**
 * What the cache mode says to the caches between here and the server (https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch, from step
 * 8.17): there is none in the program itself.
 * @param {string} cache @param {string} headers
 */
function withCache(cache, headers) {
  if (cache === 'force-cache') return headers;
  // A program that asks conditionally has a cache of its own.
  const mode = cache === 'default' && headers !== '' && test(conditional, headers) ? 'no-store' : cache;
  if (mode === 'default') return headers;
  let text = headers;
  const controls = hasHeader(headers, 'cache-control');
  if (mode === 'no-cache') return controls ? text : `${text}cache-control:max-age=0\n`;
  if (!hasHeader(headers, 'pragma')) text += 'pragma:no-cache\n';
  return controls ? text : `${text}cache-control:no-cache\n`;
}

/** @param {RequestSlots} record @param {any} signal @param {TypeError | null} failure */
function startAbortable(record, signal, failure) {
  const { addAlgorithm, isAborted, removeAlgorithm } = loadAbort();
  const number = (lastNumber += 1);
  const upload = prepareBody(record.body);
  /** @type {(reason: any) => void} */
  let abort = () => {};
  /** @type {Promise<any>} */
  const promise = new Promise((resolvePromise, rejectPromise) => {
    const onAbort = (/** @type {any} */ reason) => {
      fetchAbort(number);
      if (upload.cancel !== undefined) upload.cancel(reason);
      rejectPromise(reason);
    };
    abort = onAbort;
    addAlgorithm(signal, onAbort);
    const leave = () => {
      removeAlgorithm(signal, onAbort);
      forgetAbortable(promise);
    };
    then(
      startWith(record, upload, number),
      (head) => {
        leave();
        if (isAborted(signal)) cancelHead(head);
        else resolvePromise(responseFrom(head, signal));
      },
      (error) => {
        leave();
        try {
          networkError(error, failure, reasonOf(error, upload));
        } catch (wrapped) {
          rejectPromise(wrapped);
        }
      },
    );
  });
  return notesAbortables() ? noteAbortable(promise, () => abort(givenUp())) : promise;
}

/** @param {ResponseHead} head @param {any} [signal] */
function responseFrom(head, signal = null) {
  const content = head[5];
  const body = content === null ? null : givenBody(content, signal);
  return makeResponse(new ResponseRecord('basic', head[0], head[1], head[2], head[3], head[4], 'immutable', body));
}

/** The answer to a fetch that was given up meanwhile. @param {ResponseHead} head */
function cancelHead(head) {
  const content = head[5];
  if (typeof content === 'number') bodyCancel(content);
}

/**
 * What the program itself did wrong is said directly, and is a TypeError; what the network did is `fetch failed` with the reason as its
 * cause.
 * @param {any} error
 * @param {TypeError | null} [failure]
 * @returns {never}
 */
function networkError(error, failure = null, reason = error) {
  lastUrl = undefined;
  // Of an operation that could not read the URL.
  if (error instanceof TypeError) throw hasOwn(error, 'input') ? loadUrl().unreadable(/** @type {any} */ (error).input) : error;
  const thrown = failure ?? new TypeError('fetch failed');
  defineProperty(thrown, 'cause', hidden(reason));
  throw thrown;
}

/**
 * Why it failed: for the program's own stream its error, which Rust does not know. The stream is not needed any more.
 * @param {any} error @param {Upload} upload
 */
function reasonOf(error, upload) {
  const reason = upload.failure ?? error;
  if (upload.cancel !== undefined) upload.cancel(reason);
  return reason;
}

/** https://fetch.spec.whatwg.org/#scheme-fetch for blob: URLs. @param {RequestSlots} record @returns {Promise<ResponseHead>} */
async function fetchBlob(record) {
  const { bytesOfBlob, typeOfBlob } = loadBlob();
  const blob = record.blob ?? loadObjectUrls().objectOf(record.url);
  if (record.method !== 'GET' || blob === undefined) {
    throw new Error(blob === undefined ? `there is no object behind ${record.url}` : 'an object URL can only be fetched with GET');
  }
  const bytes = bytesOfBlob(blob);
  const size = viewByteLength(bytes);
  if (record.integrity !== '' && !integrityAllows(bytes, record.integrity)) {
    throw new Error(`the object of ${record.url} is not what its integrity '${record.integrity}' says`);
  }
  const type = `content-type:${typeOfBlob(blob)}\n`;
  const asked = exec(rangeLine, `\n${loadRequest().headerText(record)}`);
  if (asked === null) return [200, 'OK', record.url, false, `content-length:${size}\n${type}`, bytes];
  const range = rangeOf(asked[1], size);
  const part = /** @type {Bytes} */ (subarray(bytes, range.start, range.end + 1));
  const place = `content-range:bytes ${range.start}-${range.end}/${size}\n`;
  return [206, 'Partial Content', record.url, false, `content-length:${viewByteLength(part)}\n${type}${place}`, part];
}

/** The first and the last byte that are asked for. @param {string} text the value of the header @param {number} size */
function rangeOf(text, size) {
  const found = exec(byteRange, text);
  if (found === null || (found[1] === '' && found[2] === '')) throw new Error(`${text} is not a range of bytes`);
  const last = found[2] === '' ? size - 1 : min(+found[2], size - 1);
  if (found[1] === '') return { start: max(size - +found[2], 0), end: size - 1 };
  const start = +found[1];
  if (start >= size || (found[2] !== '' && start > +found[2])) throw new Error(`the blob of ${size} bytes has no range ${text}`);
  return { start, end: last };
}

// ---- where a request comes from

/**
 * What the headers Referer and Origin come from: where the program is, or what the request says. A program without `--location` that says nothing
 * comes from nowhere.
 * @param {RequestSlots} record
 */
function provenanceOf(record) {
  const { mode, referrer, referrerPolicy } = record;
  const source = referrer === 'about:client' ? (here ?? '') : referrer;
  if (here === undefined && source === '') return undefined;
  return `${source}\n${referrerPolicy}\n${here ?? ''}\n${mode}`;
}

/** Names of a request's headers are in small letters. @param {string} headers @param {string} name */
function hasHeader(headers, name) {
  return stringIncludes(`\n${headers}`, `\n${name}:`);
}

// ---- uploads

/** What goes to Rust as the body: null, a string, bytes, or the number of an upload that `pump` feeds. @param {FetchBody | null} body @returns {Upload} */
function prepareBody(body) {
  if (body === null) return { content: null, cancel: undefined, failure: undefined };
  if (body.stream === null) {
    body.used = true;
    const content = body.kind === 'text' ? body.source : knownBytes(body);
    return { content, cancel: undefined, failure: undefined };
  }
  const { acquireReader, recordOf } = loadStreams();
  const reader = acquireReader(recordOf(body.stream));
  const number = uploadOpen();
  /** @type {Upload} */
  const upload = { content: number, cancel: (reason) => cancelReader(reader, reason), failure: undefined };
  pump(reader, upload, number);
  return upload;
}

/**
 * Feeds a stream to Rust chunk by chunk; `uploadWrite` is done when the connection took the chunk (BOUNDED).
 * @param {ReaderSlots} reader @param {Upload} upload @param {number} number
 */
async function pump(reader, upload, number) {
  const { readPromise } = loadStreams();
  try {
    for (;;) {
      const { value, done } = await readPromise(reader);
      if (done) break;
      const bytes = bytesOfChunk(value);
      if (bytes === undefined) throw new TypeError('fetch: the body gave a chunk that is not a Uint8Array');
      if (viewByteLength(bytes) > 0 && !(await uploadWrite(number, bytes))) {
        cancelReader(reader, new TypeError('fetch: the connection ended before the body was sent'));
        return;
      }
    }
    uploadClose(number, true);
  } catch (error) {
    upload.failure = error;
    cancelReader(reader, error);
    uploadClose(number, false);
  }
}

/** @param {ReaderSlots} reader @param {any} reason */
function cancelReader(reader, reason) {
  if (reader.stream !== null) catchRejection(loadStreams().cancelStream(reader.stream, reason), () => undefined);
}

/** @param {FetchBody | null} body @param {any} reason */
function cancelUpload(body, reason) {
  if (body === null || body.stream === null) return;
  const { cancelStream, recordOf } = loadStreams();
  const stream = recordOf(body.stream);
  if (stream.reader === null) catchRejection(cancelStream(stream, reason), () => undefined);
}

module.exports = { fetch };
