// Answers of apps of Node compressed on their way (`--compress`), by the rules of `compress` of `twinloop.serve`.
//
// What becomes of an answer is decided where its head is made. An answer that is whole and short is compressed at once and has a length; what else is
// written goes through a stream of node:zlib, piece by piece, each flushed. Methods of the response itself are replaced, not those of its class: frameworks
// give it another prototype.
'use strict';

const {
  apply,
  create,
  defineProperty,
  includes,
  isArray,
  isView,
  keys,
  split,
  startsWith,
  toLowerCase,
  trim,
} = require('builtins/primordials');
const { endedError, fields } = require('node/http/outgoing');
const { serverCoding } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadZlib = () => /** @type {any} */ (require('node/zlib/module'));

const noop = () => {};

/** Up to so many bytes are compressed on the loop's thread. */
const short = 32 * 1024;

/** @param {(request: any, response: any) => void} requested @param {number} smallest answers of so many bytes and more */
function compressed(requested, smallest) {
  return (/** @type {any} */ request, /** @type {any} */ response) => {
    prepare(request, response, smallest);
    requested(request, response);
  };
}

/** @param {any} request @param {any} response @param {number} smallest */
function prepare(request, response, smallest) {
  const { write, end, _storeHeader: storeHeader } = response;
  /** What compresses the body, once that is decided. @type {any} */
  let coder;
  /** The body, when all of it is given at once. @type {any} */
  let whole = null;
  let isEnded = false;
  // So all fields are there, whether they are set or given with the head.
  response[fields] ??= create(null);

  /** @param {string} firstLine @param {any} headers */
  const store = (firstLine, headers) => {
    if (headers === response[fields]) decide();
    apply(storeHeader, response, [firstLine, headers]);
  };

  const decide = () => {
    const coding = codingOf(request, response, smallest);
    if (coding === undefined) return;
    vary(response);
    if (coding === 'identity') return;
    response.setHeader('content-encoding', coding);
    response.removeHeader('accept-ranges');
    response.removeHeader('content-length');
    response._contentLength = null;
    const tag = response.getHeader('etag');
    // The bytes are others, what they say is the same.
    if (typeof tag === 'string' && !startsWith(tag, 'W/')) response.setHeader('etag', `W/${tag}`);
    if (request.method === 'HEAD') return;
    if (whole !== null && whole.length <= short) {
      whole = codings[coding].whole(whole);
      if (!response.hasHeader('transfer-encoding')) response.setHeader('content-length', whole.length);
    } else begin(codings[coding].stream());
  };

  /** @param {any} stream */
  const begin = (stream) => {
    coder = stream;
    coder.on('data', (/** @type {any} */ piece) => {
      if (!apply(write, response, [piece])) coder.pause();
    });
    coder.on('end', () => apply(end, response, []));
    coder.on('drain', () => response.emit('drain'));
    coder.on('error', (/** @type {any} */ error) => response.destroy(error));
    response.on('drain', () => {
      if (!response.writableNeedDrain) coder.resume();
    });
    response.once('close', () => coder.destroy());
    defineProperty(response, 'writableEnded', { get: () => isEnded, configurable: true });
  };

  /** @param {any} chunk @param {any} encoding @param {any} callback */
  const writeCoded = (chunk, encoding, callback) => {
    if (isWaiting(response) && isContent(chunk)) response._implicitHeader();
    if (coder === undefined) return apply(write, response, [chunk, encoding, callback]);
    if (!isEnded) return coder.write(chunk, encoding, callback);
    const told = typeof encoding === 'function' ? encoding : callback;
    endedError(response, typeof told === 'function' ? told : noop);
    return false;
  };

  /** @param {any} chunk @param {any} encoding @param {any} callback */
  const endCoded = (chunk, encoding, callback) => {
    if (isWaiting(response) && isContent(chunk)) {
      const bytes = bytesOf(chunk, encoding);
      whole = bytes;
      response._contentLength = bytes.length;
      response._implicitHeader();
      if (whole !== bytes) return apply(end, response, [whole, typeof encoding === 'function' ? encoding : callback]);
    }
    if (coder === undefined) return apply(end, response, [chunk, encoding, callback]);
    if (isEnded) {
      if (isContent(chunk)) writeCoded(chunk, encoding, callback);
      return response;
    }
    const told = typeof chunk === 'function' ? chunk : typeof encoding === 'function' ? encoding : callback;
    if (typeof told === 'function') response.once('finish', told);
    isEnded = true;
    if (isContent(chunk)) coder.end(chunk, typeof encoding === 'string' ? encoding : undefined);
    else coder.end();
    return response;
  };

  define(response, '_storeHeader', store);
  define(response, 'write', writeCoded);
  define(response, 'end', endCoded);
}

/** @param {any} response @param {string} name @param {any} value */
function define(response, name, value) {
  defineProperty(response, name, { value, configurable: true, writable: true });
}

/** Whether there is no head yet. @param {any} response */
function isWaiting(response) {
  return !response._header && !response.finished && !response.destroyed;
}

/** @param {any} chunk */
function isContent(chunk) {
  return typeof chunk === 'string' || isView(chunk);
}

/** @param {any} chunk @param {any} encoding */
function bytesOf(chunk, encoding) {
  const { Buffer } = loadBuffer();
  if (typeof chunk === 'string') return Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8');
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** By what a body is coded: `identity`, if this client takes nothing else; nothing, if it stays as it is for everybody. @param {any} request @param {any} response @param {number} smallest */
function codingOf(request, response, smallest) {
  const all = response[fields];
  const names = keys(all);
  let text = '';
  for (let i = 0; i < names.length; i += 1) {
    if (names[i] === 'content-length') continue;
    const value = all[names[i]][1];
    if (!isArray(value)) text += `${names[i]}:${value}\n`;
    else for (let j = 0; j < value.length; j += 1) text += `${names[i]}:${value[j]}\n`;
  }
  const told = response._contentLength ?? all['content-length']?.[1];
  const length = told === undefined ? -1 : +told;
  return serverCoding(`${request.headers['accept-encoding'] ?? ''}`, response.statusCode, text, length, smallest);
}

/** Says that the answer depends on what the client accepts. @param {any} response */
function vary(response) {
  const said = response.getHeader('vary');
  const words = said === undefined ? [] : split(toLowerCase(`${said}`), ',');
  for (let i = 0; i < words.length; i += 1) words[i] = trim(words[i]);
  if (!includes(words, 'accept-encoding') && !includes(words, '*')) response.appendHeader('vary', 'accept-encoding');
}

/** @type {Record<string, { stream: () => any, whole: (bytes: any) => any }>} */
const codings = {
  gzip: coding('createGzip', 'gzipSync', ({ Z_SYNC_FLUSH }) => ({ level: 6, flush: Z_SYNC_FLUSH })),
  br: coding('createBrotliCompress', 'brotliCompressSync', (constants) => ({
    flush: constants.BROTLI_OPERATION_FLUSH,
    params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 18 },
  })),
  zstd: coding('createZstdCompress', 'zstdCompressSync', (constants) => ({
    flush: constants.ZSTD_e_flush,
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: 18 },
  })),
};

/** @param {string} create @param {string} once names in node:zlib @param {(constants: any) => any} optionsOf */
function coding(create, once, optionsOf) {
  return {
    stream: () => loadZlib()[create](optionsOf(loadZlib().constants)),
    whole: (/** @type {any} */ bytes) => loadZlib()[once](bytes, optionsOf(loadZlib().constants)),
  };
}

module.exports = { compressed };
