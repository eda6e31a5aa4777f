// ReadableStream (https://streams.spec.whatwg.org/#rs-class), `from`, `tee`, and the streams that other files make.
// What only byte streams need is loaded with the first of them.
'use strict';

const { apply, catchRejection, customInspect, reject, then, withResolvers } = require('builtins/primordials');
const {
  defineInterface,
  defineIteration,
  defineTransferable,
  invalidArgument,
  invalidState,
  isObject,
  notIterable,
  requireArguments,
} = require('builtins/webidl');
const { toDictionary, toEnforcedUnsignedLongLong, toEnumeration } = require('builtins/webidl');
const { ControllerRecord, StreamRecord, acquireReader, canCloseOrEnqueue, cancelStream } = require('web/streams/algorithms');
const { closeController, closedPromise, enqueue, errorStream, readFrom, readPromise } = require('web/streams/algorithms');
const { markOf, optionalCallback, startController, strategyMembers } = require('web/streams/algorithms');
const { AsyncIterator } = require('web/streams/async_iterator');
const { makeController, setController } = require('web/streams/default_controller');
const { ReadableStreamDefaultReader, setStreams } = require('web/streams/default_reader');
const { afterwards, invoke } = require('web/streams/turns');
const loadByobReader = () => require('web/streams/byob_reader');
const loadByteAlgorithms = () => require('web/streams/byte_algorithms');
const loadByteController = () => require('web/streams/byte_controller');
const loadByteTee = () => require('web/streams/byte_tee');
const loadAbort = () => require('web/abort/abort');
const loadInspect = () => require('builtins/inspect/inspect');
const loadPipe = () => require('web/streams/pipe');
const loadWritable = () => require('web/streams/writable_stream');

const { endOfStream, errorOfStream, whenEnded } = require('web/streams/ended');

/** @typedef {(controller: ControllerSlots) => Promise<any> | symbol | void} Pull what is left to wait for, or that it will tell (`LATER`) */
/** @typedef {(reason: any) => Promise<any> | void} Cancel */

/** @type {(stream: ReadableStream) => StreamSlots} */
let recordOf;
/** @type {(value: any) => value is ReadableStream} */
let isReadableStream;
// Tells the constructor that `createStream` calls; no value of a program can be it.
const construction = Symbol('construction');

class ReadableStream {
  #record = new StreamRecord();

