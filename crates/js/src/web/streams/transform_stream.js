// TransformStream (https://streams.spec.whatwg.org/#ts-class) and its controller.
'use strict';

const { apply, customInspect, reject, resolve, then } = require('builtins/primordials');
const {
  defineInterface,
  defineTransferable,
  illegalConstructor,
  invalidArgument,
  invalidState,
  isObject,
  toDictionary,
} = require('builtins/webidl');
const {
  LATER,
  canCloseOrEnqueue,
  closeController,
  desiredSize,
  enqueue,
  errorStream,
  hasBackpressure,
  markOf,
  optionalCallback,
  pulled,
  resolvedWith,
  strategyMembers,
} = require('web/streams/algorithms');
const { createStartedStream, recordOf: readableRecord } = require('web/streams/readable_stream');
const { callbackOf } = require('web/streams/callback');
const { afterwards } = require('web/streams/turns');
const { errorIfNeeded, writeFailed, written } = require('web/streams/writable_algorithms');
const { createWritable, recordOf: writableRecord } = require('web/streams/writable_stream');
const { pendingPromise, rejectPromise, resolvePromise } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

// Tells constructors that this file calls them; no value of a program can be it.
const construction = Symbol('construction');

/** What a stream does with what comes: callbacks that get the chunk or the reason, and the controller. */
class TransformRecord {
  /** @type {StreamSlots} */
  readable = /** @type {any} */ (null);
  /** @type {WritableSlots} */
  writable = /** @type {any} */ (null);
  transformer;
  transform;
  flush;
  cancel;
  /** What the callbacks get. @type {any} */
  facade = undefined;
  backpressure = true;
  // Who waits for `backpressure` to change: the readable end's pull, the writable end's chunk, and a transform of our own by a promise.
  pullWaits = false;
  chunkWaits = false;
  /** @type {Promise<any> | null} */
  room = null;
  /** The chunk that waits. @type {any} */
  chunk = undefined;
  // The turns until the writable end hears of its chunk, and what it hears.
  turns = 0;
  hasFailed = false;
  /** @type {any} */
  failure = undefined;
  /** The end of whichever end was ended first. @type {Promise<any> | null} */
  finish = null;

  /**
   * @param {any} transformer what the callbacks have as `this`
   * @param {Function | undefined} transform
   * @param {Function | undefined} flush
   * @param {Function | undefined} cancel
   */
  constructor(transformer, transform, flush, cancel) {
    this.transformer = transformer;
    this.transform = callbackOf(transform, transformer);
    this.flush = flush;
    this.cancel = cancel;
  }
}

/** @param {TransformRecord} record @param {boolean} backpressure */
function setBackpressure(record, backpressure) {
  record.backpressure = backpressure;
  if (record.chunkWaits) {
    record.chunkWaits = false;
    afterwards(goOn, record);
  }
  if (record.pullWaits) {
    record.pullWaits = false;
    afterwards(pulled, record.readable.controller);
  }
  if (record.room !== null) {
    resolvePromise(record.room, undefined);
    record.room = null;
  }
}

/** @param {TransformRecord} record @param {any} chunk */
function enqueueChunk(record, chunk) {
  const { controller } = record.readable;
  if (!canCloseOrEnqueue(controller)) throw invalidState('TransformStreamDefaultController.enqueue: the readable end is closed or errored');
  try {
    enqueue(controller, chunk);
  } catch (error) {
    errorWritable(record, error);
    throw record.readable.storedError;
  }
  if (hasBackpressure(controller) && !record.backpressure) setBackpressure(record, true);
}

/** @param {TransformRecord} record @param {any} reason */
function errorBoth(record, reason) {
  errorStream(record.readable.controller, reason);
  errorWritable(record, reason);
}

/** @param {TransformRecord} record @param {any} reason */
function errorWritable(record, reason) {
  forgetAlgorithms(record);
  errorIfNeeded(record.writable.controller, reason);
  if (record.backpressure) setBackpressure(record, false);
}

/** @param {TransformRecord} record */
function terminate(record) {
  const { controller } = record.readable;
  if (canCloseOrEnqueue(controller)) closeController(controller);
  errorWritable(record, invalidState('TransformStream: the readable end was terminated'));
}

/** @param {TransformRecord} record */
function forgetAlgorithms(record) {
  record.transform = undefined;
  record.flush = undefined;
  record.cancel = undefined;
}

/** @param {Function | undefined} callback @param {any} self @param {any[]} given @returns {Promise<any>} */
function call(callback, self, given) {
  if (callback === undefined) return resolve(undefined);
  try {
    return resolvedWith(apply(callback, self, given));
  } catch (error) {
    return reject(error);
  }
}

/**
 * Lets the chunk through, and tells the writable end after so many turns.
 * @param {TransformRecord} record @param {any} chunk @param {number} turns
 */
