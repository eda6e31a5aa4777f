// Two branches of a byte stream (https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamtee): who reads into a buffer has it filled
// by the source itself, and the other branch gets a copy.
'use strict';

const { catchRejection, copyBytes, then, withResolvers } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const { acquireReader, cancelStream, closedPromise, errorStream, readFrom, releaseReader } = require('web/streams/algorithms');
const { closeByteController, enqueueOwn, readInto, requestOf, respond, respondWithView } = require('web/streams/byte_algorithms');
const { afterwards, invoke } = require('web/streams/turns');
const { acquireByobReader } = require('web/streams/byob_reader');

/** @typedef {(pull: () => void, cancel: (reason: any) => Promise<any>) => ByteControllerSlots} MakeBranch */

class ByteTee {
  #source;
  #reader;
  #reading = false;
  #readAgain = [false, false];
  #canceled = [false, false];
  /** @type {any[]} */
  #reasons = [undefined, undefined];
  #finished = /** @type {PromiseWithResolvers<any>} */ (withResolvers());
  /** @type {ByteControllerSlots[]} */
  #branches;

  /** @param {StreamSlots} source @param {MakeBranch} makeBranch */
  constructor(source, makeBranch) {
    this.#source = source;
    this.#reader = acquireReader(source);
    const branch = (/** @type {number} */ which) =>
      makeBranch(
        () => this.#pull(which),
        (reason) => this.#cancel(which, reason),
      );
    this.#branches = [branch(0), branch(1)];
    this.#watch(this.#reader);
  }

  /** @param {ReaderSlots} reader */
  #watch(reader) {
    catchRejection(closedPromise(reader), (reason) => {
      if (reader === this.#reader) this.#fail(reason);
    });
  }

  /** @param {any} reason */
  #fail(reason) {
    errorStream(this.#branches[0], reason);
    errorStream(this.#branches[1], reason);
    this.#end();
  }

  /** Nothing comes any more: a branch that is canceled later has nothing to cancel. */
  #end() {
    if (!this.#canceled[0] || !this.#canceled[1]) this.#finished.resolve(undefined);
  }

  /** @param {number} which @param {any} reason */
  #cancel(which, reason) {
    this.#canceled[which] = true;
    this.#reasons[which] = reason;
    if (this.#canceled[0] && this.#canceled[1]) this.#cancelSource(this.#reasons);
    return this.#finished.promise;
  }

  /** @param {any} reason */
  #cancelSource(reason) {
    then(cancelStream(this.#source, reason), this.#finished.resolve, this.#finished.reject);
  }

  /** @param {number} which */
  #pull(which) {
    if (this.#reading) {
      this.#readAgain[which] = true;
      return;
    }
    this.#reading = true;
    const request = requestOf(this.#branches[which]);
    if (request === null) this.#pullChunk();
    else this.#pullInto(request.view, which);
  }

  /** @param {() => ReaderSlots} acquire */
  #changeReader(acquire) {
    releaseReader(this.#reader);
    this.#reader = acquire();
    this.#watch(this.#reader);
  }

  /** A copy for the other branch; undefined when there was no memory for it, and everything is over. @param {any} chunk */
  #copy(chunk) {
    try {
      return copyBytes(bytesOf(chunk));
    } catch (error) {
      errorStream(this.#branches[0], error);
      errorStream(this.#branches[1], error);
      this.#cancelSource(error);
      return undefined;
    }
  }

  #readOn() {
    this.#reading = false;
    if (this.#readAgain[0]) this.#pull(0);
    else if (this.#readAgain[1]) this.#pull(1);
  }

  #pullChunk() {
    if (this.#reader.isByob) this.#changeReader(() => acquireReader(this.#source));
    readFrom(this.#reader, {
      // A microtask later: a reader must see the chunk after its read() promise exists.
      chunk: (chunk) =>
        afterwards(invoke, () => {
          this.#readAgain = [false, false];
          const isForBoth = !this.#canceled[0] && !this.#canceled[1];
          const second = isForBoth ? this.#copy(chunk) : chunk;
          if (second === undefined) return;
          if (!this.#canceled[0]) this.#enqueue(0, chunk);
          if (!this.#canceled[1]) this.#enqueue(1, second);
          this.#readOn();
        }),
      close: () => {
        this.#reading = false;
        for (let which = 0; which < 2; which += 1) if (!this.#canceled[which]) closeByteController(this.#branches[which]);
        for (let which = 0; which < 2; which += 1) {
          if (this.#branches[which].pullIntos.length > 0) respond(this.#branches[which], 0);
        }
        this.#end();
      },
      error: () => {
        this.#reading = false;
      },
    });
  }

  /** @param {number} which @param {any} chunk */
  #enqueue(which, chunk) {
    const branch = this.#branches[which];
    if (branch.closeRequested || branch.stream.state !== 'readable') return;
    enqueueOwn(branch, chunk);
  }

  /** @param {any} view @param {number} which */
  #pullInto(view, which) {
    if (!this.#reader.isByob) this.#changeReader(() => acquireByobReader(this.#source));
    const branch = this.#branches[which];
    const other = 1 - which;
    readInto(this.#reader, view, 1, {
      chunk: (chunk) =>
        afterwards(invoke, () => {
          this.#readAgain = [false, false];
          if (!this.#canceled[other]) {
            const copy = this.#copy(chunk);
            if (copy === undefined) return;
            if (!this.#canceled[which]) respondWithView(branch, chunk);
            this.#enqueue(other, copy);
          } else if (!this.#canceled[which]) {
            respondWithView(branch, chunk);
          }
          this.#readOn();
        }),
      close: (chunk) => {
        this.#reading = false;
        if (!this.#canceled[which]) closeByteController(branch);
        if (!this.#canceled[other]) closeByteController(this.#branches[other]);
        if (chunk !== undefined) {
          if (!this.#canceled[which]) respondWithView(branch, chunk);
          if (!this.#canceled[other] && this.#branches[other].pullIntos.length > 0) respond(this.#branches[other], 0);
        }
        this.#end();
      },
      error: () => {
        this.#reading = false;
      },
    });
  }

  get branches() {
    return this.#branches;
  }
}

/** The controllers of two branches. @param {StreamSlots} source @param {MakeBranch} makeBranch */
function teeBytes(source, makeBranch) {
  return new ByteTee(source, makeBranch).branches;
}

module.exports = { teeBytes };
