// WritableStreamDefaultWriter (https://streams.spec.whatwg.org/#default-writer-class).
'use strict';

const { reject } = require('builtins/primordials');
const { defineInterface, invalidArgument, invalidState, requireArguments } = require('builtins/webidl');
const { abortStream, acquireWriter, closeStream, desiredSizeOf } = require('web/streams/writable_algorithms');
const { isClosing, readyPromise, releaseWriter, writeTo } = require('web/streams/writable_algorithms');

/** What `writable_stream` says of its streams, once it is loaded: before that no value can be one. @type {(value: any) => WritableSlots | undefined} */
let recordOfStream = () => undefined;

/** @param {(value: any) => WritableSlots | undefined} recordOf */
function setWritableStreams(recordOf) {
  recordOfStream = recordOf;
}

/** @param {WriterSlots} writer @param {string} method @returns {WritableSlots} */
function lockedStream(writer, method) {
  if (writer.stream === null) throw invalidState(`WritableStreamDefaultWriter.${method}: the lock was released`);
  return writer.stream;
}

class WritableStreamDefaultWriter {
  /** @type {WriterSlots} */
  #record;

  /** @param {any} stream */
  constructor(stream) {
    requireArguments(arguments.length, 1, 'WritableStreamDefaultWriter');
    const record = recordOfStream(stream);
    if (record === undefined) throw invalidArgument('WritableStreamDefaultWriter: the argument is not a WritableStream');
    this.#record = acquireWriter(record);
  }

  get closed() {
    try {
      return this.#record.closed;
    } catch (error) {
      return reject(error);
    }
  }

  get desiredSize() {
    return desiredSizeOf(lockedStream(this.#record, 'desiredSize'));
  }

  get ready() {
    try {
      return readyPromise(this.#record);
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {any} [reason] */
  abort(reason = undefined) {
    try {
      return abortStream(lockedStream(this.#record, 'abort'), reason);
    } catch (error) {
      return reject(error);
    }
  }

  close() {
    try {
      const stream = lockedStream(this.#record, 'close');
      if (isClosing(stream)) throw invalidState('WritableStreamDefaultWriter.close: the stream is closing');
      return closeStream(stream);
    } catch (error) {
      return reject(error);
    }
  }

  releaseLock() {
    if (this.#record.stream !== null) releaseWriter(this.#record);
  }

  /** @param {any} [chunk] */
  write(chunk = undefined) {
    try {
      lockedStream(this.#record, 'write');
      return writeTo(this.#record, chunk);
    } catch (error) {
      return reject(error);
    }
  }
}

defineInterface(WritableStreamDefaultWriter);

module.exports = { WritableStreamDefaultWriter, setWritableStreams };
