// TextEncoder and TextDecoder (https://encoding.spec.whatwg.org/). Rust has the encodings, and the state of a decoder that is in
// the middle of a stream.
'use strict';

const { customInspect, isDetached, stringify, viewByteLength } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const {
  bytesOf,
  defineInterface,
  invalidArgument,
  isAnyArrayBuffer,
  isSharedBufferSource,
  isUint8Array,
  requireArguments,
} = require('builtins/webidl');
const { toDOMString, toDictionary } = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const { decodeText, decoderDecode, decoderStart, encodeUtf8Into, encodeUtf8Partly, encodingOf } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

const nothing = new Uint8Array(0);

class TextEncoder {
  #own = true;
  get encoding() {
    this.#own;
    return 'utf-8';
  }
  /** @param {any} [input] */
  encode(input = '') {
    this.#own;
    return encodeUtf8(toDOMString(input));
  }
  /** @param {any} source @param {any} destination */
  encodeInto(source, destination) {
    this.#own;
    requireArguments(arguments.length, 2, 'TextEncoder.encodeInto');
    const text = toDOMString(source);
    if (!isUint8Array(destination)) throw invalidArgument('TextEncoder.encodeInto: the destination must be a Uint8Array');
    const needed = encodeUtf8Into(text, destination);
    if (needed <= viewByteLength(destination)) return { read: text.length, written: needed };
    const counts = encodeUtf8Partly(text, destination);
    return { read: counts[0], written: counts[1] };
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('TextEncoder', { encoding: 'utf-8' }, depth, options);
  }
}

class TextDecoder {
  #encoding = 'utf-8';
  #fatal = false;
  #ignoreBom = false;
  // The state in Rust while a stream is being decoded.
  #state = /** @type {object | null} */ (null);

  /** @param {any} [label] @param {any} [options] */
  constructor(label = 'utf-8', options = undefined) {
    const name = toDOMString(label);
    if (name !== 'utf-8') {
      const encoding = encodingOf(name);
      if (encoding === undefined) {
        const message = `TextDecoder: the encoding label ${stringify(name)} is not known`;
        throw codedError(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', message);
      }
      this.#encoding = encoding;
    }
    if (options !== undefined) {
      const { fatal, ignoreBOM } = toDictionary(options, 'TextDecoder');
      this.#fatal = !!fatal;
      this.#ignoreBom = !!ignoreBOM;
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

  /** @param {any} [input] @param {any} [options] */
  decode(input = undefined, options = undefined) {
    const bytes = input === undefined ? nothing : requireBytes(input);
    const stream = options !== undefined && !!toDictionary(options, 'TextDecoder.decode').stream;
    if (stream || this.#state !== null) return this.#decodePart(bytes, stream);
    return decodeText(this.#encoding, bytes, this.#fatal, this.#ignoreBom);
  }

  /** @param {Uint8Array} bytes @param {boolean} more */
  #decodePart(bytes, more) {
    const state = (this.#state ??= decoderStart(this.#encoding, this.#ignoreBom));
    // The state ends with the stream, and with an error.
    this.#state = null;
    const text = decoderDecode(state, bytes, !more, this.#fatal);
    if (more) this.#state = state;
    return text;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = { encoding: this.#encoding, fatal: this.#fatal, ignoreBOM: this.#ignoreBom };
    return loadInspect().inspectMembers('TextDecoder', shown, depth, options);
  }
}

/** [AllowShared]: shared memory as well. @param {any} input */
function requireBytes(input) {
  if (!isSharedBufferSource(input)) throw invalidArgument('TextDecoder.decode: the input must be an ArrayBuffer or a view of one');
  // What was transferred away has no bytes.
  return isAnyArrayBuffer(input) && isDetached(input) ? nothing : bytesOf(input);
}

defineInterface(TextEncoder);
defineInterface(TextDecoder);

module.exports = { TextEncoder, TextDecoder };
