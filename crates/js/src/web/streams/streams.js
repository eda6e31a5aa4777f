// ReadableStream with its default reader and controller, after https://streams.spec.whatwg.org/.
//
// Each public object holds one record in a private field (the brand), and the spec's algorithms are functions over the records.
// Absent so far: byte streams with BYOB readers (`type: 'bytes'` is a default stream here), pipeTo, pipeThrough.
'use strict';

const { defineInterface, requireArguments, toDictionary } = require('builtins/webidl');
const loadInspect = () => require('builtins/inspect/inspect');

const noOperation = () => undefined;

/** A promise for the result of a callback that may throw. */
function promiseCall(callback, thisValue, argument) {
  try {
    return Promise.resolve(callback.call(thisValue, argument));
  } catch (error) {
    return Promise.reject(error);
  }
}

class StreamRecord {
  state = 'readable';
  storedError = undefined;
  disturbed = false;
  reader = null;
  controller = null;
}

class ReaderRecord {
  // The read requests that wait for a chunk, each { chunk(value), close(), error(reason) }.
  requests = [];
  closed = Promise.withResolvers();
  constructor(stream) {
    this.stream = stream;
  }
}

class ControllerRecord {
  queue = [];
  sizes = [];
  queuedSize = 0;
  started = false;
  closeRequested = false;
  pulling = false;
  pullAgain = false;
  constructor(stream, pull, cancel, highWaterMark, size) {
    this.stream = stream;
    this.pull = pull;
    this.cancel = cancel;
    this.highWaterMark = highWaterMark;
    this.size = size;
  }
}

// ---- algorithms over the records

function desiredSize(controller) {
  const { state } = controller.stream;
  if (state === 'errored') return null;
  return state === 'closed' ? 0 : controller.highWaterMark - controller.queuedSize;
}

function canCloseOrEnqueue(controller) {
  return !controller.closeRequested && controller.stream.state === 'readable';
}

function shouldPull(controller) {
  if (!canCloseOrEnqueue(controller) || !controller.started) return false;
  const { reader } = controller.stream;
  if (reader !== null && reader.requests.length > 0) return true;
  return desiredSize(controller) > 0;
}

function pullIfNeeded(controller) {
  if (!shouldPull(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  controller.pull().then(
    () => {
      controller.pulling = false;
      if (!controller.pullAgain) return;
      controller.pullAgain = false;
      pullIfNeeded(controller);
    },
    (reason) => errorStream(controller, reason),
  );
}

function enqueue(controller, chunk) {
  const { reader } = controller.stream;
  if (reader !== null && reader.requests.length > 0) {
    reader.requests.shift().chunk(chunk);
  } else {
    let size;
    try {
      size = controller.size === undefined ? 1 : Number(controller.size(chunk));
      if (!(size >= 0 && size < Infinity)) throw new RangeError(`ReadableStream: ${size} is not a valid size of a chunk`);
    } catch (error) {
      errorStream(controller, error);
      throw error;
    }
    controller.queue.push(chunk);
    controller.sizes.push(size);
    controller.queuedSize += size;
  }
  pullIfNeeded(controller);
}

function closeController(controller) {
  controller.closeRequested = true;
  if (controller.queue.length === 0) {
    forgetAlgorithms(controller);
    closeStream(controller.stream);
  }
}

function forgetAlgorithms(controller) {
  controller.pull = undefined;
  controller.cancel = undefined;
  controller.size = undefined;
}

function resetQueue(controller) {
  controller.queue = [];
  controller.sizes = [];
  controller.queuedSize = 0;
}

function closeStream(stream) {
  stream.state = 'closed';
  const { reader } = stream;
  if (reader === null) return;
  reader.closed.resolve(undefined);
  for (const request of reader.requests.splice(0)) request.close();
}

function errorStream(controller, reason) {
  const { stream } = controller;
  if (stream.state !== 'readable') return;
  resetQueue(controller);
  forgetAlgorithms(controller);
  stream.state = 'errored';
  stream.storedError = reason;
  const { reader } = stream;
  if (reader === null) return;
  reader.closed.reject(reason);
  reader.closed.promise.catch(noOperation);
  for (const request of reader.requests.splice(0)) request.error(reason);
}

function cancelStream(stream, reason) {
  stream.disturbed = true;
  if (stream.state === 'closed') return Promise.resolve(undefined);
  if (stream.state === 'errored') return Promise.reject(stream.storedError);
  closeStream(stream);
  const { controller } = stream;
  const cancel = controller.cancel;
  resetQueue(controller);
  forgetAlgorithms(controller);
  return cancel(reason).then(noOperation);
}

function readFrom(reader, request) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === 'closed') {
    request.close();
  } else if (stream.state === 'errored') {
    request.error(stream.storedError);
  } else {
    pullSteps(stream.controller, reader, request);
  }
}

