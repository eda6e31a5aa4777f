// The algorithms of readable streams (https://streams.spec.whatwg.org/#rs-abstract-ops), over records: each public object holds one in a
// private field, and only this file and `byte_algorithms`, which has what byte streams do otherwise, change what is in them.
//
// The hot path is a read that finds a chunk: one promise, made resolved, and one turn (see `turns`) for the `pull` that follows. A read that must
// wait gets its promise once `pull` has returned without a chunk, so that a source that answers at once costs no pending one.
'use strict';

const { apply, catchRejection, max, reject, resolve, then, withResolvers } = require('builtins/primordials');
const { invalidState, toCallback, toDictionary, toNumber } = require('builtins/webidl');
const { callbackOf } = require('web/streams/callback');
const { Fifo } = require('web/streams/fifo');
const { afterwards, invoke } = require('web/streams/turns');
const { pendingPromise, rejectPromise, resolvePromise } = ops;

const noOperation = () => undefined;
const settled = resolve(undefined);
// What a `pull` or `write` of our own returns that will tell itself when it is done.
const LATER = Symbol('later');

/**
 * "A promise resolved with" a value (https://webidl.spec.whatwg.org/#a-promise-resolved-with): a new one, even if the value is a promise, and
 * so two microtasks later than that. The engine would call its `then`, which is the program's to replace.
 * @param {any} value @returns {Promise<any>}
 */
function resolvedWith(value) {
  if (value === undefined) return settled;
  const promise = pendingPromise();
  then(
    resolve(value),
    (result) => afterwards(invoke, () => resolvePromise(promise, result)),
    (reason) => afterwards(invoke, () => rejectPromise(promise, reason)),
  );
  return promise;
}

/** What waits for a chunk: it is told one of the three. @typedef {{ chunk(value: any): void, close(value: any): void, error(reason: any): void }} Waiting */

/** @typedef {'readable' | 'closed' | 'errored'} StreamState */

/** `[[state]]` and its like of a ReadableStream. */
class StreamRecord {
  /** @type {StreamState} */
  state = 'readable';
  /** @type {any} */
  storedError = undefined;
  disturbed = false;
  /** @type {ReaderSlots | null} */
  reader = null;
  /** @type {ControllerSlots} */
  controller = /** @type {any} */ (null);
  /** What settles at the end, with a reader or without; made when somebody asks. @type {PromiseWithResolvers<undefined> | null} */
  ended = null;
  /** The body that it gives, if it was made for one (`web/fetch/body`). @type {any} */
  origin = null;
}

/** Of a reader, of either kind. */
class ReaderRecord {
  /** The stream; null once the lock was released. @type {StreamSlots | null} */
  stream;
  /** @type {Queue<Waiting>} */
  requests = new Fifo();
  /** The promise `closed`, made when somebody asks. @type {PromiseWithResolvers<undefined> | null} */
  closed = null;
  /** Whether it reads into buffers that it is given. */
  isByob = false;
  /** @param {StreamSlots} stream */
  constructor(stream) {
    this.stream = stream;
  }
}

/** Of a ReadableStreamDefaultController. */
class ControllerRecord {
  stream;
  source;
  argument;
  pull;
  cancel;
  highWaterMark;
  size;
  /** @type {Queue<any>} */
  chunks = new Fifo();
  /** The size of each chunk; null while every one counts as 1. @type {Queue<number> | null} */
  sizes;
  queuedSize = 0;
  started = false;
  closeRequested = false;
  pulling = false;
  pullAgain = false;
  /** `pulled` of this as a function; made with the first promise of a `pull`. @type {(() => void) | null} */
  onPulled = null;
  /** @type {((reason: any) => void) | null} */
  onPullFailed = null;
  /** For a byte stream what it does otherwise. @type {ByteHooks | null} */
  bytes = null;

  /**
   * @param {StreamSlots} stream
   * @param {any} source what `pull` and `cancel` have as `this`
   * @param {any} argument what `pull` is called with
   * @param {Function | undefined} pull
   * @param {Function | undefined} cancel
   * @param {number} highWaterMark
   * @param {Function | undefined} size
   */
  constructor(stream, source, argument, pull, cancel, highWaterMark, size) {
    this.stream = stream;
    this.source = source;
    this.argument = argument;
    this.pull = callbackOf(pull, source);
    this.cancel = cancel;
    this.highWaterMark = highWaterMark;
    this.size = size;
    this.sizes = size === undefined ? null : new Fifo();
  }
}