function perform(record, chunk, turns) {
  record.turns = turns;
  record.hasFailed = false;
  let result;
  try {
    if (record.transform !== undefined) result = record.transform.runTwo(chunk, record.facade);
  } catch (error) {
    fail(record, error);
    afterwards(erred, record);
    return;
  }
  if (result === undefined) {
    afterwards(told, record);
    return;
  }
  then(
    resolvedWith(result),
    () => told(record),
    (reason) => {
      fail(record, reason);
      erred(record);
    },
  );
}

/** @param {TransformRecord} record @param {any} reason */
function fail(record, reason) {
  record.hasFailed = true;
  record.failure = reason;
}

/** @param {TransformRecord} record */
function erred(record) {
  errorBoth(record, record.failure);
  told(record);
}

/** A turn of those until the writable end hears of its chunk. @param {TransformRecord} record */
function told(record) {
  record.turns -= 1;
  if (record.turns > 0) {
    afterwards(told, record);
    return;
  }
  const { controller } = record.writable;
  if (!record.hasFailed) {
    written(controller);
    return;
  }
  const reason = record.failure;
  record.failure = undefined;
  writeFailed(controller, reason);
}

/** @param {TransformRecord} record @param {any} chunk */
function writeChunk(record, chunk) {
  if (record.backpressure) {
    record.chunk = chunk;
    record.chunkWaits = true;
  } else {
    perform(record, chunk, 2);
  }
  return LATER;
}

/** With the chunk that waited. @param {TransformRecord} record */
function goOn(record) {
  const { chunk } = record;
  record.chunk = undefined;
  const { state, storedError } = record.writable;
  if (state !== 'erroring') {
    perform(record, chunk, 3);
    return;
  }
  fail(record, storedError);
  record.turns = 1;
  afterwards(told, record);
}

/**
 * Ends both ends once, by whichever was ended first.
 * @param {TransformRecord} record
 * @param {Function | undefined} callback
 * @param {any[]} given
 * @param {() => void} succeeded may throw what the end fails with
 * @param {(reason: any) => void} failed
 */
function finishBy(record, callback, given, succeeded, failed) {
  if (record.finish !== null) return record.finish;
  const finish = pendingPromise();
  record.finish = finish;
  const ending = call(callback, record.transformer, given);
  forgetAlgorithms(record);
  then(
    ending,
    () => {
      try {
        succeeded();
      } catch (error) {
        rejectPromise(finish, error);
        return;
      }
      resolvePromise(finish, undefined);
    },
    (reason) => {
      failed(reason);
      rejectPromise(finish, reason);
    },
  );
  return finish;
}

/** @param {TransformRecord} record */
function throwIfErrored(record) {
  if (record.readable.state === 'errored') throw record.readable.storedError;
}

/** @param {TransformRecord} record @param {any} reason */
function abortWritable(record, reason) {
  const fail = (/** @type {any} */ error) => errorStream(record.readable.controller, error);
  return finishBy(
    record,
    record.cancel,
    [reason],
    () => {
      throwIfErrored(record);
      fail(reason);
    },
    fail,
  );
}

/** @param {TransformRecord} record */
function closeWritable(record) {
  return finishBy(
    record,
    record.flush,
    [record.facade],
    () => {
      throwIfErrored(record);
      const { controller } = record.readable;
      if (canCloseOrEnqueue(controller)) closeController(controller);
    },
    (reason) => errorStream(record.readable.controller, reason),
  );
}

/** @param {TransformRecord} record @param {any} reason */
function cancelReadable(record, reason) {
  const fail = (/** @type {any} */ error) => {
    errorIfNeeded(record.writable.controller, error);
    if (record.backpressure) setBackpressure(record, false);
  };
  return finishBy(
    record,
    record.cancel,
    [reason],
    () => {
      if (record.writable.state === 'errored') throw record.writable.storedError;
      fail(reason);
    },
    fail,
  );
}

/** @typedef {{ mark: number, size: Function | undefined }} Strategy */

/**
 * Makes both ends.
 * @param {TransformRecord} record @param {any} start what is waited for first @param {Strategy} writableStrategy @param {Strategy} readableStrategy
 */
function initialize(record, start, writableStrategy, readableStrategy) {
  const writable = createWritable(
    (/** @type {any} */ chunk) => writeChunk(record, chunk),
    () => closeWritable(record),
    (/** @type {any} */ reason) => abortWritable(record, reason),
    start,
    writableStrategy.mark,
    writableStrategy.size,
  );
  const readable = createStartedStream(
    start,
    () => {
      setBackpressure(record, false);
      record.pullWaits = true;
      return LATER;
    },
    (reason) => cancelReadable(record, reason),
    readableStrategy.mark,
    readableStrategy.size,
  );
  record.writable = writableRecord(writable);
  record.readable = readableRecord(readable);
  return { readable, writable };
}

/** @type {(facade: TransformStreamDefaultController, record: TransformRecord) => void} */
let setController;

class TransformStreamDefaultController {
  /** @type {TransformRecord} */
  #record = /** @type {any} */ (undefined);

