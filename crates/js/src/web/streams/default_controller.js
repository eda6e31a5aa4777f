// ReadableStreamDefaultController (https://streams.spec.whatwg.org/#rs-default-controller-class): what a source is given to fill its stream.
'use strict';

const { defineInterface, illegalConstructor, invalidState } = require('builtins/webidl');
const { canCloseOrEnqueue, closeController, desiredSize, enqueue, errorStream } = require('web/streams/algorithms');

// Tells the constructor that `makeController` calls; no value of a program can be it.
const construction = Symbol('construction');

/** @type {() => ReadableStreamDefaultController} */
let makeController;
/** @type {(facade: ReadableStreamDefaultController, record: ControllerSlots) => void} */
let setController;

class ReadableStreamDefaultController {
  /** @type {ControllerSlots} */
  #record = /** @type {any} */ (undefined);

  constructor() {
    if (arguments[0] !== construction) throw illegalConstructor();
  }

  get desiredSize() {
    return desiredSize(this.#record);
  }

  close() {
    if (!canCloseOrEnqueue(this.#record)) throw invalidState('ReadableStreamDefaultController.close: the stream is closed or errored');
    closeController(this.#record);
  }

  /** @param {any} [chunk] */
  enqueue(chunk = undefined) {
    if (!canCloseOrEnqueue(this.#record)) throw invalidState('ReadableStreamDefaultController.enqueue: the stream is closed or errored');
    enqueue(this.#record, chunk);
  }

  /** @param {any} [reason] */
  error(reason = undefined) {
    errorStream(this.#record, reason);
  }

  static {
    makeController = () => new /** @type {any} */ (ReadableStreamDefaultController)(construction);
    setController = (facade, record) => {
      facade.#record = record;
    };
  }
}

defineInterface(ReadableStreamDefaultController);

module.exports = { ReadableStreamDefaultController, makeController, setController };
