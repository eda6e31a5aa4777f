// A JavaScript handler in a server of another language: `_twinloop/serve/mounts.py` is the other side.
//
// What answers is a `Server` that listens nowhere: requests are handed to it with their exchange, or asked of it by `ask`, where somebody stands
// between it and the client.
'use strict';

const { catchRejection, slice, split, stringIndexOf } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const { exported, handlersOf } = require('node/serve/handlers');
const { handlerOf } = require('node/serve/listeners');
const { chunkOf, responseOf } = require('web/server/answer');
const { serveMounted } = require('web/server/server');
const { AbortController } = require('web/abort/abort');
const { encodeUtf8 } = require('web/encoding/utf8');
const { streamOf } = require('web/fetch/body');
const { Headers, wireText } = require('web/fetch/headers');
const { Request } = require('web/fetch/request');
const { asResponse } = require('web/fetch/response');
const loadStreams = () => require('web/streams/readable_stream');

/** What answers by this handler. @param {any} given */
function mount(given) {
  const found = handlersOf(exported(given));
  if (found === undefined) throw new TypeError('js_app: the handler must be a function, { fetch }, { routes } or an app');
  const { number, server } = serveMounted(found.listener === undefined ? found.options : { fetch: handlerOf(found.listener) });
  return {
    number,
    /**
     * @param {string} method @param {string} url @param {string} fields @param {(() => any) | undefined} pull the body's next piece, or undefined
     */
    ask(method, url, fields, pull) {
      const controller = new AbortController();
      /** @type {any} */
      const init = { method, headers: headersOf(fields), signal: controller.signal };
      if (pull !== undefined && method !== 'GET' && method !== 'HEAD') {
        init.body = bodyOf(pull);
        init.duplex = 'half';
      }
      const answer = answerTo(server, new Request(url, init), controller.signal);
      return { answer, cancel: () => controller.abort() };
    },
  };
}

/** @param {string} text */
function headersOf(text) {
  const headers = new Headers();
  const lines = split(text, '\n');
  for (let i = 0; i < lines.length; i += 1) {
    const colon = stringIndexOf(lines[i], ':');
    if (colon > 0) headers.append(slice(lines[i], 0, colon), slice(lines[i], colon + 1));
  }
  return headers;
}

/** @param {() => any} pull */
function bodyOf(pull) {
  const { ReadableStream } = loadStreams();
  return new ReadableStream(
    {
      /** @param {any} controller */
      async pull(controller) {
        const piece = await pull();
        if (piece === undefined || piece === null) controller.close();
        else controller.enqueue(bytesOf(piece));
      },
    },
    { highWaterMark: 0 },
  );
}

/** @param {any} server @param {any} request @param {any} signal */
async function answerTo(server, request, signal) {
  const found = asResponse(responseOf(await server.fetch(request)));
  if (found === undefined) throw new TypeError('serve: the handler must give a Response, or a promise of one');
  const { record } = found;
  const fields = record.headers === null ? record.headerText : wireText(record.headers);
  const stream = record.body === null ? null : streamOf(record.body);
  return { status: record.status, fields, next: stream === null ? () => null : readerOf(stream, signal) };
}

/** @param {any} stream @param {any} signal */
function readerOf(stream, signal) {
  const { acquireReader, cancelStream, readPromise, recordOf } = loadStreams();
  const record = recordOf(stream);
  const reader = acquireReader(record);
  const cancel = () => {
    if (reader.stream !== null) catchRejection(cancelStream(reader.stream, new TypeError('serve: the client has gone')), () => undefined);
  };
  signal.addEventListener('abort', cancel);
  return async () => {
    const { value, done } = await readPromise(reader);
    if (done) return null;
    const chunk = chunkOf(value);
    return typeof chunk === 'string' ? encodeUtf8(chunk) : chunk;
  };
}

module.exports = { mount };