// ---- the controller

/** @param {ControllerSlots} controller @returns {number | null} */
function desiredSize(controller) {
  const { state } = controller.stream;
  if (state === 'errored') return null;
  return state === 'closed' ? 0 : controller.highWaterMark - controller.queuedSize;
}

/** @param {ControllerSlots} controller */
function canCloseOrEnqueue(controller) {
  return !controller.closeRequested && controller.stream.state === 'readable';
}

/** @param {ControllerSlots} controller */
function shouldPull(controller) {
  const { stream } = controller;
  if (controller.pull === undefined || !controller.started || controller.closeRequested || stream.state !== 'readable') return false;
  if (stream.reader !== null && stream.reader.requests.length > 0) return true;
  return controller.highWaterMark - controller.queuedSize > 0;
}

/** Whether nobody waits for more. @param {ControllerSlots} controller */
function hasBackpressure(controller) {
  const { reader } = controller.stream;
  if (controller.stream.state !== 'readable' || controller.closeRequested) return true;
  if (!controller.started) return true;
  if (reader !== null && reader.requests.length > 0) return false;
  return controller.highWaterMark - controller.queuedSize <= 0;
}

/** @param {ControllerSlots} controller */
function pullIfNeeded(controller) {
  if (!shouldPull(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  let result;
  try {
    result = /** @type {Callback} */ (controller.pull).runOne(controller.argument);
  } catch (error) {
    result = reject(error);
  }
  if (result === undefined) afterwards(pulled, controller);
  else if (result !== LATER) whenPulled(controller, resolve(result));
}

/** @param {ControllerSlots} controller @param {Promise<any>} pulling */
function whenPulled(controller, pulling) {
  controller.onPulled ??= () => pulled(controller);
  controller.onPullFailed ??= (reason) => errorStream(controller, reason);
  then(pulling, controller.onPulled, controller.onPullFailed);
}

/** What follows a `pull`. @param {ControllerSlots} controller */
function pulled(controller) {
  controller.pulling = false;
  if (!controller.pullAgain) return;
  controller.pullAgain = false;
  pullIfNeeded(controller);
}

/** A promise for the result of a callback that may throw. @param {Function} callback @param {any} self @param {any} argument @returns {Promise<any>} */
function call(callback, self, argument) {
  try {
    const result = apply(callback, self, [argument]);
    return result === undefined ? settled : resolve(result);
  } catch (error) {
    return reject(error);
  }
}

/** @param {ControllerSlots} controller @param {any} chunk */
function enqueue(controller, chunk) {
  const { reader } = controller.stream;
  if (reader !== null && reader.requests.length > 0) {
    reader.requests.shift().chunk(chunk);
  } else {
    controller.queuedSize += controller.sizes === null ? 1 : measure(controller, controller.sizes, chunk);
    controller.chunks.push(chunk);
  }
  pullIfNeeded(controller);
}

/** @param {ControllerSlots} controller @param {Queue<number>} sizes @param {any} chunk */
function measure(controller, sizes, chunk) {
  try {
    // A `size` that closes or errors the stream makes an end of itself.
    const size = controller.size === undefined ? 1 : +apply(controller.size, undefined, [chunk]);
    if (!(size >= 0 && size < Infinity)) throw new RangeError(`ReadableStream: ${size} is not a valid size of a chunk`);
    sizes.push(size);
    return size;
  } catch (error) {
    errorStream(controller, error);
    throw error;
  }
}

/** Takes the first chunk, and closes or pulls as that asks for. @param {ControllerSlots} controller */
function takeChunk(controller) {
  if (controller.bytes !== null) return controller.bytes.take(controller);
  const { chunks, sizes } = controller;
  const chunk = chunks.shift();
  const left = controller.queuedSize - (sizes === null ? 1 : sizes.shift());
  // Sums of fractions may miss zero by a little.
  controller.queuedSize = max(0, left);
  if (controller.closeRequested && chunks.length === 0) {
    forgetAlgorithms(controller);
    closeStream(controller.stream);
  } else {
    pullIfNeeded(controller);
  }
  return chunk;
}

/** @param {ControllerSlots} controller */
function closeController(controller) {
  controller.closeRequested = true;
  if (controller.chunks.length === 0) {
    forgetAlgorithms(controller);
    closeStream(controller.stream);
  }
}

/** @param {ControllerSlots} controller */
function forgetAlgorithms(controller) {
  controller.pull = undefined;
  controller.cancel = undefined;
  controller.size = undefined;
}

/** @param {ControllerSlots} controller */
function resetQueue(controller) {
  controller.chunks = new Fifo();
  if (controller.sizes !== null) controller.sizes = new Fifo();
  controller.queuedSize = 0;
}

/** @param {ControllerSlots} controller @param {any} startResult */
function startController(controller, startResult) {
  then(
    resolvedWith(startResult),
    () => {
      controller.started = true;
      pullIfNeeded(controller);
    },
    (reason) => errorStream(controller, reason),
  );
}

// ---- the stream

/** @param {StreamSlots} stream */
function closeStream(stream) {
  stream.state = 'closed';
  stream.ended?.resolve(undefined);
  const { reader } = stream;
  if (reader === null) return;
  reader.closed?.resolve(undefined);
  // Who gave a buffer gets it back when the source answers.
  if (!reader.isByob) closeRequests(reader);
}

/** @param {ReaderSlots} reader */
function closeRequests(reader) {
  const { requests } = reader;
  if (requests.length === 0) return;
  reader.requests = new Fifo();
  while (requests.length > 0) requests.shift().close(undefined);
}

/** @param {ControllerSlots} controller @param {any} reason */
function errorStream(controller, reason) {
  const { stream } = controller;
  if (stream.state !== 'readable') return;
  if (controller.bytes !== null) controller.bytes.clear(controller);
  resetQueue(controller);
  forgetAlgorithms(controller);
  stream.state = 'errored';
  stream.storedError = reason;
  stream.ended?.reject(reason);
  const { reader } = stream;
  if (reader === null) return;
  reader.closed?.reject(reason);
  errorRequests(reader, reason);
}

/** @param {ReaderSlots} reader @param {any} reason */
function errorRequests(reader, reason) {
  const { requests } = reader;
  reader.requests = new Fifo();
  while (requests.length > 0) requests.shift().error(reason);
}

/** @param {StreamSlots} stream @param {any} reason @returns {Promise<undefined>} */
function cancelStream(stream, reason) {
  stream.disturbed = true;
  if (stream.state === 'closed') return resolve(undefined);
  if (stream.state === 'errored') return reject(stream.storedError);
  closeStream(stream);
  const { controller, reader } = stream;
  if (reader?.isByob) closeRequests(reader);
  if (controller.bytes !== null) controller.bytes.clear(controller);
  const { cancel } = controller;
  resetQueue(controller);
  forgetAlgorithms(controller);
  if (cancel === undefined) return resolve(undefined);
  return then(call(cancel, controller.source, reason), noOperation);
}

// ---- the reader

/** @param {StreamSlots} stream */
function acquireReader(stream) {
  if (stream.reader !== null) throw invalidState('ReadableStream: the stream is locked to a reader');
  const reader = new ReaderRecord(stream);
  stream.reader = reader;
  return reader;
}

/** The promise `closed` of a reader. @param {ReaderSlots} reader @returns {Promise<undefined>} */
function closedPromise(reader) {
  if (reader.closed === null) {
    const { stream } = reader;
    reader.closed = unheard();
    if (stream === null) reader.closed.reject(released());
    else if (stream.state === 'closed') reader.closed.resolve(undefined);
    else if (stream.state === 'errored') reader.closed.reject(stream.storedError);
  }
  return reader.closed.promise;
}

/** A promise whose rejection nobody has to handle. @returns {PromiseWithResolvers<undefined>} */
function unheard() {
  const promise = /** @type {PromiseWithResolvers<undefined>} */ (withResolvers());
  catchRejection(promise.promise, noOperation);
  return promise;
}

function released() {
  return invalidState('ReadableStreamDefaultReader: the lock was released');
}

/** @param {ReaderSlots} reader */
function releaseReader(reader) {
  const stream = /** @type {StreamSlots} */ (reader.stream);
  if (stream.state === 'readable') reader.closed?.reject(released());
  else reader.closed = null;
  stream.reader = null;
  reader.stream = null;
  if (reader.requests.length > 0) errorRequests(reader, released());
  if (stream.controller.bytes !== null) stream.controller.bytes.release(stream.controller);
}

/** @param {ReaderSlots} reader @param {Waiting} request */
function readFrom(reader, request) {
  const stream = /** @type {StreamSlots} */ (reader.stream);
  stream.disturbed = true;
  if (stream.state === 'closed') {
    request.close(undefined);
  } else if (stream.state === 'errored') {
    request.error(stream.storedError);
  } else if (stream.controller.chunks.length > 0) {
    request.chunk(takeChunk(stream.controller));
  } else {
    const { bytes } = stream.controller;
    const failure = bytes === null ? undefined : bytes.wait(stream.controller);
    if (failure !== undefined) return request.error(failure);
    reader.requests.push(request);
    pullIfNeeded(stream.controller);
  }
}

const WAITING = 0;
const GIVEN = 1;
const ENDED = 2;
const FAILED = 3;

/** A read whose answer is a promise of `{ value, done }`; the promise is made when it is known whether the answer is here already. */
class PromisedRead {
  #state = WAITING;
  /** @type {any} */
  #value = undefined;
  /** @type {Promise<{ value: any, done: boolean }> | null} */
  #waiting = null;

  /** @param {any} value */
  chunk(value) {
    if (this.#waiting !== null) resolvePromise(this.#waiting, { value, done: false });
    else this.#settle(GIVEN, value);
  }
  /** @param {any} value what a buffer that was given comes back as */
  close(value) {
    if (this.#waiting !== null) resolvePromise(this.#waiting, { value, done: true });
    else this.#settle(ENDED, value);
  }
  /** @param {any} reason */
  error(reason) {
    if (this.#waiting !== null) rejectPromise(this.#waiting, reason);
    else this.#settle(FAILED, reason);
  }
  /** @param {number} state @param {any} value */
  #settle(state, value) {
    this.#state = state;
    this.#value = value;
  }

  get isWaiting() {
    return this.#waiting !== null;
  }

  /** @returns {Promise<{ value: any, done: boolean }>} */
  get promise() {
    switch (this.#state) {
      case GIVEN:
        return resolve({ value: this.#value, done: false });
      case ENDED:
        return resolve({ value: this.#value, done: true });
      case FAILED:
        return reject(this.#value);
      default:
        this.#waiting = pendingPromise();
        return this.#waiting;
    }
  }
}

/** A promise of `{ value, done }`. @param {ReaderSlots} reader @returns {Promise<{ value: any, done: boolean }>} */
function readPromise(reader) {
  const stream = /** @type {StreamSlots} */ (reader.stream);
  if (stream.state === 'readable' && stream.controller.chunks.length > 0) {
    stream.disturbed = true;
    return resolve({ value: takeChunk(stream.controller), done: false });
  }
  const request = new PromisedRead();
  readFrom(reader, request);
  return request.promise;
}

// ---- what constructors are given

/** @param {any} value @param {string} name of the interface @param {string} member @returns {Function | undefined} */
function optionalCallback(value, name, member) {
  return value === undefined ? undefined : toCallback(value, `${name}: the member "${member}"`);
}

/** Of a QueuingStrategy (https://streams.spec.whatwg.org/#qs-api). @param {any} strategy @param {string} name of the interface */
function strategyMembers(strategy, name) {
  const members = toDictionary(strategy, name);
  // The members of a dictionary are read in the order of their names.
  const { highWaterMark } = members;
  const mark = highWaterMark === undefined ? undefined : toNumber(highWaterMark);
  return { highWaterMark: mark, size: optionalCallback(members.size, name, 'size') };
}

/** https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark @param {number | undefined} given @param {number} usual @param {string} name */
function markOf(given, usual, name) {
  const mark = given ?? usual;
  if (!(mark >= 0)) throw new RangeError(`${name}: ${mark} is not a valid high water mark`);
  return mark;
}

module.exports = {
  ControllerRecord,
  LATER,
  PromisedRead,
  ReaderRecord,
  StreamRecord,
  acquireReader,
  canCloseOrEnqueue,
  cancelStream,
  closeController,
  closeStream,
  closedPromise,
  desiredSize,
  enqueue,
  errorStream,
  forgetAlgorithms,
  hasBackpressure,
  markOf,
  optionalCallback,
  pullIfNeeded,
  pulled,
  readFrom,
  readPromise,
  releaseReader,
  settled,
  resolvedWith,
  startController,
  strategyMembers,
};