  constructor() {
    if (arguments[0] !== construction) throw illegalConstructor();
  }

  get desiredSize() {
    return desiredSize(this.#record.readable.controller);
  }

  /** @param {any} [chunk] */
  enqueue(chunk = undefined) {
    enqueueChunk(this.#record, chunk);
  }

  /** @param {any} [reason] */
  error(reason = undefined) {
    errorBoth(this.#record, reason);
  }

  terminate() {
    terminate(this.#record);
  }

  static {
    setController = (facade, record) => {
      facade.#record = record;
    };
  }
}

defineInterface(TransformStreamDefaultController);

class TransformStream {
  /** @type {any} */
  #readable;
  /** @type {any} */
  #writable;

  /** @param {any} [transformer] @param {any} [writableStrategy] @param {any} [readableStrategy] */
  constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
    if (transformer === construction) {
      this.#readable = readableStrategy;
      this.#writable = writableStrategy;
      return;
    }
    if (transformer !== undefined && !isObject(transformer)) throw invalidArgument('TransformStream: the transformer must be an object');
    const writableMembers = strategyMembers(writableStrategy, 'TransformStream');
    const readableMembers = strategyMembers(readableStrategy, 'TransformStream');
    const { record, start } = fromTransformer(toDictionary(transformer, 'TransformStream'));
    const readableSide = strategyOf(readableMembers, 0);
    const writableSide = strategyOf(writableMembers, 1);
    const started = pendingPromise();
    const { readable, writable } = initialize(record, started, writableSide, readableSide);
    this.#readable = readable;
    this.#writable = writable;
    const facade = new /** @type {any} */ (TransformStreamDefaultController)(construction);
    record.facade = facade;
    setController(facade, record);
    resolvePromise(started, start === undefined ? undefined : apply(start, transformer, [facade]));
  }

  get readable() {
    return this.#readable;
  }

  get writable() {
    return this.#writable;
  }

  /** @param {any} value @returns {value is TransformStream} */
  static is(value) {
    return typeof value === 'object' && value !== null && #readable in value;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('TransformStream', { readable: this.#readable, writable: this.#writable }, depth, options);
  }
}

const { is: isTransformStream } = TransformStream;
delete (/** @type {any} */ (TransformStream).is);
defineInterface(TransformStream);
defineTransferable('web/streams/transfer', isTransformStream);

/** One of two ends that other files made. @param {any} readable @param {any} writable */
function makeTransform(readable, writable) {
  return new TransformStream(/** @type {any} */ (construction), writable, readable);
}

/** @param {{ highWaterMark: number | undefined, size: Function | undefined }} members @param {number} usual @returns {Strategy} */
function strategyOf(members, usual) {
  return { mark: markOf(members.highWaterMark, usual, 'TransformStream'), size: members.size };
}

/** @param {any} transformer */
function fromTransformer(transformer) {
  // The members of a dictionary are read in the order of their names.
  const cancel = optionalCallback(transformer.cancel, 'TransformStream', 'cancel');
  const flush = optionalCallback(transformer.flush, 'TransformStream', 'flush');
  const { readableType } = transformer;
  const start = optionalCallback(transformer.start, 'TransformStream', 'start');
  const transform = optionalCallback(transformer.transform, 'TransformStream', 'transform') ?? identity;
  const { writableType } = transformer;
  if (readableType !== undefined) throw new RangeError('TransformStream: the member "readableType" is reserved');
  if (writableType !== undefined) throw new RangeError('TransformStream: the member "writableType" is reserved');
  return { record: new TransformRecord(transformer, transform, flush, cancel), start };
}

/** @param {any} chunk @param {TransformStreamDefaultController} controller */
function identity(chunk, controller) {
  controller.enqueue(chunk);
}

/**
 * A transform of our own: `transform(chunk, enqueue, room)` and `flush(enqueue, room)`, as the other specifications set theirs up. `room()` is
 * what to await before much more is enqueued: undefined while the reader wants it.
 * @param {(chunk: any, enqueue: (chunk: any) => void, room: () => Promise<any> | undefined) => any} transform
 * @param {(enqueue: (chunk: any) => void, room: () => Promise<any> | undefined) => any} [flush]
 * @param {(reason: any) => any} [cancel]
 */
function createTransform(transform, flush = undefined, cancel = undefined) {
  const put = (/** @type {any} */ chunk) => enqueueChunk(record, chunk);
  const room = () => {
    if (!record.backpressure) return undefined;
    record.room ??= pendingPromise();
    return record.room;
  };
  const record = new TransformRecord(
    undefined,
    (/** @type {any} */ chunk) => transform(chunk, put, room),
    flush === undefined ? undefined : () => flush(put, room),
    cancel,
  );
  return initialize(record, undefined, { mark: 1, size: undefined }, { mark: 0, size: undefined });
}

module.exports = { TransformStream, TransformStreamDefaultController, createTransform, isTransformStream, makeTransform };
