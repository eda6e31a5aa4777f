// TextEncoder and TextDecoder (https://encoding.spec.whatwg.org/). Rust has the encodings, and the state of a decoder that is in
// the middle of a stream.
'use strict';

const { bytesOf, defineInterface, isBufferSource, toDictionary, toDOMString } = require('builtins/webidl');
const { decodeText, decoderDecode, decoderStart, encodeUtf8, encodeUtf8Into, encodingOf } = ops;
const loadWebIdl = () => require('builtins/webidl');
const loadInspect = () => require('builtins/inspect/inspect');
const nothing = new Uint8Array(0);

class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(input = '') {
    return encodeUtf8(toDOMString(input));
  }
  encodeInto(source, destination) {
    loadWebIdl().requireArguments(arguments.length, 2, 'TextEncoder.encodeInto');
    const text = toDOMString(source);
    if (!(destination instanceof Uint8Array)) throw new TypeError('TextEncoder.encodeInto: the destination must be a Uint8Array');
    const [read, written] = encodeUtf8Into(text, destination);
    return { read, written };
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return loadInspect().inspectMembers('TextEncoder', { encoding: 'utf-8' }, depth, options);
  }
}

class TextDecoder {
  #encoding = 'utf-8';
  #fatal = false;
  #ignoreBom = false;
  // The state in Rust while a stream is being decoded.
  #state = null;

  constructor(label = 'utf-8', options = undefined) {
    const name = toDOMString(label);
    if (name !== 'utf-8') {
      const encoding = encodingOf(name);
      if (encoding === undefined) {
        const error = new RangeError(`TextDecoder: the encoding label ${JSON.stringify(name)} is not known`);
        error.code = 'ERR_ENCODING_NOT_SUPPORTED';
        throw error;
      }
      this.#encoding = encoding;
    }
    if (options !== undefined) {
      const { fatal, ignoreBOM } = toDictionary(options, 'TextDecoder');
      this.#fatal = Boolean(fatal);
      this.#ignoreBom = Boolean(ignoreBOM);
    }
  }

  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBom;
  }

  decode(input = undefined, options = undefined) {
    const bytes = input === undefined ? nothing : requireBytes(input);
    const stream = options !== undefined && Boolean(toDictionary(options, 'TextDecoder.decode').stream);
    if (stream || this.#state !== null) return this.#decodePart(bytes, stream);
    return decodeText(this.#encoding, bytes, this.#fatal, this.#ignoreBom);
  }

  #decodePart(bytes, more) {
    const state = (this.#state ??= decoderStart(this.#encoding, this.#ignoreBom));
    // The state ends with the stream, and with an error.
    this.#state = null;
    const text = decoderDecode(state, bytes, !more, this.#fatal);
    if (more) this.#state = state;
    return text;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { encoding, fatal, ignoreBOM } = this;
    return loadInspect().inspectMembers('TextDecoder', { encoding, fatal, ignoreBOM }, depth, options);
  }
}

function requireBytes(input) {
  if (!isBufferSource(input)) throw new TypeError('TextDecoder.decode: the input must be an ArrayBuffer or a view of one');
  return bytesOf(input);
}

defineInterface(TextEncoder);
defineInterface(TextDecoder);

module.exports = { TextEncoder, TextDecoder };
