// The algorithms of writable streams (https://streams.spec.whatwg.org/#ws-all-abstract-ops), over records: each public object holds one in a
// private field, and only this file changes what is in them.
'use strict';

const { apply, catchRejection, max, reject, resolve, then } = require('builtins/primordials');
const { invalidState } = require('builtins/webidl');
const { react, resolvedWith, settled } = require('web/streams/algorithms');
const { Fifo } = require('web/streams/fifo');
const { pendingPromise, rejectPromise, resolvePromise } = ops;
const loadAbort = () => require('web/abort/abort');

const noOperation = () => undefined;
// What programs may get to see, so no other file's.
const fulfilled = resolve(undefined);
// Stands in the queue of chunks for the end.
const END = Symbol('end');

/** @typedef {'writable' | 'erroring' | 'errored' | 'closed'} WritableState */
/** @typedef {{ promise: Promise<any>, reason: any, wasErroring: boolean }} AbortRequest */

/** `[[state]]` and its like of a WritableStream. */
class WritableRecord {
  /** @type {WritableState} */
  state = 'writable';
  /** @type {any} */
  storedError = undefined;
  backpressure = false;
  /** @type {WriterSlots | null} */
  writer = null;
  /** @type {WritableControllerSlots} */
  controller = /** @type {any} */ (null);
  /** The promises of writes that wait. @type {Queue<Promise<any>>} */
  writes = new Fifo();
  /** @type {Promise<any> | null} */
  writeInFlight = null;
  /** @type {Promise<any> | null} */
  closeRequest = null;
  /** @type {Promise<any> | null} */
  closeInFlight = null;
  /** @type {AbortRequest | null} */
  pendingAbort = null;
  /** What settles at the end, with a writer or without; made when somebody asks. @type {PromiseWithResolvers<undefined> | null} */
  ended = null;
}

/** Of a WritableStreamDefaultWriter. */
class WriterRecord {
  /** The stream; null once the lock was released. @type {WritableSlots | null} */
  stream;
  /** @type {Promise<any>} */
  ready;
  isReadyPending = false;
  /** @type {Promise<any>} */
  closed;
  isClosedPending = false;

  /** @param {WritableSlots} stream */
  constructor(stream) {
    this.stream = stream;
    const { state } = stream;
    this.isClosedPending = state === 'writable' || state === 'erroring';
    this.isReadyPending = state === 'writable' && stream.backpressure && !isClosing(stream);
    this.ready = this.isReadyPending
      ? pendingPromise()
      : state === 'erroring' || state === 'errored'
        ? rejected(stream.storedError)
        : fulfilled;
    this.closed = this.isClosedPending ? pendingPromise() : state === 'errored' ? rejected(stream.storedError) : fulfilled;
  }
}

/** Of a WritableStreamDefaultController. */
class WritableControllerRecord {
  stream;
  sink;
  facade;
  write;
  close;
  abort;
  highWaterMark;
  size;
  /** @type {Queue<any>} */
  chunks = new Fifo();
  /** @type {Queue<number>} */
  sizes = new Fifo();
  queuedSize = 0;
  started = false;
  /** Made when somebody asks for the signal. @type {any} */
  abortController = null;
  isAborted = false;
  /** @type {any} */
  abortReason = undefined;
  onWritten;
  onWriteFailed;

  /**
   * @param {WritableSlots} stream
   * @param {any} sink what the callbacks have as `this`
   * @param {any} facade what they get of the controller
   * @param {Function | undefined} write
   * @param {Function | undefined} close
   * @param {Function | undefined} abort
   * @param {number} highWaterMark
   * @param {Function | undefined} size
   */
  constructor(stream, sink, facade, write, close, abort, highWaterMark, size) {
    this.stream = stream;
    this.sink = sink;
    this.facade = facade;
    this.write = write;
    this.close = close;
    this.abort = abort;
    this.highWaterMark = highWaterMark;
    this.size = size;
    this.onWritten = () => written(this);
    this.onWriteFailed = (/** @type {any} */ reason) => writeFailed(this, reason);
  }
}

/** A rejected promise that nobody has to handle. @param {any} reason @returns {Promise<any>} */
function rejected(reason) {
  const promise = reject(reason);
  catchRejection(promise, noOperation);
  return promise;
}