function pullSteps(controller, reader, request) {
  if (controller.queue.length === 0) {
    reader.requests.push(request);
    pullIfNeeded(controller);
    return;
  }
  const chunk = controller.queue.shift();
  // Sums of fractions may miss zero by a little.
  controller.queuedSize = controller.queue.length === 0 ? 0 : Math.max(0, controller.queuedSize - controller.sizes[0]);
  controller.sizes.shift();
  if (controller.closeRequested && controller.queue.length === 0) {
    forgetAlgorithms(controller);
    closeStream(controller.stream);
  } else {
    pullIfNeeded(controller);
  }
  request.chunk(chunk);
}

function acquireReader(stream) {
  if (stream.reader !== null) throw new TypeError('ReadableStream: the stream is locked to a reader');
  const reader = new ReaderRecord(stream);
  stream.reader = reader;
  if (stream.state === 'closed') {
    reader.closed.resolve(undefined);
  } else if (stream.state === 'errored') {
    reader.closed.reject(stream.storedError);
    reader.closed.promise.catch(noOperation);
  }
  return reader;
}

function releaseReader(reader) {
  const { stream } = reader;
  const error = new TypeError('ReadableStreamDefaultReader: the lock was released');
  if (stream.state !== 'readable') reader.closed = Promise.withResolvers();
  reader.closed.reject(error);
  reader.closed.promise.catch(noOperation);
  stream.reader = null;
  reader.stream = null;
  for (const request of reader.requests.splice(0)) request.error(error);
}

/** A promise of { value, done }. */
function readPromise(reader) {
  const { promise, resolve, reject } = Promise.withResolvers();
  readFrom(reader, {
    chunk: (value) => resolve({ value, done: false }),
    close: () => resolve({ value: undefined, done: true }),
    error: reject,
  });
  return promise;
}

function startController(controller, startResult) {
  Promise.resolve(startResult).then(
    () => {
      controller.started = true;
      pullIfNeeded(controller);
    },
    (reason) => errorStream(controller, reason),
  );
}

/** A stream of our own: `pull(controllerRecord)` and `cancel(reason)` return promises. No chunk is pulled before it is asked for. */
function createStream(pull, cancel, highWaterMark = 0) {
  const stream = new ReadableStream(construction);
  const record = recordOf(stream);
  const controller = new ControllerRecord(record, () => pull(controller), cancel, highWaterMark, undefined);
  record.controller = controller;
  if (highWaterMark > 0) startController(controller, undefined);
  else controller.started = true;
  return stream;
}

/** https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee; `clone` copies each chunk for the second branch. */
function teeStream(stream, highWaterMark = 0, clone = undefined) {
  const reader = acquireReader(recordOf(stream));
  const branches = [];
  const canceled = [false, false];
  const reasons = [undefined, undefined];
  const finished = Promise.withResolvers();
  let reading = false;
  let readAgain = false;

  function pull() {
    if (reading) {
      readAgain = true;
      return Promise.resolve();
    }
    reading = true;
    readFrom(reader, {
      // A microtask later, as the spec does: a reader must see the chunk after its read() promise exists.
      chunk: (value) => queueMicrotask(() => deliver(value)),
      close: () => {
        reading = false;
        for (const index of [0, 1]) {
          if (!canceled[index] && canCloseOrEnqueue(branches[index])) closeController(branches[index]);
        }
        if (!canceled[0] || !canceled[1]) finished.resolve(undefined);
      },
      error: () => {
        reading = false;
      },
    });
    return Promise.resolve();
  }

  function deliver(value) {
    readAgain = false;
    try {
      if (!canceled[0]) enqueue(branches[0], value);
      if (!canceled[1]) enqueue(branches[1], clone === undefined ? value : clone(value));
    } catch (error) {
      for (const branch of branches) errorStream(branch, error);
      finished.resolve(cancelStream(reader.stream, error));
      return;
    }
    reading = false;
    if (readAgain) pull();
  }

  const cancelBranch = (index) => (reason) => {
    canceled[index] = true;
    reasons[index] = reason;
    if (canceled[1 - index]) finished.resolve(cancelStream(reader.stream, reasons));
    return finished.promise;
  };

  const streams = [0, 1].map((index) => createStream(pull, cancelBranch(index), highWaterMark));
  for (const branch of streams) branches.push(recordOf(branch).controller);
  reader.closed.promise.catch((reason) => {
    for (const branch of branches) errorStream(branch, reason);
    if (!canceled[0] || !canceled[1]) finished.resolve(undefined);
  });
  return streams;
}

