// WritableStream (https://streams.spec.whatwg.org/#ws-class), and the streams that other files make.
'use strict';

const { apply, customInspect, reject } = require('builtins/primordials');
const { defineInterface, defineTransferable, invalidArgument, invalidState, isObject, toDictionary } = require('builtins/webidl');
const { markOf, optionalCallback, strategyMembers } = require('web/streams/algorithms');
const { WritableControllerRecord, WritableRecord, abortStream, closeStream } = require('web/streams/writable_algorithms');
const { errorIfNeeded, isClosing, startController } = require('web/streams/writable_algorithms');
const { WritableStreamDefaultWriter, setWritableStreams } = require('web/streams/default_writer');
const { makeController, setController } = require('web/streams/writable_controller');
const { endOfStream, errorOfStream, whenEnded } = require('web/streams/ended');
const loadInspect = () => require('builtins/inspect/inspect');

/** @type {(stream: WritableStream) => WritableSlots} */
let recordOf;
/** @type {(value: any) => value is WritableStream} */
let isWritableStream;
// Tells the constructor that `createWritable` calls; no value of a program can be it.
const construction = Symbol('construction');

class WritableStream {
  #record = new WritableRecord();

  /** @param {any} [sink] @param {any} [strategy] */
  constructor(sink = undefined, strategy = undefined) {
    if (sink === construction) return;
    if (sink !== undefined && !isObject(sink)) throw invalidArgument('WritableStream: the sink must be an object');
    setUpFromSink(this.#record, toDictionary(sink, 'WritableStream'), strategy);
  }

  get locked() {
    return this.#record.writer !== null;
  }

  /** @param {any} [reason] */
  abort(reason = undefined) {
    try {
      if (this.#record.writer !== null) throw invalidState('WritableStream.abort: the stream is locked to a writer');
      return abortStream(this.#record, reason);
    } catch (error) {
      return reject(error);
    }
  }

  close() {
    try {
      if (this.#record.writer !== null) throw invalidState('WritableStream.close: the stream is locked to a writer');
      if (isClosing(this.#record)) throw invalidState('WritableStream.close: the stream is closing');
      return closeStream(this.#record);
    } catch (error) {
      return reject(error);
    }
  }

  getWriter() {
    this.#record;
    return new WritableStreamDefaultWriter(this);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = { locked: this.#record.writer !== null, state: this.#record.state };
    return loadInspect().inspectMembers('WritableStream', shown, depth, options);
  }

  // What Node's streams ask of one of the web.
  get [endOfStream]() {
    return whenEnded(this.#record);
  }
  get [errorOfStream]() {
    return (/** @type {any} */ reason) => errorIfNeeded(this.#record.controller, reason);
  }

  static {
    recordOf = (stream) => stream.#record;
    isWritableStream = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #record in value);
    setWritableStreams((value) => (isWritableStream(value) ? value.#record : undefined));
  }
}

defineInterface(WritableStream);
defineTransferable('web/streams/transfer', (value) => isWritableStream(value));

/** https://streams.spec.whatwg.org/#ws-constructor @param {WritableSlots} record @param {any} sink @param {any} strategy */
function setUpFromSink(record, sink, strategy) {
  const { highWaterMark, size } = strategyMembers(strategy, 'WritableStream');
  // The members of a dictionary are read in the order of their names.
  const abort = optionalCallback(sink.abort, 'WritableStream', 'abort');
  const close = optionalCallback(sink.close, 'WritableStream', 'close');
  const start = optionalCallback(sink.start, 'WritableStream', 'start');
  const { type } = sink;
  const write = optionalCallback(sink.write, 'WritableStream', 'write');
  if (type !== undefined) throw new RangeError('WritableStream: the member "type" is reserved');
  const mark = markOf(highWaterMark, 1, 'WritableStream');
  const facade = makeController();
  const controller = new WritableControllerRecord(record, sink, facade, write, close, abort, mark, size);
  record.controller = controller;
  setController(facade, controller);
  record.backpressure = mark <= 0;
  startController(controller, start === undefined ? undefined : apply(start, sink, [facade]));
}

/**
 * A stream of our own.
 * @param {Function} write
 * @param {Function} close
 * @param {Function} abort
 * @param {any} startResult what is waited for before the first write
 * @param {number} highWaterMark
 * @param {Function | undefined} size
 */
function createWritable(write, close, abort, startResult, highWaterMark, size) {
  const stream = new WritableStream(construction);
  const record = recordOf(stream);
  record.controller = new WritableControllerRecord(record, undefined, undefined, write, close, abort, highWaterMark, size);
  startController(record.controller, startResult);
  return stream;
}

module.exports = { WritableStream, createWritable, isWritableStream, recordOf };
