// Piping (https://streams.spec.whatwg.org/#readable-stream-pipe-to): chunks go from a readable stream to a writable one as fast as that takes
// them, and the end or an error of each ends the other.
//
// The pipe reads and writes without promises: it is what waits for a chunk of its reader, and the pen of its writer. What the specification has
// as reactions of promises are turns (see `turns`) at the same places: four a chunk where neither end waits for anything.
'use strict';

const { Promise, forEach, push, resolve, then, withResolvers } = require('builtins/primordials');
const { invalidState } = require('builtins/webidl');
const { acquireReader, cancelStream, closedPromise, readFrom, releaseReader } = require('web/streams/algorithms');
const { afterwards } = require('web/streams/turns');
const { Pen, abortStream, acquireWriter, closeWithErrorPropagation } = require('web/streams/writable_algorithms');
const { isClosing, releaseWriter, writeFor } = require('web/streams/writable_algorithms');
const { addAlgorithm, removeAlgorithm } = require('web/abort/abort');

const noOperation = () => undefined;

/**
 * @typedef {{ preventAbort: boolean, preventCancel: boolean, preventClose: boolean, signal: any }} PipeOptions
 * @typedef {() => Promise<any>} Action
 */

class Pipe extends Pen {
  source;
  target;
  options;
  reader;
  writer;
  done = /** @type {PromiseWithResolvers<any>} */ (withResolvers());
  shuttingDown = false;
  /** What was read and is to be written in the next turn. @type {any} */
  pending = undefined;
  // How many chunks were read whose write is not over: the pipe is not over before that is none.
  open = 0;
  /** What is done then. @type {(() => void) | null} */
  onAllWritten = null;
  waitsForReady = false;
  abort = () => this.onAbort();

  /** @param {StreamSlots} source @param {WritableSlots} target @param {PipeOptions} options */
  constructor(source, target, options) {
    super();
    this.source = source;
    this.target = target;
    this.options = options;
    this.reader = acquireReader(source);
    this.writer = acquireWriter(target, this);
    source.disturbed = true;
  }

  // ---- what it is told by the reader

  /** @param {any} chunk */
  chunk(chunk) {
    // A microtask later, so that `enqueue` of a source never runs a sink.
    this.pending = chunk;
    this.open += 1;
    afterwards(writeChunk, this);
  }
  close() {}
  error() {}

  // ---- and by the writer

  written() {
    afterwards(wrote, this);
  }
  ready() {
    if (!this.waitsForReady) return;
    this.waitsForReady = false;
    afterwards(step, this);
  }

  /** @returns {Promise<undefined>} */
  run() {
    const { signal } = this.options;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.onAbort();
        return this.done.promise;
      }
      addAlgorithm(signal, this.abort);
    }
    this.watch();
    this.next();
    return this.done.promise;
  }

  /** What either end tells. The order is that of the specification: errors before ends, forward before backward. */
  watch() {
    const source = this.source;
    const target = this.target;
    const { preventAbort, preventCancel, preventClose } = this.options;
    const sourceFailed = () => {
      const error = source.storedError;
      this.shutDown(preventAbort ? undefined : () => abortStream(target, error), true, error);
    };
    const targetFailed = () => {
      const error = target.storedError;
      this.shutDown(preventCancel ? undefined : () => cancelStream(source, error), true, error);
    };
    const sourceClosed = () => this.shutDown(preventClose ? undefined : () => closeWithErrorPropagation(this.writer), false, undefined);
    if (source.state === 'errored') sourceFailed();
    if (target.state === 'errored') targetFailed();
    if (source.state === 'closed') sourceClosed();
    if (source.state === 'readable') then(closedPromise(this.reader), sourceClosed, sourceFailed);
    if (isClosing(target) || target.state === 'closed') {
      const error = invalidState('ReadableStream.pipeTo: the destination is closed');
      this.shutDown(preventCancel ? undefined : () => cancelStream(source, error), true, error);
    } else if (target.state !== 'errored') {
      then(this.writer.closed, noOperation, targetFailed);
    }
  }

  next() {
    if (this.shuttingDown) return;
    if (this.target.state !== 'writable') return;
    if (!this.target.backpressure) readFrom(this.reader, this);
    else if (this.writer.isReadyPending) this.waitsForReady = true;
    else afterwards(step, this);
  }

  onAbort() {
    const error = this.options.signal.reason;
    /** @type {Action[]} */
    const actions = [];
    if (!this.options.preventAbort) {
      push(actions, () => (this.target.state === 'writable' ? abortStream(this.target, error) : resolve(undefined)));
    }
    if (!this.options.preventCancel) {
      push(actions, () => (this.source.state === 'readable' ? cancelStream(this.source, error) : resolve(undefined)));
    }
    this.shutDown(() => all(actions), true, error);
  }

  /** @param {Action | undefined} action @param {boolean} isError @param {any} error */
  shutDown(action, isError, error) {
    if (this.shuttingDown) return;
    this.shuttingDown = true;
    const end = () => {
      if (action === undefined) this.finish(isError, error);
      else
        then(
          action(),
          () => this.finish(isError, error),
          (reason) => this.finish(true, reason),
        );
    };
    if (this.target.state === 'writable' && !isClosing(this.target)) this.whenWritten(end);
    else end();
  }

  /** Runs this when what was read has been written. @param {() => void} run */
  whenWritten(run) {
    this.onAllWritten = run;
    if (this.open === 0) afterwards(allWritten, this);
  }

  /** @param {boolean} isError @param {any} error */
  finish(isError, error) {
    releaseWriter(this.writer);
    releaseReader(this.reader);
    if (this.options.signal !== undefined) removeAlgorithm(this.options.signal, this.abort);
    if (isError) this.done.reject(error);
    else this.done.resolve(undefined);
  }
}

// ---- its turns

/** @param {Pipe} pipe */
function writeChunk(pipe) {
  const chunk = pipe.pending;
  pipe.pending = undefined;
  const isTaken = writeFor(pipe.writer, chunk, pipe);
  pipe.next();
  if (!isTaken) afterwards(wrote, pipe);
}

/** @param {Pipe} pipe */
function wrote(pipe) {
  pipe.open -= 1;
  if (pipe.open === 0 && pipe.onAllWritten !== null) afterwards(allWritten, pipe);
}

/** @param {Pipe} pipe */
function allWritten(pipe) {
  const run = pipe.onAllWritten;
  // Another chunk may have come.
  if (run === null || pipe.open > 0) return;
  pipe.onAllWritten = null;
  run();
}

/** @param {Pipe} pipe */
function step(pipe) {
  pipe.next();
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
