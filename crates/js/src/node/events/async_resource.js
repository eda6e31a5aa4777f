// `events.EventEmitterAsyncResource` (https://nodejs.org/api/events.html#class-eventseventemitterasyncresource-extends-eventemitter): an emitter whose
// listeners run in the context in which it was made. The file that has the emitter gives its class, so that neither takes the other.
'use strict';

const { requireString } = require('node/arguments');
const { AsyncResource } = require('node/async_hooks/async_resource');
const { apply, unshift } = require('builtins/primordials');

/** @type {any} */
let made;

/** @param {any} EventEmitter */
function makeClass(EventEmitter) {
  class EventEmitterReferencingAsyncResource extends AsyncResource {
    #emitter;
    /** @param {any} emitter @param {string} name @param {any} options */
    constructor(emitter, name, options) {
      super(name, options);
      this.#emitter = emitter;
    }
    get eventEmitter() {
      return this.#emitter;
    }
  }

  return class EventEmitterAsyncResource extends EventEmitter {
    #resource;
    /** @param {any} [options] */
    constructor(options = undefined) {
      const isName = typeof options === 'string';
      if (!isName && new.target === made) requireString(options?.name, 'options.name');
      super(isName ? undefined : options);
      const name = isName ? options : options?.name || new.target.name;
      this.#resource = new EventEmitterReferencingAsyncResource(this, name, isName ? undefined : options);
    }
    /** @param {PropertyKey} event @param {...any} given */
    emit(event, ...given) {
      const resource = this.#resource;
      unshift(given, super.emit, this, event);
      return apply(resource.runInAsyncScope, resource, given);
    }
    emitDestroy() {
      this.#resource.emitDestroy();
    }
    get asyncId() {
      return this.#resource.asyncId();
    }
    get triggerAsyncId() {
      return this.#resource.triggerAsyncId();
    }
    get asyncResource() {
      return this.#resource;
    }
  };
}

/** @param {any} EventEmitter */
const classFor = (EventEmitter) => (made ??= makeClass(EventEmitter));

module.exports = { classFor };