/** @param {Function | undefined} callback @param {any} self @param {any[]} given @returns {Promise<any>} */
function call(callback, self, given) {
  if (callback === undefined) return settled;
  try {
    const result = apply(callback, self, given);
    return result === undefined ? settled : resolve(result);
  } catch (error) {
    return reject(error);
  }
}

// ---- the stream

/** Whether it is closing. @param {WritableSlots} stream */
function isClosing(stream) {
  return stream.closeRequest !== null || stream.closeInFlight !== null;
}

/** @param {WritableSlots} stream @param {any} reason @returns {Promise<any>} */
function abortStream(stream, reason) {
  if (stream.state === 'closed' || stream.state === 'errored') return resolve(undefined);
  const { controller } = stream;
  controller.isAborted = true;
  controller.abortReason = reason;
  controller.abortController?.abort(reason);
  // What listens to the signal may have ended the stream.
  const state = /** @type {WritableState} */ (stream.state);
  if (state === 'closed' || state === 'errored') return resolve(undefined);
  if (stream.pendingAbort !== null) return stream.pendingAbort.promise;
  const wasErroring = state === 'erroring';
  const promise = pendingPromise();
  stream.pendingAbort = { promise, reason: wasErroring ? undefined : reason, wasErroring };
  if (!wasErroring) startErroring(stream, reason);
  return promise;
}

/** @param {WritableSlots} stream @returns {Promise<any>} */
function closeStream(stream) {
  if (stream.state === 'closed' || stream.state === 'errored') {
    return reject(invalidState(`WritableStream: the stream is ${stream.state}`));
  }
  const promise = pendingPromise();
  stream.closeRequest = promise;
  const { writer } = stream;
  if (writer !== null && stream.backpressure && stream.state === 'writable') resolveReady(writer);
  const { controller } = stream;
  controller.chunks.push(END);
  controller.sizes.push(0);
  advance(controller);
  return promise;
}

/** @param {WritableSlots} stream @param {any} error */
function dealWithRejection(stream, error) {
  if (stream.state === 'writable') startErroring(stream, error);
  else finishErroring(stream);
}

/** @param {WritableSlots} stream @param {any} reason */
function startErroring(stream, reason) {
  stream.state = 'erroring';
  stream.storedError = reason;
  if (stream.writer !== null) rejectReady(stream.writer, reason);
  if (stream.writeInFlight === null && stream.closeInFlight === null && stream.controller.started) finishErroring(stream);
}

/** @param {WritableSlots} stream */
function finishErroring(stream) {
  stream.state = 'errored';
  const { controller, storedError, writes } = stream;
  resetQueue(controller);
  stream.writes = new Fifo();
  while (writes.length > 0) rejectPromise(writes.shift(), storedError);
  const request = stream.pendingAbort;
  if (request === null) {
    rejectClosed(stream);
    return;
  }
  stream.pendingAbort = null;
  if (request.wasErroring) {
    rejectPromise(request.promise, storedError);
    rejectClosed(stream);
    return;
  }
  const { abort } = controller;
  forgetAlgorithms(controller);
  then(
    call(abort, controller.sink, [request.reason]),
    () => {
      resolvePromise(request.promise, undefined);
      rejectClosed(stream);
    },
    (reason) => {
      rejectPromise(request.promise, reason);
      rejectClosed(stream);
    },
  );
}

/** What waits for the end learns of the error. @param {WritableSlots} stream */
function rejectClosed(stream) {
  if (stream.closeRequest !== null) {
    rejectPromise(stream.closeRequest, stream.storedError);
    stream.closeRequest = null;
  }
  stream.ended?.reject(stream.storedError);
  if (stream.writer !== null) rejectWriterClosed(stream.writer, stream.storedError);
}

/** @param {WritableSlots} stream */
function closed(stream) {
  resolvePromise(/** @type {Promise<any>} */ (stream.closeInFlight), undefined);
  stream.closeInFlight = null;
  if (stream.state === 'erroring') {
    // The sink closed before it heard of the error.
    stream.storedError = undefined;
    if (stream.pendingAbort !== null) {
      resolvePromise(stream.pendingAbort.promise, undefined);
      stream.pendingAbort = null;
    }
  }
  stream.state = 'closed';
  stream.ended?.resolve(undefined);
  const { writer } = stream;
  if (writer === null || !writer.isClosedPending) return;
  writer.isClosedPending = false;
  resolvePromise(writer.closed, undefined);
}

