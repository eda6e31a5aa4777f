// ReadableStreamDefaultReader (https://streams.spec.whatwg.org/#default-reader-class).
'use strict';

const { reject } = require('builtins/primordials');
const { defineInterface, invalidArgument, invalidState, requireArguments } = require('builtins/webidl');
const { acquireReader, cancelStream, closedPromise, readPromise, releaseReader } = require('web/streams/algorithms');

/** What `readable_stream` says of its streams, once it is loaded: before that no value can be one. @type {(value: any) => StreamSlots | undefined} */
let recordOfStream = () => undefined;

/** @param {(value: any) => StreamSlots | undefined} recordOf */
function setStreams(recordOf) {
  recordOfStream = recordOf;
}

class ReadableStreamDefaultReader {
  /** @type {ReaderSlots} */
  #record;

  /** @param {any} stream */
  constructor(stream) {
    requireArguments(arguments.length, 1, 'ReadableStreamDefaultReader');
    const record = recordOfStream(stream);
    if (record === undefined) throw invalidArgument('ReadableStreamDefaultReader: the argument is not a ReadableStream');
    this.#record = acquireReader(record);
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
      if (stream === null) throw invalidState('ReadableStreamDefaultReader.cancel: the lock was released');
      return cancelStream(stream, reason);
    } catch (error) {
      return reject(error);
    }
  }

  read() {
    try {
      const record = this.#record;
      if (record.stream === null) throw invalidState('ReadableStreamDefaultReader.read: the lock was released');
      return readPromise(record);
    } catch (error) {
      return reject(error);
    }
  }

  releaseLock() {
    if (this.#record.stream !== null) releaseReader(this.#record);
  }
}

defineInterface(ReadableStreamDefaultReader);

module.exports = { ReadableStreamDefaultReader, recordOfStream: (/** @type {any} */ value) => recordOfStream(value), setStreams };
