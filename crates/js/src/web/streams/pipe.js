// Piping (https://streams.spec.whatwg.org/#readable-stream-pipe-to): chunks go from a readable stream to a writable one as fast as that takes
// them, and the end or an error of each ends the other.
'use strict';

const { Promise, forEach, push, resolve, then, withResolvers } = require('builtins/primordials');
const { invalidState } = require('builtins/webidl');
const { acquireReader, afterwards, cancelStream, closedPromise, readFrom, releaseReader } = require('web/streams/algorithms');
const { abortStream, acquireWriter, closeWithErrorPropagation } = require('web/streams/writable_algorithms');
const { isClosing, releaseWriter, writeTo } = require('web/streams/writable_algorithms');
const { addAlgorithm, removeAlgorithm } = require('web/abort/abort');
const { pendingPromise, resolvePromise } = ops;

const noOperation = () => undefined;

/**
 * @typedef {{ preventAbort: boolean, preventCancel: boolean, preventClose: boolean, signal: any }} PipeOptions
 * @typedef {() => Promise<any>} Action
 */

class Pipe {
  #source;
  #target;
  #options;
  #reader;
  #writer;
  #done = /** @type {PromiseWithResolvers<any>} */ (withResolvers());
  #shuttingDown = false;
  // The last write: the pipe is not over before it is.
  /** @type {Promise<any>} */
  #write = resolve(undefined);
  #abort = () => this.#onAbort();
  #step = () => this.#next();
  #request = {
    /** @param {any} chunk */
    chunk: (chunk) => {
      // A microtask later, so that `enqueue` of a source never runs a sink.
      const done = pendingPromise();
      const end = () => resolvePromise(done, undefined);
      this.#write = done;
      afterwards(() => {
        const written = writeTo(this.#writer, chunk);
        this.#next();
        then(written, end, end);
      });
    },
    close: noOperation,
    error: noOperation,
  };

  /** @param {StreamSlots} source @param {WritableSlots} target @param {PipeOptions} options */
  constructor(source, target, options) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#reader = acquireReader(source);
    this.#writer = acquireWriter(target);
    source.disturbed = true;
  }

  /** @returns {Promise<undefined>} */
  run() {
    const { signal } = this.#options;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.#onAbort();
        return this.#done.promise;
      }
      addAlgorithm(signal, this.#abort);
    }
    this.#watch();
    this.#next();
    return this.#done.promise;
  }

  /** What either end tells. The order is that of the specification: errors before ends, forward before backward. */
  #watch() {
    const source = this.#source;
    const target = this.#target;
    const { preventAbort, preventCancel, preventClose } = this.#options;
    const sourceFailed = () => {
      const error = source.storedError;
      this.#shutDown(preventAbort ? undefined : () => abortStream(target, error), true, error);
    };
    const targetFailed = () => {
      const error = target.storedError;
      this.#shutDown(preventCancel ? undefined : () => cancelStream(source, error), true, error);
    };
    const sourceClosed = () => this.#shutDown(preventClose ? undefined : () => closeWithErrorPropagation(this.#writer), false, undefined);
    if (source.state === 'errored') sourceFailed();
    if (target.state === 'errored') targetFailed();
    if (source.state === 'closed') sourceClosed();
    if (source.state === 'readable') then(closedPromise(this.#reader), sourceClosed, sourceFailed);
    if (isClosing(target) || target.state === 'closed') {
      const error = invalidState('ReadableStream.pipeTo: the destination is closed');
      this.#shutDown(preventCancel ? undefined : () => cancelStream(source, error), true, error);
    } else if (target.state !== 'errored') {
      then(this.#writer.closed, noOperation, targetFailed);
    }
  }

  #next() {
    if (this.#shuttingDown) return;
    if (this.#target.state !== 'writable') return;
    if (this.#target.backpressure) then(this.#writer.ready, this.#step, noOperation);
    else readFrom(this.#reader, this.#request);
  }

  #onAbort() {
    const error = this.#options.signal.reason;
    /** @type {Action[]} */
    const actions = [];
    if (!this.#options.preventAbort) {
      push(actions, () => (this.#target.state === 'writable' ? abortStream(this.#target, error) : resolve(undefined)));
    }
    if (!this.#options.preventCancel) {
      push(actions, () => (this.#source.state === 'readable' ? cancelStream(this.#source, error) : resolve(undefined)));
    }
    this.#shutDown(() => all(actions), true, error);
  }

  /** @param {Action | undefined} action @param {boolean} isError @param {any} error */
  #shutDown(action, isError, error) {
    if (this.#shuttingDown) return;
    this.#shuttingDown = true;
    const end = () => {
      if (action === undefined) this.#finish(isError, error);
      else
        then(
          action(),
          () => this.#finish(isError, error),
          (reason) => this.#finish(true, reason),
        );
    };
    if (this.#target.state === 'writable' && !isClosing(this.#target)) this.#whenWritten(end);
    else end();
  }

  /** Runs this when what was read has been written. @param {() => void} run */
  #whenWritten(run) {
    const last = this.#write;
    then(last, () => {
      if (last === this.#write) run();
      else this.#whenWritten(run);
    });
  }

  /** @param {boolean} isError @param {any} error */
  #finish(isError, error) {
    releaseWriter(this.#writer);
    releaseReader(this.#reader);
    if (this.#options.signal !== undefined) removeAlgorithm(this.#options.signal, this.#abort);
    if (isError) this.#done.reject(error);
    else this.#done.resolve(undefined);
  }
}

/** Runs all actions; settles when all have, as the first failure says. @param {Action[]} actions @returns {Promise<any>} */
function all(actions) {
  if (actions.length === 0) return resolve(undefined);
  return new Promise((succeed, fail) => {
    let left = actions.length;
    forEach(actions, (action) =>
      then(
        action(),
        () => {
          left -= 1;
          if (left === 0) succeed(undefined);
        },
        fail,
      ),
    );
  });
}

/** @param {StreamSlots} source @param {WritableSlots} target @param {PipeOptions} options */
function pipe(source, target, options) {
  return new Pipe(source, target, options).run();
}

module.exports = { pipe };
