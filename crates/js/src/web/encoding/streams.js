// TextEncoderStream and TextDecoderStream (https://encoding.spec.whatwg.org/#streams).
'use strict';

const { charCodeAt, customInspect, slice } = require('builtins/primordials');
const { defineInterface, invalidArgument, invalidThis, isObject, isSharedBufferSource, toDOMString } = require('builtins/webidl');
const { TextDecoder, TextEncoder } = require('web/encoding/encoding');
const { createTransform } = require('web/streams/transform_stream');
const loadInspect = () => require('builtins/inspect/inspect');

class TextEncoderStream {
  #ends;

  constructor() {
    const encoder = new TextEncoder();
    // The first half of a pair, which the next chunk may complete.
    let half = '';
    this.#ends = createTransform(
      (chunk, enqueue) => {
        let text = half + toDOMString(chunk);
        half = '';
        const last = text.length - 1;
        if (last >= 0 && (charCodeAt(text, last) & 0xfc00) === 0xd800) {
          half = slice(text, last);
          text = slice(text, 0, last);
        }
        if (text !== '') enqueue(encoder.encode(text));
      },
      (enqueue) => {
        // Becomes the replacement character.
        if (half !== '') enqueue(encoder.encode(half));
      },
    );
  }

  get encoding() {
    this.#ends;
    return 'utf-8';
  }
  get readable() {
    return this.#ends.readable;
  }
  get writable() {
    return this.#ends.writable;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    if (!isObject(this) || !(#ends in this)) throw invalidThis('TextEncoderStream');
    return loadInspect().inspectMembers('TextEncoderStream', { encoding: 'utf-8', ...this.#ends }, depth, options);
  }
}

class TextDecoderStream {
  #decoder;
  #ends;

  /** @param {any} [label] @param {any} [options] */
  constructor(label = 'utf-8', options = undefined) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    this.#ends = createTransform(
      (chunk, enqueue) => {
        if (!isSharedBufferSource(chunk)) throw invalidArgument('TextDecoderStream: a chunk must be an ArrayBuffer or a view of one');
        const text = decoder.decode(chunk, { stream: true });
        if (text !== '') enqueue(text);
      },
      (enqueue) => {
        const text = decoder.decode();
        if (text !== '') enqueue(text);
      },
    );
  }

  get encoding() {
    return this.#decoder.encoding;
  }
  get fatal() {
    return this.#decoder.fatal;
  }
  get ignoreBOM() {
    return this.#decoder.ignoreBOM;
  }
  get readable() {
    return this.#ends.readable;
  }
  get writable() {
    return this.#ends.writable;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    if (!isObject(this) || !(#ends in this)) throw invalidThis('TextDecoderStream');
    const { encoding, fatal, ignoreBOM } = this.#decoder;
    return loadInspect().inspectMembers('TextDecoderStream', { encoding, fatal, ignoreBOM, ...this.#ends }, depth, options);
  }
}

defineInterface(TextEncoderStream);
defineInterface(TextDecoderStream);

module.exports = { TextDecoderStream, TextEncoderStream };
