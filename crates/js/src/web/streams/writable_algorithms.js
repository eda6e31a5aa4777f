// The algorithms of writable streams (https://streams.spec.whatwg.org/#ws-all-abstract-ops), over records: each public object holds one in a
// private field, and only this file changes what is in them.
'use strict';

const { apply, catchRejection, max, reject, resolve, then } = require('builtins/primordials');
const { invalidState } = require('builtins/webidl');
const { LATER, resolvedWith, settled } = require('web/streams/algorithms');
const { callbackOf } = require('web/streams/callback');
const { Fifo } = require('web/streams/fifo');
const { afterwards } = require('web/streams/turns');
const { pendingPromise, rejectPromise, resolvePromise } = ops;
const loadAbort = () => require('web/abort/abort');

const noOperation = () => undefined;
// What programs may get to see, so no other file's.
const fulfilled = resolve(undefined);
// Stands in the queue of chunks for the end.
const END = Symbol('end');

/** @typedef {'writable' | 'erroring' | 'errored' | 'closed'} WritableState */
/** @typedef {{ promise: Promise<any>, reason: any, wasErroring: boolean }} AbortRequest */

/** Who writes without promises, which is a pipe: it is told here. */
class Pen {
  /** One of its writes is over, in the order that they were made, whether it failed or not. */
  written() {}
  /** What it would have learned by the promise `ready`. */
  ready() {}
}

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
  /** Who is told of each write that waits. @type {Queue<Promise<any> | Pen>} */
  writes = new Fifo();
  /** @type {Promise<any> | Pen | null} */
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
  /** The promise `ready`, made when somebody asks, or when it is rejected. @type {Promise<any> | null} */
  readiness;
  isReadyPending = false;
  /** @type {Promise<any>} */
  closed;
  isClosedPending = false;
  /** Who writes instead of a program. @type {Pen | null} */
  pen;

  /** @param {WritableSlots} stream @param {Pen | null} pen */
  constructor(stream, pen) {
    this.stream = stream;
    this.pen = pen;
    const { state } = stream;
    this.isClosedPending = state === 'writable' || state === 'erroring';
    this.isReadyPending = state === 'writable' && stream.backpressure && !isClosing(stream);
    this.readiness = state === 'erroring' || state === 'errored' ? rejected(stream.storedError) : null;
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
  /** The size of each chunk; null while every one counts as 1. @type {Queue<number> | null} */
  sizes;
  queuedSize = 0;
  started = false;
  /** Made when somebody asks for the signal. @type {any} */
  abortController = null;
  isAborted = false;
  /** @type {any} */
  abortReason = undefined;
  /** `written` of this as a function; made with the first promise of a `write`. @type {(() => void) | null} */
  onWritten = null;
  /** @type {((reason: any) => void) | null} */
  onWriteFailed = null;

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
    this.write = callbackOf(write, sink);
    this.close = close;
    this.abort = abort;
    this.highWaterMark = highWaterMark;
    this.size = size;
    this.sizes = size === undefined ? null : new Fifo();
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
  controller.sizes?.push(0);
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
  while (writes.length > 0) failWrite(writes.shift(), storedError);
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
    writer.readiness = null;
    writer.isReadyPending = true;
  } else {
    resolveReady(writer);
  }
}

// ---- the writer

/** @param {WritableSlots} stream @param {Pen | null} [pen] */
function acquireWriter(stream, pen = null) {
  if (stream.writer !== null) throw invalidState('WritableStream: the stream is locked to a writer');
  const writer = new WriterRecord(stream, pen);
  stream.writer = writer;
  return writer;
}

/** The promise `ready` of a writer. @param {WriterSlots} writer @returns {Promise<any>} */
function readyPromise(writer) {
  writer.readiness ??= writer.isReadyPending ? pendingPromise() : resolve(undefined);
  return writer.readiness;
}

/** @param {WriterSlots} writer */
function resolveReady(writer) {
  if (!writer.isReadyPending) return;
  writer.isReadyPending = false;
  if (writer.readiness !== null) resolvePromise(writer.readiness, undefined);
  if (writer.pen !== null) writer.pen.ready();
}

