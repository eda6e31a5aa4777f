// A Response on its way to a server's client.
//
// One whose body is here is one operation. A stream is read as the client takes it: at most some 64 KiB wait (BOUNDED), and a client that goes
// cancels it.
'use strict';

const { catchRejection, then, viewByteLength } = require('builtins/primordials');
const { bytesOf, isBufferSource, isObject } = require('builtins/webidl');
const { isUnusable, knownBytes, streamOf, takeNative, takeOrigin } = require('web/fetch/body');
const { wireText } = require('web/fetch/headers');
const { Response, asResponse } = require('web/fetch/response');
const { serverBegin, serverCut, serverFinish, serverGone, serverPipe, serverReady, serverRespond, serverWrite } = ops;
const loadStreams = () => require('web/streams/readable_stream');

/** Above so many bytes that wait nothing is written. */
const limit = 64 * 1024;

/** From here on the memory of a body is given back at once. */
const large = 16 * 1024;

/**
 * What a handler gave as a Response; nothing, if it is none. Also one of another making (srvx's, which h3 gives, or node-fetch's), by what everybody can read of it.
 * @param {any} value
 */
function responseOf(value) {
  if (asResponse(value) !== undefined) return value;
  if (!isObject(value) || value[Symbol.toStringTag] !== 'Response') return undefined;
  const { body, status, statusText, headers } = value;
  return new Response(body, { status, statusText, headers });
}

/**
 * Sends what a handler gave. Throws what is wrong with it, when nothing is sent yet; `failed` is told of what goes wrong later.
 * @param {number} exchange @param {any} response @param {(error: any) => void} failed
 */
function answer(exchange, response, failed) {
  const found = asResponse(response);
  if (found === undefined) throw new TypeError('serve: the handler must give a Response, or a promise of one');
  const { record } = found;
  if (record.status === 0) throw new TypeError('serve: Response.error() cannot be sent');
  const { body } = record;
  const fields = record.headers === null ? record.headerText : wireText(record.headers);
  if (body === null) {
    serverRespond(exchange, record.status, fields, null, false);
    return;
  }
  if (isUnusable(body)) throw new TypeError("serve: the response's body has already been used");
  const origin = takeOrigin(body);
  if (origin === undefined) begin(exchange, record.status, fields, body, failed);
  else if (origin.kind === 'native') {
    takeNative(origin);
    then(serverPipe(exchange, record.status, fields, origin.source), undefined, failed);
  } else {
    origin.used = true;
    const content = origin.kind === 'text' || origin.kind === 'kept' ? origin.source : knownBytes(origin);
    // What was copied for this response is nobody's after it: its memory is free for the next at once, and not when it is collected.
    const isLarge = origin.kind === 'kept' || (origin.kind === 'bytes' && viewByteLength(/** @type {any} */ (content)) >= large);
    const isLast = isLarge && !origin.shared;
    serverRespond(exchange, record.status, fields, content, isLast);
  }
}

/** @param {number} exchange @param {number} status @param {string} fields @param {FetchBody} body @param {(error: any) => void} failed */
function begin(exchange, status, fields, body, failed) {
  const { acquireReader, cancelStream, recordOf } = loadStreams();
  const stream = recordOf(/** @type {any} */ (streamOf(body)));
  if (!serverBegin(exchange, status, fields)) {
    catchRejection(cancelStream(stream, gone()), ignore);
    return;
  }
  const reader = acquireReader(stream);
  // A source that has nothing to give for long does not notice otherwise that nobody wants it.
  then(serverGone(exchange), (isGone) => {
    if (isGone) cancel(reader, gone());
  });
  then(pump(exchange, reader), undefined, (error) => {
    cancel(reader, error);
    serverCut(exchange);
    failed(error);
  });
}

/** @param {number} exchange @param {ReaderSlots} reader */
async function pump(exchange, reader) {
  const { readPromise } = loadStreams();
  for (;;) {
    const { value, done } = await readPromise(reader);
    if (done) break;
    const waiting = serverWrite(exchange, chunkOf(value));
    if (waiting < 0 || (waiting > limit && !(await serverReady(exchange)))) {
      cancel(reader, gone());
      return;
    }
  }
  serverFinish(exchange);
}

/** A chunk as text or bytes: as in Bun, where programs write either. @param {any} value */
function chunkOf(value) {
  if (typeof value === 'string') return value;
  if (isBufferSource(value)) return bytesOf(value);
  throw new TypeError('serve: the body gave a chunk that is neither a text nor bytes');
}

/** @param {ReaderSlots} reader @param {any} reason */
function cancel(reader, reason) {
  if (reader.stream !== null) catchRejection(loadStreams().cancelStream(reader.stream, reason), ignore);
}

function gone() {
  return new TypeError('serve: the client has gone');
}

function ignore() {}

module.exports = { answer, chunkOf, responseOf };
