// FileReader (https://w3c.github.io/FileAPI/#APIASynch). The bytes of a Blob are in memory, so a read is over in the next tasks: one says that it
// began, one that it ended.
'use strict';

const { copyBytes, customInspect, mapGet, subarray, toBase64, viewBuffer, viewByteLength } = require('builtins/primordials');
const { defineConstants, defineInterface, requireArguments, toDOMString } = require('builtins/webidl');
const { ProgressEvent } = require('web/events/classes');
const { EventTarget, defineEventHandlers, fire } = require('web/events/events');
const { parseMimeType } = require('web/fetch/mime');
const { bytesOfBlob, isBlob, typeOfBlob } = require('web/file/blob');
const { setImmediate } = require('web/html/timers');
const { decodeText, encodingOf, latin1Text } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadInspect = () => require('builtins/inspect/inspect');

const EMPTY = 0;
const LOADING = 1;
const DONE = 2;

class FileReader extends EventTarget {
  #state = EMPTY;
  /** @type {string | ArrayBuffer | null} */
  #result = null;
  /** @type {any} */
  #error = null;
  // Which read it is: what is left of one that was aborted does nothing.
  #number = 0;

  get readyState() {
    return this.#state;
  }
  get result() {
    return this.#result;
  }
  get error() {
    return this.#error;
  }

  /** @param {any} blob */
  readAsArrayBuffer(blob) {
    this.#read('readAsArrayBuffer', arguments.length, blob, (bytes) => /** @type {ArrayBuffer} */ (viewBuffer(copyBytes(bytes))));
  }
  /** @param {any} blob */
  readAsBinaryString(blob) {
    this.#read('readAsBinaryString', arguments.length, blob, (bytes) => latin1Text(bytes));
  }
  /** @param {any} blob @param {any} [encoding] */
  readAsText(blob, encoding = undefined) {
    const label = encoding === undefined ? undefined : toDOMString(encoding);
    this.#read('readAsText', arguments.length, blob, (bytes, type) => decodeBlob(bytes, type, label));
  }
  /** @param {any} blob */
  readAsDataURL(blob) {
    this.#read('readAsDataURL', arguments.length, blob, (bytes, type) => {
      return `data:${type === '' ? 'application/octet-stream' : type};base64,${toBase64(bytes)}`;
    });
  }

  abort() {
    if (this.#state !== LOADING) {
      this.#result = null;
      return;
    }
    this.#state = DONE;
    this.#result = null;
    this.#number += 1;
    const number = this.#number;
    this.#tell('abort', 0, 0);
    if (this.#number === number) this.#tell('loadend', 0, 0);
  }

  /**
   * @param {string} operation @param {number} given @param {any} blob
   * @param {(bytes: Bytes, type: string) => string | ArrayBuffer} make
   */
  #read(operation, given, blob, make) {
    this.#state;
    requireArguments(given, 1, `FileReader.${operation}`);
    if (!isBlob(blob)) throw new TypeError(`FileReader.${operation}: the argument is not a Blob`);
    if (this.#state === LOADING) {
      const { DOMException } = loadDOMException();
      throw new DOMException(`FileReader.${operation}: a read is under way`, 'InvalidStateError');
    }
    this.#state = LOADING;
    this.#result = null;
    this.#error = null;
    this.#number += 1;
    const number = this.#number;
    const bytes = bytesOfBlob(blob);
    const size = viewByteLength(bytes);
    setImmediate(() => {
      if (this.#number !== number) return;
      this.#tell('loadstart', 0, size);
      setImmediate(() => {
        if (this.#number !== number) return;
        if (size > 0) this.#tell('progress', size, size);
        setImmediate(() => {
          if (this.#number === number) this.#finish(() => make(bytes, typeOfBlob(blob)), number, size);
        });
      });
    });
  }

  /** @param {() => string | ArrayBuffer} make @param {number} number @param {number} size */
  #finish(make, number, size) {
    this.#state = DONE;
    let type = 'load';
    try {
      this.#result = make();
    } catch (error) {
      const { DOMException } = loadDOMException();
      this.#error = new DOMException(`FileReader: the blob cannot be read: ${/** @type {any} */ (error)?.message}`, 'NotReadableError');
      type = 'error';
    }
    this.#tell(type, size, size);
    // A task later, so that what waits for `load` comes before; a listener may have begun another read, which tells its own end.
    setImmediate(() => {
      if (this.#number === number) this.#tell('loadend', size, size);
    });
  }

  /** @param {string} type @param {number} loaded @param {number} total */
  #tell(type, loaded, total) {
    fire(this, new ProgressEvent(type, { __proto__: null, lengthComputable: type !== 'abort' && total > 0, loaded, total }));
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = { readyState: this.#state, result: this.#result, error: this.#error };
    return loadInspect().inspectMembers('FileReader', shown, depth, options);
  }
}

/** https://w3c.github.io/FileAPI/#blob-package-data for text. @param {Bytes} bytes @param {string} type @param {string | undefined} label */
function decodeBlob(bytes, type, label) {
  let encoding = label === undefined ? undefined : encodingOf(label);
  if (encoding === undefined) {
    const parsed = parseMimeType(type);
    const charset = parsed === null ? undefined : mapGet(parsed.parameters, 'charset');
    if (charset !== undefined) encoding = encodingOf(charset);
  }
  // https://encoding.spec.whatwg.org/#decode: a byte order mark counts for more.
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeText('utf-16be', bytes, false, false);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeText('utf-16le', bytes, false, false);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return decodeText('utf-8', subarray(bytes, 3), false, true);
  return decodeText(encoding ?? 'utf-8', bytes, false, false);
}

defineInterface(FileReader);
defineConstants(FileReader, { EMPTY, LOADING, DONE });
defineEventHandlers(FileReader, ['loadstart', 'progress', 'load', 'abort', 'error', 'loadend']);

module.exports = { FileReader };
