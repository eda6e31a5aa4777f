// How messages stand in the bytes of a channel: as lines of JSON, or serialized behind their length (`serialization: 'advanced'`). A message
// may come in pieces, and several may come at once; what comes in many pieces is looked at and joined once.
'use strict';

const { join, parseJson, push, setBytes, slice, stringIndexOf, stringify, subarray } = require('builtins/primordials');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadEncoding = () => require('web/encoding/encoding');
const loadSerialization = () => require('node/v8/serialization');

/** A message that came: its value, or what its reading threw. @typedef {{ value: any, error?: any, isBroken: boolean }} Arrived */

/** @param {Arrived[]} messages @param {() => any} read */
function add(messages, read) {
  try {
    push(messages, { value: read(), isBroken: false });
  } catch (error) {
    push(messages, { value: undefined, error, isBroken: true });
  }
}

class Lines {
  /** Pieces of a line whose end has not come. @type {string[]} */
  #pieces = [];
  #decoder;

  constructor() {
    /** @type {any} */
    const TextDecoder = loadEncoding().TextDecoder;
    this.#decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  }

  /** @param {any} message */
  frame(message) {
    return `${stringify(message)}\n`;
  }

  /** The messages that are whole with these bytes. @param {Uint8Array} bytes */
  take(bytes) {
    /** @type {string} */
    const text = this.#decoder.decode(bytes, { stream: true });
    /** @type {Arrived[]} */
    const messages = [];
    let start = 0;
    for (let end = stringIndexOf(text, '\n'); end !== -1; end = stringIndexOf(text, '\n', start)) {
      push(this.#pieces, slice(text, start, end));
      const line = join(this.#pieces, '');
      this.#pieces = [];
      start = end + 1;
      if (line !== '') add(messages, () => parseJson(line));
    }
    if (start < text.length) push(this.#pieces, slice(text, start));
    return messages;
  }
}

const headLength = 4;

class Frames {
  /** @type {Uint8Array[]} */
  #pieces = [];
  #length = 0;
  /** How many bytes it takes to go on. */
  #wanted = headLength;

  /** @param {any} message */
  frame(message) {
    const content = loadSerialization().channelContent(message);
    const framed = loadBuffer().Buffer.allocUnsafe(content.length + headLength);
    framed.writeUInt32BE(content.length, 0);
    setBytes(framed, content, headLength);
    return framed;
  }

  /** The messages that are whole with these bytes. @param {Uint8Array} bytes */
  take(bytes) {
    /** @type {Arrived[]} */
    const messages = [];
    push(this.#pieces, bytes);
    this.#length += bytes.length;
    if (this.#length < this.#wanted) return messages;
    let all = this.#pieces.length === 1 ? loadBuffer().wrap(bytes) : loadBuffer().Buffer.concat(this.#pieces, this.#length);
    this.#wanted = headLength;
    while (all.length >= headLength) {
      this.#wanted = all.readUInt32BE(0) + headLength;
      if (all.length < this.#wanted) break;
      const content = loadBuffer().wrap(subarray(all, headLength, this.#wanted));
      add(messages, () => loadSerialization().messageOf(content));
      all = loadBuffer().wrap(subarray(all, this.#wanted));
      this.#wanted = headLength;
    }
    this.#pieces = all.length === 0 ? [] : [all];
    this.#length = all.length;
    return messages;
  }
}

module.exports = { Frames, Lines };
