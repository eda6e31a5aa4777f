// How a file's process tells its runner: each event is a serialized value behind two bytes that no text begins with, and its length. What
// stands between them is what the tests printed.
'use strict';

const { Buffer } = /** @type {any} */ (require('node/buffer/buffer'));
const { deserialize, serialize } = require('node/v8/serialization');
const { AssertionError } = require('node/assert/assertion_error');
const { inspect } = require('builtins/inspect/inspect');
const { assign, defineProperty, keys } = require('builtins/primordials');
const { writeOutput } = ops;

const first = 0xff;
const second = 0x0f;
const headLength = 6;

/** An error as data; its class is known by its name. @param {any} error @param {number} depth @returns {any} */
function packed(error, depth = 0) {
  if (!(error instanceof Error)) return { value: copyable(error) };
  /** @type {Record<string, any>} */
  const own = {};
  const names = keys(error);
  for (let index = 0; index < names.length; index += 1) {
    if (names[index] !== 'cause') own[names[index]] = copyable(/** @type {any} */ (error)[names[index]]);
  }
  const { message, name, stack } = error;
  const cause = error.cause === undefined || depth > 8 ? undefined : packed(error.cause, depth + 1);
  return { error: { message: `${message}`, name: `${name}`, stack: `${stack}`, className: error.constructor?.name, own, cause } };
}

/** @param {any} value @returns {any} */
function copyable(value) {
  if (typeof value === 'function' || typeof value === 'symbol') return inspect(value);
  if (typeof value !== 'object' || value === null) return value;
  try {
    serialize(value);
    return value;
  } catch {
    return inspect(value);
  }
}

/** @type {Record<string, any>} */
const classes = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** @param {any} value @returns {any} */
function unpacked(value) {
  if (value.error === undefined) return value.value;
  const { message, name, stack, className, own, cause } = value.error;
  const error = className === 'AssertionError' ? Object.create(AssertionError.prototype) : new (classes[className] ?? Error)(message);
  const hidden = { message, stack };
  const names = keys(hidden);
  for (let index = 0; index < names.length; index += 1) {
    const held = /** @type {any} */ (hidden)[names[index]];
    defineProperty(error, names[index], { value: held, writable: true, enumerable: false, configurable: true });
  }
  if (error.name !== name) defineProperty(error, 'name', { value: name, writable: true, enumerable: false, configurable: true });
  assign(error, own);
  if (cause !== undefined) error.cause = unpacked(cause);
  return error;
}

/** Writes an event of this process for its runner. @param {string} type @param {any} data */
function writeEvent(type, data) {
  const plain = data?.details?.error === undefined ? data : { ...data, details: { ...data.details, error: packed(data.details.error) } };
  const body = serialize({ type, data: plain });
  const head = Buffer.alloc(headLength);
  head[0] = first;
  head[1] = second;
  head.writeUInt32BE(body.length, 2);
  writeOutput(1, Buffer.concat([head, body]));
}

/** Takes events and text apart again. */
class EventReader {
  #rest = Buffer.alloc(0);
  #onEvent;
  #onText;

  /** @param {(event: { type: string, data: any }) => void} onEvent @param {(bytes: any) => void} onText */
  constructor(onEvent, onText) {
    this.#onEvent = onEvent;
    this.#onText = onText;
  }

  /** @param {any} bytes */
  take(bytes) {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const start = this.#start();
      if (start > 0) {
        this.#onText(this.#rest.subarray(0, start));
        this.#rest = this.#rest.subarray(start);
      }
      if (this.#rest.length < headLength) return;
      const end = headLength + this.#rest.readUInt32BE(2);
      if (this.#rest.length < end) return;
      const body = this.#rest.subarray(headLength, end);
      this.#rest = this.#rest.subarray(end);
      const event = deserialize(body);
      if (event.data?.details?.error !== undefined) event.data.details.error = unpacked(event.data.details.error);
      this.#onEvent(event);
    }
  }

  end() {
    if (this.#rest.length > 0) this.#onText(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  /** Where the next event begins, or may begin; the length if nowhere. */
  #start() {
    for (let from = 0; ; from += 1) {
      from = this.#rest.indexOf(first, from);
      if (from === -1) return this.#rest.length;
      if (from + 1 === this.#rest.length || this.#rest[from + 1] === second) return from;
    }
  }
}

module.exports = { EventReader, writeEvent };