/** @param {WriterSlots} writer @param {any} reason */
function rejectReady(writer, reason) {
  if (writer.isReadyPending && writer.readiness !== null) {
    rejectPromise(writer.readiness, reason);
    catchRejection(writer.readiness, noOperation);
  } else {
    writer.readiness = rejected(reason);
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
  const size = sizeOf(stream.controller, chunk);
  if (!isOpenTo(writer, stream)) return reject(refusal(writer, stream));
  const promise = pendingPromise();
  stream.writes.push(promise);
  enqueue(stream.controller, chunk, size);
  return promise;
}

/** As `writeTo`, for a pen. False if the stream does not take it, which it is not told then. @param {WriterSlots} writer @param {any} chunk @param {Pen} pen */
function writeFor(writer, chunk, pen) {
  const stream = /** @type {WritableSlots} */ (writer.stream);
  const size = sizeOf(stream.controller, chunk);
  if (!isOpenTo(writer, stream)) return false;
  stream.writes.push(pen);
  enqueue(stream.controller, chunk, size);
  return true;
}

/** Whether it takes a chunk; a `size` may have ended it, or released the writer. @param {WriterSlots} writer @param {WritableSlots} stream */
function isOpenTo(writer, stream) {
  return writer.stream === stream && stream.state === 'writable' && !isClosing(stream);
}

/** Why it does not. @param {WriterSlots} writer @param {WritableSlots} stream */
function refusal(writer, stream) {
  if (writer.stream !== stream) return invalidState('WritableStreamDefaultWriter.write: the lock was released');
  if (stream.state === 'errored') return stream.storedError;
  if (isClosing(stream) || stream.state === 'closed') {
    return invalidState('WritableStreamDefaultWriter.write: the stream is closing or closed');
  }
  return stream.storedError;
}

/** @param {Promise<any> | Pen} write */
function succeed(write) {
  if (write instanceof Pen) write.written();
  else resolvePromise(write, undefined);
}

/** @param {Promise<any> | Pen} write @param {any} reason */
function failWrite(write, reason) {
  if (write instanceof Pen) write.written();
  else rejectPromise(write, reason);
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
  controller.sizes?.push(size);
  controller.queuedSize += size;
  const { stream } = controller;
  if (!isClosing(stream) && stream.state === 'writable') updateBackpressure(stream, desiredSize(controller) <= 0);
  advance(controller);
}

/** @param {WritableControllerSlots} controller */
function dequeue(controller) {
  const chunk = controller.chunks.shift();
  const size = controller.sizes !== null ? controller.sizes.shift() : chunk === END ? 0 : 1;
  const left = controller.queuedSize - size;
  // Sums of fractions may miss zero by a little.
  controller.queuedSize = max(0, left);
}

/** @param {WritableControllerSlots} controller */
function resetQueue(controller) {
  controller.chunks = new Fifo();
  if (controller.sizes !== null) controller.sizes = new Fifo();
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
  const { write } = controller;
  let result;
  try {
    if (write !== undefined) result = write.runTwo(chunk, controller.facade);
  } catch (error) {
    result = reject(error);
  }
  if (result === undefined) afterwards(written, controller);
  else if (result !== LATER) whenWritten(controller, resolve(result));
}

/** @param {WritableControllerSlots} controller @param {Promise<any>} writing */
function whenWritten(controller, writing) {
  controller.onWritten ??= () => written(controller);
  controller.onWriteFailed ??= (reason) => writeFailed(controller, reason);
  then(writing, controller.onWritten, controller.onWriteFailed);
}

/** @param {WritableControllerSlots} controller */
function written(controller) {
  const { stream } = controller;
  succeed(/** @type {Promise<any> | Pen} */ (stream.writeInFlight));
  stream.writeInFlight = null;
  dequeue(controller);
  if (!isClosing(stream) && stream.state === 'writable') updateBackpressure(stream, desiredSize(controller) <= 0);
  advance(controller);
}

/** @param {WritableControllerSlots} controller @param {any} reason */
function writeFailed(controller, reason) {
  const { stream } = controller;
  if (stream.state === 'writable') forgetAlgorithms(controller);
  failWrite(/** @type {Promise<any> | Pen} */ (stream.writeInFlight), reason);
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
  Pen,
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
  readyPromise,
  releaseWriter,
  signalOf,
  startController,
  writeFailed,
  writeFor,
  writeTo,
  written,
};