/** @param {WritableSlots} stream @param {any} error */
function closeFailed(stream, error) {
  rejectPromise(/** @type {Promise<any>} */ (stream.closeInFlight), error);
  stream.closeInFlight = null;
  if (stream.pendingAbort !== null) {
    rejectPromise(stream.pendingAbort.promise, error);
    stream.pendingAbort = null;
  }
  dealWithRejection(stream, error);
}

/** @param {WritableSlots} stream @param {boolean} backpressure */
function updateBackpressure(stream, backpressure) {
  if (stream.backpressure === backpressure) return;
  const { writer } = stream;
  stream.backpressure = backpressure;
  if (writer === null) return;
  if (backpressure) {
    writer.ready = pendingPromise();
    writer.isReadyPending = true;
  } else {
    resolveReady(writer);
  }
}

// ---- the writer

/** @param {WritableSlots} stream */
function acquireWriter(stream) {
  if (stream.writer !== null) throw invalidState('WritableStream: the stream is locked to a writer');
  const writer = new WriterRecord(stream);
  stream.writer = writer;
  return writer;
}

/** @param {WriterSlots} writer */
function resolveReady(writer) {
  if (writer.isReadyPending) resolvePromise(writer.ready, undefined);
  writer.isReadyPending = false;
}

/** @param {WriterSlots} writer @param {any} reason */
function rejectReady(writer, reason) {
  if (writer.isReadyPending) {
    rejectPromise(writer.ready, reason);
    catchRejection(writer.ready, noOperation);
  } else {
    writer.ready = rejected(reason);
  }
  writer.isReadyPending = false;
}

/** @param {WriterSlots} writer @param {any} reason */
function rejectWriterClosed(writer, reason) {
  if (writer.isClosedPending) {
    rejectPromise(writer.closed, reason);
    catchRejection(writer.closed, noOperation);
  } else {
    writer.closed = rejected(reason);
  }
  writer.isClosedPending = false;
}

/** @param {WriterSlots} writer */
function releaseWriter(writer) {
  const stream = /** @type {WritableSlots} */ (writer.stream);
  const reason = invalidState('WritableStreamDefaultWriter: the lock was released');
  rejectReady(writer, reason);
  rejectWriterClosed(writer, reason);
  stream.writer = null;
  writer.stream = null;
}

/** @param {WriterSlots} writer @param {any} chunk @returns {Promise<any>} */
function writeTo(writer, chunk) {
  const stream = /** @type {WritableSlots} */ (writer.stream);
  const { controller } = stream;
  const size = sizeOf(controller, chunk);
  if (writer.stream !== stream) return reject(invalidState('WritableStreamDefaultWriter.write: the lock was released'));
  if (stream.state === 'errored') return reject(stream.storedError);
  if (isClosing(stream) || stream.state === 'closed') {
    return reject(invalidState('WritableStreamDefaultWriter.write: the stream is closing or closed'));
  }
  if (stream.state === 'erroring') return reject(stream.storedError);
  const promise = pendingPromise();
  stream.writes.push(promise);
  enqueue(controller, chunk, size);
  return promise;
}

/** Closes, unless it is closing, closed or errored already. @param {WriterSlots} writer @returns {Promise<any>} */
function closeWithErrorPropagation(writer) {
  const stream = /** @type {WritableSlots} */ (writer.stream);
  if (isClosing(stream) || stream.state === 'closed') return resolve(undefined);
  if (stream.state === 'errored') return reject(stream.storedError);
  return closeStream(stream);
}

/** @param {WritableSlots} stream @returns {number | null} */
function desiredSizeOf(stream) {
  if (stream.state === 'errored' || stream.state === 'erroring') return null;
  return stream.state === 'closed' ? 0 : desiredSize(stream.controller);
}

// ---- the controller

/** @param {WritableControllerSlots} controller */
function desiredSize(controller) {
  return controller.highWaterMark - controller.queuedSize;
}

/** @param {WritableControllerSlots} controller @param {any} startResult a value or a promise */
function startController(controller, startResult) {
  const { stream } = controller;
  updateBackpressure(stream, desiredSize(controller) <= 0);
  then(
    resolvedWith(startResult),
    () => {
      controller.started = true;
      advance(controller);
    },
    (reason) => {
      controller.started = true;
      dealWithRejection(stream, reason);
    },
  );
}

