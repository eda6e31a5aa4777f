// `HTTPParser` as Node has it inside (`process.binding('http_parser')`, `_http_common`), for packages that read messages with it themselves: what
// a connection tells goes to functions that the program sets under numbers. The connections of this module have readers of their own.
'use strict';

const { apply, defineProperty, indexOf, keys, subarray } = require('builtins/primordials');
const { flag, maxHeaderSize } = require('node/http/connection');
const { listOf } = require('node/http/fields');
const { METHODS } = require('node/http/names');
const { httpFinish, httpHandOver, httpParse, httpParser, httpSkipBody } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const numbers = {
  REQUEST: 1,
  RESPONSE: 2,
  kOnMessageBegin: 0,
  kOnHeaders: 1,
  kOnHeadersComplete: 2,
  kOnBody: 3,
  kOnMessageComplete: 4,
  kOnExecute: 5,
  kOnTimeout: 6,
  kLenientNone: 0,
  kLenientHeaders: 1,
  kLenientAll: 255,
};

class HTTPParser {
  /** @type {any} */
  #native;
  #readsResponses = false;

  /** Begins anew. @param {number} type @param {any} [_resource] @param {number} [limit] of a head, in bytes @param {number} [flags] */
  initialize(type, _resource = undefined, limit = 0, flags = 0) {
    this.#readsResponses = type === numbers.RESPONSE;
    this.#native = httpParser(this.#readsResponses, limit || maxHeaderSize(), (flags & numbers.kLenientHeaders) !== 0);
  }

  /** How many bytes were read, or what is wrong with them. @param {Uint8Array} chunk @param {number} [offset] @param {number} [length] @returns {number | Error} */
  execute(chunk, offset = 0, length = chunk.length - offset) {
    const native = this.#native;
    const bytes = subarray(chunk, offset, offset + length);
    let at = 0;
    for (;;) {
      const event = httpParse(native, bytes, at);
      if (event === undefined) return length;
      at = event[1];
      if (event[0] === 1) {
        const wanted = this.#head(event);
        if (wanted === 1) httpSkipBody(native);
        else if (wanted === 2) {
          httpHandOver(native);
          return at;
        }
      } else if (event[0] === 2) {
        const { Buffer } = loadBuffer();
        this.#tell(numbers.kOnBody, Buffer.from(bytes.buffer, bytes.byteOffset + event[2], event[3] - event[2]));
      } else if (event[0] === 3) this.#ended(event[2]);
      else return failed(event);
    }
  }

  /** The connection has ended. @returns {Error | undefined} */
  finish() {
    const event = httpFinish(this.#native);
    if (event === undefined) return undefined;
    if (event[0] !== 3) return failed(event);
    this.#ended(event[2]);
    return undefined;
  }

  /** @param {any} event */
  #head([, , first, second, minor, fields, flags]) {
    const isOldest = minor === 9;
    this.#tell(numbers.kOnMessageBegin);
    return this.#tell(
      numbers.kOnHeadersComplete,
      isOldest ? 0 : 1,
      minor,
      listOf(fields),
      this.#readsResponses ? undefined : indexOf(METHODS, first),
      this.#readsResponses ? undefined : second,
      this.#readsResponses ? first : undefined,
      this.#readsResponses ? second : undefined,
      (flags & flag.upgrades) !== 0,
      (flags & flag.keepsAlive) !== 0,
    );
  }
  /** @param {string | undefined} trailers */
  #ended(trailers) {
    if (trailers !== undefined) this.#tell(numbers.kOnHeaders, listOf(trailers), '');
    this.#tell(numbers.kOnMessageComplete);
  }
  /** @param {number} number @param {any[]} given */
  #tell(number, ...given) {
    const hears = /** @type {any} */ (this)[number];
    return typeof hears === 'function' ? apply(hears, this, given) : undefined;
  }

  // Nothing is kept that would have to be given back.
  close() {}
  free() {}
  remove() {}
}

const names = keys(numbers);
for (let i = 0; i < names.length; i += 1) {
  defineProperty(HTTPParser, names[i], { value: /** @type {any} */ (numbers)[names[i]], enumerable: true });
}

/** @param {any} event */
function failed(event) {
  /** @type {any} */
  const error = new Error(`Parse Error: ${event[3]}`);
  error.code = event[2];
  error.reason = event[3];
  error.bytesParsed = event[1];
  return error;
}

module.exports = { HTTPParser };