  /** @param {any} [source] @param {any} [strategy] */
  constructor(source = undefined, strategy = undefined) {
    if (source === construction) return;
    if (source !== undefined && !isObject(source)) throw invalidArgument('ReadableStream: the source must be an object');
    setUpFromSource(this.#record, toDictionary(source, 'ReadableStream'), strategy);
  }

  /** @param {any} iterable */
  static from(iterable) {
    requireArguments(arguments.length, 1, 'ReadableStream.from');
    return streamFrom(iterable);
  }

  get locked() {
    return this.#record.reader !== null;
  }

  /** @param {any} [reason] */
  cancel(reason = undefined) {
    try {
      if (this.#record.reader !== null) throw invalidState('ReadableStream.cancel: the stream is locked to a reader');
      return cancelStream(this.#record, reason);
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {any} [options] */
  getReader(options = undefined) {
    const { mode } = toDictionary(options, 'ReadableStream.getReader');
    this.#record;
    if (mode !== undefined) {
      toEnumeration(mode, ['byob'], 'ReadableStream.getReader: mode');
      return new (loadByobReader().ReadableStreamBYOBReader)(this);
    }
    return new ReadableStreamDefaultReader(this);
  }

  /** @param {any} transform @param {any} [options] */
  pipeThrough(transform, options = undefined) {
    requireArguments(arguments.length, 1, 'ReadableStream.pipeThrough');
    const record = this.#record;
    const { readable, writable } = transformPair(transform);
    const settings = pipeOptions(options, 'ReadableStream.pipeThrough');
    if (record.reader !== null) throw invalidState('ReadableStream.pipeThrough: the stream is locked to a reader');
    const target = loadWritable().recordOf(writable);
    if (target.writer !== null) throw invalidState('ReadableStream.pipeThrough: the writable end is locked to a writer');
    catchRejection(loadPipe().pipe(record, target, settings), () => undefined);
    return readable;
  }

  /** @param {any} destination @param {any} [options] */
  pipeTo(destination, options = undefined) {
    try {
      requireArguments(arguments.length, 1, 'ReadableStream.pipeTo');
      const record = this.#record;
      if (!loadWritable().isWritableStream(destination)) {
        throw invalidArgument('ReadableStream.pipeTo: the argument is not a WritableStream');
      }
      const settings = pipeOptions(options, 'ReadableStream.pipeTo');
      if (record.reader !== null) throw invalidState('ReadableStream.pipeTo: the stream is locked to a reader');
      const target = loadWritable().recordOf(destination);
      if (target.writer !== null) throw invalidState('ReadableStream.pipeTo: the destination is locked to a writer');
      return loadPipe().pipe(record, target, settings);
    } catch (error) {
      return reject(error);
    }
  }

  tee() {
    this.#record;
    return teeStream(this, 1);
  }

  /** @param {any} [options] */
  values(options = undefined) {
    const { preventCancel } = toDictionary(options, 'ReadableStream.values');
    return new AsyncIterator(this.#record, !!preventCancel);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const { controller, reader, state } = this.#record;
    const shown = { locked: reader !== null, state, supportsBYOB: controller?.bytes != null };
    return loadInspect().inspectMembers('ReadableStream', shown, depth, options);
  }

  // What Node's streams ask of one of the web.
  get [endOfStream]() {
    return whenEnded(this.#record);
  }
  get [errorOfStream]() {
    return (/** @type {any} */ reason) => errorStream(this.#record.controller, reason);
  }

  static {
    recordOf = (stream) => stream.#record;
    isReadableStream = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #record in value);
    setStreams((value) => (isReadableStream(value) ? value.#record : undefined));
  }
}

defineInterface(ReadableStream);
defineTransferable('web/streams/transfer', (value) => isReadableStream(value));
defineIteration(ReadableStream, Symbol.asyncIterator, 'values');

/** The members of https://streams.spec.whatwg.org/#dictdef-readablewritablepair @param {any} pair */
function transformPair(pair) {
  const members = toDictionary(pair, 'ReadableStream.pipeThrough');
  const { readable } = members;
  if (!isReadableStream(readable)) throw invalidArgument('ReadableStream.pipeThrough: the member "readable" is not a ReadableStream');
  const { writable } = members;
  if (!loadWritable().isWritableStream(writable)) {
    throw invalidArgument('ReadableStream.pipeThrough: the member "writable" is not a WritableStream');
  }
  return { readable, writable };
}

/** https://streams.spec.whatwg.org/#dictdef-streampipeoptions @param {any} options @param {string} operation */
function pipeOptions(options, operation) {
  // The members of a dictionary are read in the order of their names.
  const { preventAbort, preventCancel, preventClose, signal } = toDictionary(options, operation);
  if (signal !== undefined && !loadAbort().isAbortSignal(signal))
    throw invalidArgument(`${operation}: the member "signal" is not an AbortSignal`);
  return { preventAbort: !!preventAbort, preventCancel: !!preventCancel, preventClose: !!preventClose, signal };
}

/** https://streams.spec.whatwg.org/#rs-constructor @param {StreamSlots} record @param {any} source @param {any} strategy */
function setUpFromSource(record, source, strategy) {
  const { highWaterMark, size } = strategyMembers(strategy, 'ReadableStream');
  // The members of a dictionary are read in the order of their names.
  const { autoAllocateChunkSize } = source;
  const chunkSize =
    autoAllocateChunkSize === undefined
      ? undefined
      : toEnforcedUnsignedLongLong(autoAllocateChunkSize, 'ReadableStream: the member "autoAllocateChunkSize"');
  const cancel = optionalCallback(source.cancel, 'ReadableStream', 'cancel');
  const pull = optionalCallback(source.pull, 'ReadableStream', 'pull');
  const start = optionalCallback(source.start, 'ReadableStream', 'start');
  const { type } = source;
  if (type !== undefined) toEnumeration(type, ['bytes'], 'ReadableStream: type');
  if (type !== undefined && size !== undefined) throw new RangeError('ReadableStream: a byte stream has no size of its own');
  const mark = markOf(highWaterMark, type === undefined ? 1 : 0, 'ReadableStream');
  if (type !== undefined) {
    setUpBytes(record, source, start, pull, cancel, mark, chunkSize);
    return;
  }

  const facade = makeController();
  const controller = new ControllerRecord(record, source, facade, pull, cancel, mark, size);
  record.controller = controller;
  setController(facade, controller);
  startController(controller, start === undefined ? undefined : apply(start, source, [facade]));
}

/**
 * https://streams.spec.whatwg.org/#set-up-readable-byte-stream-controller-from-underlying-source
 * @param {StreamSlots} record @param {any} source @param {Function | undefined} start @param {Function | undefined} pull
 * @param {Function | undefined} cancel @param {number} mark @param {number | undefined} chunkSize
 */
function setUpBytes(record, source, start, pull, cancel, mark, chunkSize) {
  if (chunkSize === 0) throw new TypeError('ReadableStream: the member "autoAllocateChunkSize" must not be 0');
  const { makeByteController, setByteController } = loadByteController();
  const facade = makeByteController();
  const controller = new (loadByteAlgorithms().ByteControllerRecord)(record, source, facade, pull, cancel, mark, chunkSize);
  record.controller = controller;
  setByteController(facade, controller);
  startController(controller, start === undefined ? undefined : apply(start, source, [facade]));
}

/**
 * A byte stream of our own, whose `pull` gives chunks by `enqueueOwn` and ends it by `closeOwn` of `byte_algorithms`.
 * @param {Pull} pull what is left to wait for when it returns a promise
 * @param {Cancel | undefined} [cancel]
 */
function createByteStream(pull, cancel = undefined) {
  const stream = new ReadableStream(construction);
  const record = recordOf(stream);
  const controller = new (loadByteAlgorithms().ByteControllerRecord)(record, undefined, undefined, pull, cancel, 0, undefined);
  controller.argument = controller;
  controller.started = true;
  record.controller = controller;
  return stream;
}

/**
 * A stream of our own. No chunk is pulled before it is asked for.
 * @param {Pull} pull what is left to wait for when it returns a promise
 * @param {Cancel | undefined} [cancel]
 */
function createStream(pull, cancel = undefined, highWaterMark = 0) {
  const stream = new ReadableStream(construction);
  const controller = ownController(recordOf(stream), pull, cancel, highWaterMark, undefined);
  if (highWaterMark > 0) startController(controller, undefined);
  else controller.started = true;
  return stream;
}

/** @param {StreamSlots} record @param {Pull} pull @param {Cancel | undefined} cancel @param {number} highWaterMark @param {Function | undefined} size */
function ownController(record, pull, cancel, highWaterMark, size) {
  const controller = new ControllerRecord(record, undefined, undefined, pull, cancel, highWaterMark, size);
  controller.argument = controller;
  record.controller = controller;
  return controller;
}

/**
 * As `createStream`, with a strategy, and with something to wait for before the first pull.
 * @param {any} startResult @param {Pull} pull @param {Cancel} cancel @param {number} highWaterMark @param {Function | undefined} size
 */
function createStartedStream(startResult, pull, cancel, highWaterMark, size) {
  const stream = new ReadableStream(construction);
  startController(ownController(recordOf(stream), pull, cancel, highWaterMark, size), startResult);
  return stream;
}

/** A stream as it is after its whole content was read: closed, disturbed and locked. */
function spentStream() {
  const stream = createStream(() => undefined);
  const record = recordOf(stream);
  cancelStream(record, undefined);
  acquireReader(record);
  return stream;
}

/**
 * https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee
 * @param {ReadableStream} stream
 * @param {(chunk: any) => any} [clone] copies each chunk for the second branch
 * @returns {[ReadableStream, ReadableStream]}
 */
function teeStream(stream, highWaterMark = 0, clone = undefined) {
  const source = recordOf(stream);
  if (source.controller.bytes !== null) return teeByteStream(source);
  const reader = acquireReader(source);
  const finished = /** @type {PromiseWithResolvers<any>} */ (withResolvers());
  /** @type {any[]} */
  const reasons = [undefined, undefined];
  let firstCanceled = false;
  let secondCanceled = false;
  let reading = false;
  let readAgain = false;

  const pull = () => {
    if (reading) {
      readAgain = true;
      return;
    }
    reading = true;
    readFrom(reader, {
      // A microtask later, as the spec does: a reader must see the chunk after its read() promise exists.
      chunk: (value) => afterwards(invoke, () => deliver(value)),
      close: () => {
        reading = false;
        if (!firstCanceled && canCloseOrEnqueue(first)) closeController(first);
        if (!secondCanceled && canCloseOrEnqueue(second)) closeController(second);
        if (!firstCanceled || !secondCanceled) finished.resolve(undefined);
      },
      error: () => {
        reading = false;
      },
    });
  };

  /** @param {any} value */
  const deliver = (value) => {
    readAgain = false;
    try {
      const copy = clone === undefined || secondCanceled ? value : clone(value);
      if (!firstCanceled) enqueue(first, value);
      if (!secondCanceled) enqueue(second, copy);
    } catch (error) {
      errorStream(first, error);
      errorStream(second, error);
      then(cancelStream(source, error), finished.resolve, finished.reject);
      return;
    }
    reading = false;
    if (readAgain) pull();
  };

  const finish = () => {
    if (firstCanceled && secondCanceled) then(cancelStream(source, reasons), finished.resolve, finished.reject);
    return finished.promise;
  };
  const firstStream = createStream(
    pull,
    (reason) => {
      firstCanceled = true;
      reasons[0] = reason;
      return finish();
    },
    highWaterMark,
  );
  const secondStream = createStream(
    pull,
    (reason) => {
      secondCanceled = true;
      reasons[1] = reason;
      return finish();
    },
    highWaterMark,
  );
  const first = recordOf(firstStream).controller;
  const second = recordOf(secondStream).controller;
  catchRejection(closedPromise(reader), (reason) => {
    errorStream(first, reason);
    errorStream(second, reason);
    if (!firstCanceled || !secondCanceled) finished.resolve(undefined);
  });
  return [firstStream, secondStream];
}

/** @param {StreamSlots} source @returns {[ReadableStream, ReadableStream]} */
function teeByteStream(source) {
  /** @type {ReadableStream[]} */
  const branches = [];
  loadByteTee().teeBytes(source, (pull, cancel) => {
    const branch = createByteStream(pull, cancel);
    branches[branches.length] = branch;
    return /** @type {ByteControllerSlots} */ (recordOf(branch).controller);
  });
  return [branches[0], branches[1]];
}

/** https://streams.spec.whatwg.org/#readable-stream-from-iterable @param {any} iterable */
function streamFrom(iterable) {
  if (iterable === undefined || iterable === null) throw notIterable('ReadableStream.from: the value is not iterable');
  const asynchronous = iterable[Symbol.asyncIterator];
  const isAsync = asynchronous !== undefined && asynchronous !== null;
  const method = isAsync ? asynchronous : iterable[Symbol.iterator];
  if (typeof method !== 'function') throw notIterable('ReadableStream.from: the value is not iterable');
  const iterator = apply(method, iterable, []);
  if (!isObject(iterator)) throw invalidArgument('ReadableStream.from: the iterator is not an object');
  const { next } = iterator;
  return createStream(
    async (controller) => {
      const result = await apply(next, iterator, []);
      if (!isObject(result)) throw new TypeError('ReadableStream.from: the iterator gave no object');
      if (result.done) closeController(controller);
      else enqueue(controller, isAsync ? result.value : await result.value);
    },
    async (reason) => {
      const stop = iterator.return;
      if (stop === undefined || stop === null) return;
      const result = await apply(stop, iterator, [reason]);
      if (!isObject(result)) throw new TypeError('ReadableStream.from: the iterator gave no object');
    },
  );
}

module.exports = {
  ReadableStream,
  acquireReader,
  cancelStream,
  closeController,
  createByteStream,
  createStartedStream,
  createStream,
  enqueue,
  errorStream,
  isReadableStream,
  readFrom,
  readPromise,
  recordOf,
  spentStream,
  streamFrom,
  teeStream,
};