/** https://streams.spec.whatwg.org/#readable-stream-from-iterable */
function streamFrom(iterable) {
  if (iterable === undefined || iterable === null) throw new TypeError('ReadableStream.from: the value is not iterable');
  const method = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator];
  if (typeof method !== 'function') throw new TypeError('ReadableStream.from: the value is not iterable');
  const iterator = method.call(iterable);
  const isAsync = iterable[Symbol.asyncIterator] !== undefined && iterable[Symbol.asyncIterator] !== null;
  const next = iterator.next;
  return createStream(
    async (controller) => {
      const result = await next.call(iterator);
      if (typeof result !== 'object' || result === null) throw new TypeError('ReadableStream.from: the iterator gave no object');
      if (result.done) closeController(controller);
      else enqueue(controller, isAsync ? result.value : await result.value);
    },
    async (reason) => {
      const result = await iterator.return?.(reason);
      if (result !== undefined && (typeof result !== 'object' || result === null)) {
        throw new TypeError('ReadableStream.from: the iterator gave no object');
      }
    },
  );
}

// ---- the public classes

let recordOf, readerRecordOf, isReadableStream;
// Tells the constructors that this file calls; no user value can be it.
const construction = Symbol('construction');

class ReadableStream {
  #record = new StreamRecord();

