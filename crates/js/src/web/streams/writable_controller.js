// WritableStreamDefaultController (https://streams.spec.whatwg.org/#ws-default-controller-class): what a sink is given.
'use strict';

const { defineInterface, illegalConstructor } = require('builtins/webidl');
const { errorIfNeeded, signalOf } = require('web/streams/writable_algorithms');

// Tells the constructor that `makeController` calls; no value of a program can be it.
const construction = Symbol('construction');

/** @type {() => WritableStreamDefaultController} */
let makeController;
/** @type {(facade: WritableStreamDefaultController, record: WritableControllerSlots) => void} */
let setController;

class WritableStreamDefaultController {
  /** @type {WritableControllerSlots} */
  #record = /** @type {any} */ (undefined);

  constructor() {
    if (arguments[0] !== construction) throw illegalConstructor();
  }

  get signal() {
    return signalOf(this.#record);
  }

  /** @param {any} [reason] */
  error(reason = undefined) {
    errorIfNeeded(this.#record, reason);
  }

  static {
    makeController = () => new /** @type {any} */ (WritableStreamDefaultController)(construction);
    setController = (facade, record) => {
      facade.#record = record;
    };
  }
}

defineInterface(WritableStreamDefaultController);

module.exports = { WritableStreamDefaultController, makeController, setController };
