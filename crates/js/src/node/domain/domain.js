// `node:domain` (https://nodejs.org/api/domain.html), deprecated in Node: errors of emitters, callbacks and calls that belong together go to one
// place. A domain is active while its calls run; what a timer or a promise calls later is in none, unless it was bound.
'use strict';

const EventEmitter = require('node/events/events');
const { setDomainCapture } = require('node/process/capture');
const { process } = require('node/process/process');
const { apply, defineProperty, indexOf, push, splice } = require('builtins/primordials');

/** Domains that were entered, the active one last. @type {any[]} */
const stack = [];

/** @param {any} domain */
function activate(domain) {
  exports.active = domain;
  process.domain = domain;
}

class Domain extends EventEmitter {
  constructor() {
    super();
    /** @type {any[]} */
    this.members = [];
    setDomainCapture((error) => {
      const active = stack[stack.length - 1];
      if (active === undefined) return false;
      stack.length = 0;
      activate(undefined);
      return active._errorHandler(error);
    });
  }

  /** Whether a listener took the error. @param {any} error */
  _errorHandler(error) {
    if (typeof error === 'object' && error !== null) {
      defineProperty(error, 'domain', { value: this, writable: true, configurable: true });
      error.domainThrown ??= true;
    }
    if (this.listenerCount('error') === 0) return false;
    this.emit('error', error);
    return true;
  }

  enter() {
    push(stack, this);
    activate(this);
  }

  exit() {
    const at = lastPlaceOf(this);
    if (at === -1) return;
    splice(stack, at, stack.length - at);
    activate(stack[stack.length - 1]);
  }

  /** @param {any} emitter an emitter or a timer */
  add(emitter) {
    if (emitter.domain === this) return;
    emitter.domain?.remove(emitter);
    defineProperty(emitter, 'domain', { value: this, writable: true, configurable: true });
    push(this.members, emitter);
    if (typeof emitter.emit === 'function') routeErrors(emitter, this);
  }

  /** @param {any} emitter */
  remove(emitter) {
    emitter.domain = null;
    const at = indexOf(this.members, emitter);
    if (at !== -1) splice(this.members, at, 1);
  }

  /** @param {Function} body @param {...any} given */
  run(body, ...given) {
    this.enter();
    const result = apply(body, this, given);
    this.exit();
    return result;
  }

  /** @param {Function} callback */
  bind(callback) {
    const domain = this;
    /** @this {any} @param {...any} given */
    function bound(...given) {
      domain.enter();
      const result = apply(callback, this, given);
      domain.exit();
      return result;
    }
    defineProperty(bound, 'domain', { value: this, writable: true, configurable: true });
    return bound;
  }

  /** The same for callbacks whose first argument is an error, which the domain gets. @param {Function} callback */
  intercept(callback) {
    const domain = this;
    /** @this {any} @param {any} error @param {...any} given */
    function intercepted(error, ...given) {
      if (error instanceof Error) {
        defineProperty(error, 'domain', { value: domain, writable: true, configurable: true });
        /** @type {any} */ (error).domainBound = callback;
        /** @type {any} */ (error).domainThrown = false;
        domain.emit('error', error);
        return undefined;
      }
      domain.enter();
      const result = apply(callback, this, given);
      domain.exit();
      return result;
    }
    return intercepted;
  }
}

/** @param {PropertyKey} event @param {any[]} given */
function concatenated(event, given) {
  const all = [event];
  for (let index = 0; index < given.length; index += 1) push(all, given[index]);
  return all;
}

/** @param {any} domain */
function lastPlaceOf(domain) {
  for (let index = stack.length - 1; index >= 0; index -= 1) if (stack[index] === domain) return index;
  return -1;
}

/** An `error` that nobody listens for goes to the emitter's domain. @param {any} emitter @param {Domain} domain */
function routeErrors(emitter, domain) {
  const usual = emitter.emit;
  defineProperty(emitter, 'emit', {
    /** @this {any} @param {PropertyKey} event @param {...any} given */
    value(event, ...given) {
      const isIn = this.domain === domain;
      if (!isIn || event !== 'error' || this.listenerCount('error') > 0) {
        if (!isIn) return apply(usual, this, concatenated(event, given));
        domain.enter();
        const result = apply(usual, this, concatenated(event, given));
        domain.exit();
        return result;
      }
      const error = given[0] ?? new Error('Unhandled "error" event');
      if (typeof error === 'object') {
        error.domainEmitter = this;
        defineProperty(error, 'domain', { value: domain, writable: true, configurable: true });
        error.domainThrown = false;
      }
      domain.emit('error', error);
      return false;
    },
    writable: true,
    configurable: true,
  });
}

/** @type {any} */ (EventEmitter).usingDomains = true;

const createDomain = () => new Domain();
/** @type {any} */
const exports = { _stack: stack, Domain, createDomain, create: createDomain, active: null };
module.exports = exports;
