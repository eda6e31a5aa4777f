// ReadableStreamBYOBReader (https://streams.spec.whatwg.org/#byob-reader-class): reads into buffers that it is given.
'use strict';

const { arrayBufferByteLength, isDetached, isResizable, isView, reject, viewLength, viewName } = require('builtins/primordials');
const { defineInterface, invalidArgument, invalidState, isAnyArrayBuffer, requireArguments, toDictionary } = require('builtins/webidl');
const { toEnforcedUnsignedLongLong } = require('builtins/webidl');
const { PromisedRead, acquireReader, cancelStream, closedPromise, releaseReader } = require('web/streams/algorithms');
const { partsOf, readInto } = require('web/streams/byte_algorithms');
const { recordOfStream } = require('web/streams/default_reader');

/** @param {StreamSlots} stream */
function acquireByobReader(stream) {
  if (stream.controller.bytes === null) throw invalidState('ReadableStreamBYOBReader: the stream is no byte stream');
  const reader = acquireReader(stream);
  reader.isByob = true;
  return reader;
}

class ReadableStreamBYOBReader {
  /** @type {ReaderSlots} */
  #record;

  /** @param {any} stream */
  constructor(stream) {
    requireArguments(arguments.length, 1, 'ReadableStreamBYOBReader');
    const record = recordOfStream(stream);
    if (record === undefined) throw invalidArgument('ReadableStreamBYOBReader: the argument is not a ReadableStream');
    if (record.reader !== null) throw invalidState('ReadableStreamBYOBReader: the stream is locked to a reader');
    this.#record = acquireByobReader(record);
  }

  get closed() {
    try {
      return closedPromise(this.#record);
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {any} [reason] */
  cancel(reason = undefined) {
    try {
      const { stream } = this.#record;
      if (stream === null) throw invalidState('ReadableStreamBYOBReader.cancel: the lock was released');
      return cancelStream(stream, reason);
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {any} view @param {any} [options] */
  read(view, options = undefined) {
    try {
      const record = this.#record;
      requireArguments(arguments.length, 1, 'ReadableStreamBYOBReader.read');
      const least = checkView(view, options);
      if (record.stream === null) throw invalidState('ReadableStreamBYOBReader.read: the lock was released');
      const request = new PromisedRead();
      readInto(record, view, least, request);
      return request.promise;
    } catch (error) {
      return reject(error);
    }
  }

  releaseLock() {
    if (this.#record.stream !== null) releaseReader(this.#record);
  }
}

/** How many elements the read wants at least. @param {any} view @param {any} options */
function checkView(view, options) {
  const operation = 'ReadableStreamBYOBReader.read';
  if (!isView(view)) throw invalidArgument(`${operation}: the argument is not a view of an ArrayBuffer`);
  const { buffer, byteLength } = partsOf(view);
  if (!isAnyArrayBuffer(buffer) || isResizable(buffer)) {
    throw invalidArgument(`${operation}: the view must be of an ArrayBuffer that is neither shared nor resizable`);
  }
  const { min = 1 } = toDictionary(options, operation);
  const least = toEnforcedUnsignedLongLong(min, `${operation}: min`);
  if (isDetached(buffer)) throw invalidState(`${operation}: the view's buffer is detached`);
  if (byteLength === 0 || arrayBufferByteLength(buffer) === 0) throw invalidState(`${operation}: the view is empty`);
  if (least === 0) throw invalidArgument(`${operation}: min must be more than 0`);
  const length = viewName(view) === undefined ? byteLength : viewLength(view);
  if (least > length) throw new RangeError(`${operation}: min is ${least}, and the view has ${length} elements`);
  return least;
}

defineInterface(ReadableStreamBYOBReader);

module.exports = { ReadableStreamBYOBReader, acquireByobReader };