  constructor(source = undefined, strategy = undefined) {
    if (source === construction) return;
    setUpFromSource(this.#record, toDictionary(source, 'ReadableStream'), toDictionary(strategy, 'ReadableStream'));
  }

  static from(iterable) {
    requireArguments(arguments.length, 1, 'ReadableStream.from');
    return streamFrom(iterable);
  }

  get locked() {
    return this.#record.reader !== null;
  }

  async cancel(reason = undefined) {
    if (this.#record.reader !== null) throw new TypeError('ReadableStream.cancel: the stream is locked to a reader');
    return cancelStream(this.#record, reason);
  }

  getReader(options = undefined) {
    const { mode } = toDictionary(options, 'ReadableStream.getReader');
    this.#record;
    if (mode !== undefined) {
      if (`${mode}` !== 'byob') throw new TypeError(`ReadableStream.getReader: "${mode}" is not a mode`);
      throw new TypeError('ReadableStream.getReader: this stream has no BYOB reader');
    }
    return new ReadableStreamDefaultReader(this);
  }

  tee() {
    this.#record;
    return teeStream(this, 1);
  }

  values(options = undefined) {
    const { preventCancel } = toDictionary(options, 'ReadableStream.values');
    return new AsyncIterator(acquireReader(this.#record), Boolean(preventCancel));
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const shown = { locked: this.locked, state: this.#record.state };
    return loadInspect().inspectMembers('ReadableStream', shown, depth, options);
  }

  static {
    recordOf = (stream) => stream.#record;
    isReadableStream = (value) => typeof value === 'object' && value !== null && #record in value;
  }
}

function setUpFromSource(record, source, strategy) {
  const { start, pull, cancel, type } = source;
  for (const [name, callback] of Object.entries({ start, pull, cancel })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`ReadableStream: the member "${name}" of the source is not a function`);
    }
  }
  if (type !== undefined && `${type}` !== 'bytes') throw new TypeError(`ReadableStream: "${type}" is not a type of source`);
  const { highWaterMark, size } = strategy;
  if (size !== undefined && typeof size !== 'function') throw new TypeError('ReadableStream: the size of the strategy is not a function');
  const mark = highWaterMark === undefined ? (type === undefined ? 1 : 0) : Number(highWaterMark);
  if (Number.isNaN(mark) || mark < 0) throw new RangeError(`ReadableStream: ${highWaterMark} is not a valid high water mark`);

  const facade = new ReadableStreamDefaultController(construction);
  const controller = new ControllerRecord(
    record,
    pull === undefined ? () => Promise.resolve() : () => promiseCall(pull, source, facade),
    cancel === undefined ? () => Promise.resolve() : (reason) => promiseCall(cancel, source, reason),
    mark,
    size === undefined ? undefined : (chunk) => size(chunk),
  );
  record.controller = controller;
  setController(facade, controller);
  startController(controller, start === undefined ? undefined : start.call(source, facade));
}

let setController;

class ReadableStreamDefaultController {
  #record;

  constructor(token = undefined) {
    if (token !== construction) throw new TypeError('ReadableStreamDefaultController: illegal constructor');
  }

  get desiredSize() {
    return desiredSize(this.#record);
  }

  close() {
    if (!canCloseOrEnqueue(this.#record)) throw new TypeError('ReadableStreamDefaultController.close: the stream is closed or errored');
    closeController(this.#record);
  }

  enqueue(chunk = undefined) {
    if (!canCloseOrEnqueue(this.#record)) throw new TypeError('ReadableStreamDefaultController.enqueue: the stream is closed or errored');
    enqueue(this.#record, chunk);
  }

  error(reason = undefined) {
    errorStream(this.#record, reason);
  }

  static {
    setController = (facade, record) => {
      facade.#record = record;
    };
  }
}

class ReadableStreamDefaultReader {
  #record;

  constructor(stream) {
    requireArguments(arguments.length, 1, 'ReadableStreamDefaultReader');
    if (!isReadableStream(stream)) throw new TypeError('ReadableStreamDefaultReader: the argument is not a ReadableStream');
    this.#record = acquireReader(recordOf(stream));
  }

  get closed() {
    return this.#record.closed.promise;
  }

  async cancel(reason = undefined) {
    return cancelStream(this.#attached('cancel').stream, reason);
  }

  read() {
    try {
      return readPromise(this.#attached('read'));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  releaseLock() {
    if (this.#record.stream !== null) releaseReader(this.#record);
  }

  #attached(operation) {
    if (this.#record.stream === null) throw new TypeError(`ReadableStreamDefaultReader.${operation}: the lock was released`);
    return this.#record;
  }

  static {
    readerRecordOf = (reader) => reader.#record;
  }
}

const asyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype));

class AsyncIterator {
  #reader;
  #preventCancel;
  #finished = false;
  // Calls are answered one after the other, however fast they come.
  #ongoing = undefined;

  constructor(reader, preventCancel) {
    this.#reader = reader;
    this.#preventCancel = preventCancel;
  }

  next() {
    return this.#after(() => this.#step());
  }

  return(value = undefined) {
    return this.#after(() => this.#stop(value));
  }

  #after(action) {
    const turn = this.#ongoing === undefined ? action() : this.#ongoing.then(action, action);
    this.#ongoing = turn;
    return turn;
  }

  async #step() {
    if (this.#finished) return { value: undefined, done: true };
    try {
      const result = await readPromise(this.#reader);
      if (result.done) this.#finish();
      return result;
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  async #stop(value) {
    if (!this.#finished) {
      const { stream } = this.#reader;
      const canceled = this.#preventCancel ? undefined : cancelStream(stream, value);
      this.#finish();
      await canceled;
    }
    return { value, done: true };
  }

  #finish() {
    this.#finished = true;
    if (this.#reader.stream !== null) releaseReader(this.#reader);
  }
}

class CountQueuingStrategy {
  #highWaterMark;
  constructor(init) {
    this.#highWaterMark = highWaterMarkOf(init, 'CountQueuingStrategy');
  }
  get highWaterMark() {
    return this.#highWaterMark;
  }
  get size() {
    this.#highWaterMark;
    return countSize;
  }
}

class ByteLengthQueuingStrategy {
  #highWaterMark;
  constructor(init) {
    this.#highWaterMark = highWaterMarkOf(init, 'ByteLengthQueuingStrategy');
  }
  get highWaterMark() {
    return this.#highWaterMark;
  }
  get size() {
    this.#highWaterMark;
    return byteLengthSize;
  }
}

const { size: countSize } = { size: () => 1 };
const { size: byteLengthSize } = { size: (chunk) => chunk.byteLength };

function highWaterMarkOf(init, name) {
  const { highWaterMark } = toDictionary(init, name);
  if (highWaterMark === undefined) throw new TypeError(`${name}: the member "highWaterMark" is required`);
  return Number(highWaterMark);
}

defineInterface(ReadableStream);
defineInterface(ReadableStreamDefaultController);
defineInterface(ReadableStreamDefaultReader);
defineInterface(CountQueuingStrategy);
defineInterface(ByteLengthQueuingStrategy);
defineInterface(AsyncIterator, 'ReadableStream AsyncIterator');
Object.setPrototypeOf(AsyncIterator.prototype, asyncIteratorPrototype);
Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
  value: ReadableStream.prototype.values,
  writable: true,
  configurable: true,
});

module.exports = {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableStream,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  acquireReader,
  cancelStream,
  canCloseOrEnqueue,
  closeController,
  createStream,
  enqueue,
  errorStream,
  isReadableStream,
  readFrom,
  readPromise,
  readerRecordOf,
  recordOf,
  releaseReader,
  streamFrom,
  teeStream,
};
