// fetch, after https://fetch.spec.whatwg.org/#fetch-method. The network part (redirects, pool, TLS, content coding, data: URLs) is Rust's;
// here are the arguments, the abort signal, uploads from streams, and the making of a Response.
//
// The hot path, a fetch without a signal, is one operation (`fetchStart`), which gives a ResponseHead, and one `then`.
'use strict';

const { ResponseRecord, makeResponse } = require('web/fetch/response');
const { BodyRecord, knownBytes, nativeBody } = require('web/fetch/body');
const { bodyCancel, fetchAbort, fetchStart, uploadClose, uploadOpen, uploadWrite } = ops;
const loadRequest = () => require('web/fetch/request');
const loadAbort = () => require('web/abort/abort');
const loadBlob = () => require('web/file/blob');
const loadStreams = () => require('web/streams/streams');

/**
 * What `fetchStart` gives, an array because that is what Rust makes fastest. `headers` is `name:value\n` for each. `body` is null, a
 * string (ASCII) or a Uint8Array when the whole body came with the head, or the number of a body that is still arriving.
 * @typedef {[status: number, statusText: string, url: string, redirected: boolean, headers: string,
 *   body: null | string | Uint8Array | number]} ResponseHead
 */

// Numbers the fetches that can be aborted, and the uploads; 0 is neither.
let lastNumber = 0;

// The error of a fetch that fails is made when it starts, so that its stack names the program's line; that costs a microsecond or two,
// so a fetch of the same URL as the one before goes without, unless that one failed.
let lastUrl;

function failureFor(url) {
  if (url === lastUrl) return null;
  lastUrl = url;
  return new TypeError('fetch failed');
}

function fetch(input, init = undefined) {
  if (arguments.length === 0) return Promise.reject(new TypeError('fetch: 1 argument required, but only 0 present'));
  if (init === undefined && typeof input === 'string' && !input.startsWith('blob:')) {
    const failure = failureFor(input);
    const onFailure = failure === null ? networkError : (error) => networkError(error, failure);
    return fetchStart('GET', input.toWellFormed(), '', null, 'follow', 0).then(responseFrom, onFailure);
  }
  try {
    return start(loadRequest().readRequest(input, init, 'fetch'));
  } catch (error) {
    return Promise.reject(error);
  }
}

function start(record) {
  const { signal } = record;
  const failure = failureFor(record.url);
  if (signal !== null) {
    if (signal.aborted) {
      loadRequest().requireUrl(record.url, 'fetch');
      cancelUpload(record.body, signal.reason);
      return Promise.reject(signal.reason);
    }
    return startAbortable(record, signal, failure);
  }
  const upload = prepareBody(record.body);
  return startWith(record, upload, 0).then(responseFrom, (error) => networkError(error, failure, reasonOf(error, upload)));
}

function startWith(record, upload, number) {
  if (record.url.startsWith('blob:')) return fetchBlob(record);
  return fetchStart(record.method, record.url, loadRequest().headerText(record), upload.content, record.redirect, number);
}

function startAbortable(record, signal, failure) {
  const { addAlgorithm, removeAlgorithm } = loadAbort();
  const number = (lastNumber += 1);
  const upload = prepareBody(record.body);
  return new Promise((resolve, reject) => {
    const onAbort = (reason) => {
      fetchAbort(number);
      upload.cancel?.(reason);
      reject(reason);
    };
    addAlgorithm(signal, onAbort);
    startWith(record, upload, number).then(
      (head) => {
        removeAlgorithm(signal, onAbort);
        if (signal.aborted) cancelHead(head);
        else resolve(responseFrom(head, signal));
      },
      (error) => {
        removeAlgorithm(signal, onAbort);
        try {
          networkError(error, failure, reasonOf(error, upload));
        } catch (wrapped) {
          reject(wrapped);
        }
      },
    );
  });
}

/**
 * @param {ResponseHead} head
 * @param {AbortSignal | null} [signal]
 */
function responseFrom(head, signal = null) {
  const [status, statusText, url, redirected, headerText, content] = head;
  let body = null;
  if (typeof content === 'number') {
    body = nativeBody(content, signal);
  } else if (content !== null) {
    body = new BodyRecord(typeof content === 'string' ? 'text' : 'bytes', content);
    body.signal = signal;
  }
  return makeResponse(new ResponseRecord('basic', status, statusText, url, redirected, headerText, 'immutable', body));
}

/**
 * The answer to a fetch that was given up meanwhile.
 * @param {ResponseHead} head
 */
function cancelHead(head) {
  const [, , , , , content] = head;
  if (typeof content === 'number') bodyCancel(content);
}

/**
 * What the program itself did wrong is said directly, and is a TypeError; what the network did is `fetch failed` with the reason as its
 * cause.
 */
function networkError(error, failure = null, reason = error) {
  lastUrl = undefined;
  if (error instanceof TypeError) throw error;
  const thrown = failure ?? new TypeError('fetch failed');
  Object.defineProperty(thrown, 'cause', { value: reason, writable: true, configurable: true });
  throw thrown;
}

/** Why it failed: for the program's own stream its error, which Rust does not know. The stream is not needed any more. */
function reasonOf(error, upload) {
  const reason = upload.failure ?? error;
  upload.cancel?.(reason);
  return reason;
}

/** https://fetch.spec.whatwg.org/#scheme-fetch for blob: URLs. */
async function fetchBlob(record) {
  const { bytesOfBlob, objectOf } = loadBlob();
  const blob = objectOf(record.url);
  if (record.method !== 'GET' || blob === undefined) {
    throw new Error(blob === undefined ? `there is no object behind ${record.url}` : 'an object URL can only be fetched with GET');
  }
  const headers = `content-length:${blob.size}\ncontent-type:${blob.type}\n`;
  return [200, 'OK', record.url, false, headers, bytesOfBlob(blob)];
}

// ---- uploads

const noUpload = Object.freeze({ content: null, cancel: undefined, failure: undefined });

/** What goes to Rust as the body: null, a string, bytes, or the number of an upload that `pump` feeds. */
function prepareBody(body) {
  if (body === null) return noUpload;
  if (body.stream === null) {
    body.used = true;
    const content = body.kind === 'text' ? body.source : knownBytes(body);
    return { content, cancel: undefined, failure: undefined };
  }
  const { acquireReader, recordOf } = loadStreams();
  const reader = acquireReader(recordOf(body.stream));
  const upload = { content: uploadOpen(), cancel: undefined, failure: undefined };
  upload.cancel = (reason) => cancelReader(reader, reason);
  pump(reader, upload);
  return upload;
}

/** Feeds a stream to Rust chunk by chunk; `uploadWrite` is done when the connection took the chunk (BOUNDED). */
async function pump(reader, upload) {
  const { readPromise } = loadStreams();
  const number = upload.content;
  try {
    for (;;) {
      const { value, done } = await readPromise(reader);
      if (done) break;
      if (!(value instanceof Uint8Array)) throw new TypeError('fetch: the body gave a chunk that is not a Uint8Array');
      if (value.byteLength > 0 && !(await uploadWrite(number, value))) {
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

function cancelReader(reader, reason) {
  if (reader.stream !== null)
    loadStreams()
      .cancelStream(reader.stream, reason)
      .catch(() => undefined);
}

function cancelUpload(body, reason) {
  if (body === null || body.stream === null || body.stream.locked) return;
  body.stream.cancel(reason).catch(() => undefined);
}

module.exports = { fetch };