/** @param {WritableControllerSlots} controller @param {any} chunk */
function sizeOf(controller, chunk) {
  if (controller.size === undefined) return 1;
  try {
    return +apply(controller.size, undefined, [chunk]);
  } catch (error) {
    errorIfNeeded(controller, error);
    return 1;
  }
}

/** @param {WritableControllerSlots} controller @param {any} chunk @param {number} size */
function enqueue(controller, chunk, size) {
  if (!(size >= 0 && size < Infinity)) {
    errorIfNeeded(controller, new RangeError(`WritableStream: ${size} is not a valid size of a chunk`));
    return;
  }
  controller.chunks.push(chunk);
  controller.sizes.push(size);
  controller.queuedSize += size;
  const { stream } = controller;
  if (!isClosing(stream) && stream.state === 'writable') updateBackpressure(stream, desiredSize(controller) <= 0);
  advance(controller);
}

/** @param {WritableControllerSlots} controller */
function dequeue(controller) {
  controller.chunks.shift();
  const left = controller.queuedSize - controller.sizes.shift();
  // Sums of fractions may miss zero by a little.
  controller.queuedSize = max(0, left);
}

/** @param {WritableControllerSlots} controller */
function resetQueue(controller) {
  controller.chunks = new Fifo();
  controller.sizes = new Fifo();
  controller.queuedSize = 0;
}

/** @param {WritableControllerSlots} controller */
function forgetAlgorithms(controller) {
  controller.write = undefined;
  controller.close = undefined;
  controller.abort = undefined;
  controller.size = undefined;
}

/** Gives the sink what comes next, if it has nothing to do. @param {WritableControllerSlots} controller */
function advance(controller) {
  const { stream } = controller;
  if (!controller.started || stream.writeInFlight !== null) return;
  if (stream.state === 'erroring') {
    finishErroring(stream);
    return;
  }
  if (controller.chunks.length === 0) return;
  const chunk = controller.chunks.first();
  if (chunk === END) {
    stream.closeInFlight = stream.closeRequest;
    stream.closeRequest = null;
    dequeue(controller);
    const { close } = controller;
    const ending = call(close, controller.sink, []);
    forgetAlgorithms(controller);
    then(
      ending,
      () => closed(stream),
      (reason) => closeFailed(stream, reason),
    );
    return;
  }
  stream.writeInFlight = stream.writes.shift();
  react(call(controller.write, controller.sink, [chunk, controller.facade]), controller.onWritten, controller.onWriteFailed);
}

/** @param {WritableControllerSlots} controller */
function written(controller) {
  const { stream } = controller;
  resolvePromise(/** @type {Promise<any>} */ (stream.writeInFlight), undefined);
  stream.writeInFlight = null;
  dequeue(controller);
  if (!isClosing(stream) && stream.state === 'writable') updateBackpressure(stream, desiredSize(controller) <= 0);
  advance(controller);
}

/** @param {WritableControllerSlots} controller @param {any} reason */
function writeFailed(controller, reason) {
  const { stream } = controller;
  if (stream.state === 'writable') forgetAlgorithms(controller);
  rejectPromise(/** @type {Promise<any>} */ (stream.writeInFlight), reason);
  stream.writeInFlight = null;
  dealWithRejection(stream, reason);
}

/** @param {WritableControllerSlots} controller @param {any} reason */
function errorIfNeeded(controller, reason) {
  if (controller.stream.state !== 'writable') return;
  forgetAlgorithms(controller);
  startErroring(controller.stream, reason);
}

/** @param {WritableControllerSlots} controller */
function signalOf(controller) {
  if (controller.abortController === null) {
    const { AbortController } = loadAbort();
    controller.abortController = new AbortController();
    if (controller.isAborted) controller.abortController.abort(controller.abortReason);
  }
  return controller.abortController.signal;
}

module.exports = {
  WritableControllerRecord,
  WritableRecord,
  WriterRecord,
  abortStream,
  acquireWriter,
  closeStream,
  closeWithErrorPropagation,
  desiredSizeOf,
  errorIfNeeded,
  isClosing,
  releaseWriter,
  signalOf,
  startController,
  writeTo,
};
