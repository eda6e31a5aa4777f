// `node:domain` (https://nodejs.org/api/domain.html), deprecated in Node: errors of emitters, callbacks and calls that belong together go to one
// place. The domains that were entered are part of the asynchronous context, so what a timer, a tick or a promise calls later is in them too.
'use strict';

const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { AsyncLocalStorage } = require('node/async_hooks/local_storage');
const { nodeError, unhandledError } = require('node/errors');
const { hasUncaughtExceptionCaptureCallback, setDomainCapture } = require('node/process/capture');
const { process } = require('node/process/process');
const { apply, arraySlice, defineProperty, indexOf, push, splice } = require('builtins/primordials');

if (hasUncaughtExceptionCaptureCallback()) {
  const message = 'The `domain` module is in use, which is mutually exclusive with calling process.setUncaughtExceptionCaptureCallback()';
  throw nodeError(Error, 'ERR_DOMAIN_CALLBACK_NOT_AVAILABLE', message);
}

/** The domains that were entered, the active one last: a list that is never changed. */
const entered = new AsyncLocalStorage();
/** @type {any[]} */
const none = [];

/** @returns {any[]} */
const stackOf = () => entered.getStore() ?? none;

/** What `process.domain` says: undefined after the last domain was left, null where there was none. */
function activeDomain() {
  const stack = entered.getStore();
  return stack === undefined ? null : stack[stack.length - 1];
}

/** Hidden from those who walk the properties. @param {any} target @param {string} name @param {any} value */
function hide(target, name, value) {
  defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
}

class Domain extends EventEmitter {
  constructor() {
    super();
    /** @type {any[]} */
    this.members = [];
  }

  /** Whether a listener took the error, which left everything. @param {any} error */
  _errorHandler(error) {
    if ((typeof error === 'object' && error !== null) || typeof error === 'function') {
      hide(error, 'domain', this);
      error.domainThrown = true;
    }
    while (activeDomain() === this) this.exit();
    let caught = false;
    try {
      if (stackOf().length === 0) {
        // What the listener throws is uncaught.
        if (this.listenerCount('error') > 0) caught = this.emit('error', error);
      } else {
        caught = this.#tell(error);
      }
    } finally {
      entered.enterWith(undefined);
    }
    return caught;
  }

  /** Another domain that is active gets what the listener throws. @param {any} error */
  #tell(error) {
    try {
      return this.emit('error', error);
    } catch (second) {
      const outer = activeDomain();
      if (outer === null || outer === undefined) throw second;
      return outer._errorHandler(second);
    }
  }

  enter() {
    const next = arraySlice(stackOf());
    push(next, this);
    entered.enterWith(next);
  }

  exit() {
    const stack = stackOf();
    let at = stack.length - 1;
    while (at >= 0 && stack[at] !== this) at -= 1;
    if (at !== -1) entered.enterWith(arraySlice(stack, 0, at));
  }

  /** @param {any} emitter an emitter or a timer */
  add(emitter) {
    if (emitter.domain === this) return;
    emitter.domain?.remove(emitter);
    // A domain that is in this one cannot have it.
    for (let outer = /** @type {any} */ (this).domain; outer; outer = outer.domain) if (outer === emitter) return;
    hide(emitter, 'domain', this);
    push(this.members, emitter);
  }

  /** @param {any} emitter */
  remove(emitter) {
    emitter.domain = null;
    const at = indexOf(this.members, emitter);
    if (at !== -1) splice(this.members, at, 1);
  }

  /** @param {Function} body @param {...any} given */
  run(body, ...given) {
    return within(this, body, this, given);
  }

  /** @param {Function} callback */
  bind(callback) {
    const domain = this;
    /** @this {any} @param {...any} given */
    function bound(...given) {
      return within(domain, callback, this, given);
    }
    hide(bound, 'domain', this);
    return bound;
  }

  /** The same for callbacks whose first argument is an error, which the domain gets. @param {Function} callback */
  intercept(callback) {
    const domain = this;
    /** @this {any} @param {any} error @param {...any} given */
    function intercepted(error, ...given) {
      if (error instanceof Error) {
        hide(error, 'domain', domain);
        /** @type {any} */ (error).domainBound = callback;
        /** @type {any} */ (error).domainThrown = false;
        domain.emit('error', error);
        return undefined;
      }
      return within(domain, callback, this, given);
    }
    return intercepted;
  }
}

/** Calls inside of a domain; what the callback throws leaves it active, so it gets that. @param {any} domain @param {Function} callback @param {any} self @param {any[]} given */
function within(domain, callback, self, given) {
  domain.enter();
  const result = apply(callback, self, given);
  domain.exit();
  return result;
}

/** Whether the active domain took an error that nobody caught. @param {any} error */
function capture(error) {
  const active = activeDomain();
  return active === null || active === undefined ? false : active._errorHandler(error);
}

// Emitters that are made inside of a domain belong to it, and tell it of errors that nobody listens for.
const { init } = EventEmitter;
/** @this {any} @param {any} options */
EventEmitter.init = function initInDomain(options) {
  hide(this, 'domain', null);
  const active = activeDomain();
  if (active && !(this instanceof Domain)) this.domain = active;
  return apply(init, this, [options]);
};

const { emit } = EventEmitter.prototype;
/** @this {any} @param {PropertyKey} event @param {...any} given */
EventEmitter.prototype.emit = function emitInDomain(event, ...given) {
  const { domain } = this;
  const all = withFirst(event, given);
  if (domain === null || domain === undefined || this === process) return apply(emit, this, all);
  if (event === 'error' && this.listenerCount('error') === 0) return tellDomain(this, domain, given);
  if (event === 'error') return apply(emit, this, all);
  return within(domain, emit, this, all);
};

/** @param {any} emitter @param {any} domain @param {any[]} given */
function tellDomain(emitter, domain, given) {
  const error = given[0] ? given[0] : unhandledError(given[0]);
  if (typeof error === 'object') {
    error.domainEmitter = emitter;
    hide(error, 'domain', domain);
    error.domainThrown = false;
  }
  // The listener runs outside of the domain.
  const before = entered.getStore();
  let stack = stackOf();
  while (stack.length > 0 && stack[stack.length - 1] === domain) stack = arraySlice(stack, 0, -1);
  entered.enterWith(stack);
  domain.emit('error', error);
  entered.enterWith(before);
  return false;
}

/** @param {PropertyKey} event @param {any[]} given */
function withFirst(event, given) {
  const all = [event];
  for (let index = 0; index < given.length; index += 1) push(all, given[index]);
  return all;
}

EventEmitter.usingDomains = true;
setDomainCapture(capture);

/** @param {any} domain */
function activate(domain) {
  entered.enterWith(domain === null ? undefined : domain === undefined ? none : [domain]);
}

const own = { get: activeDomain, set: activate, enumerable: true, configurable: true };
defineProperty(process, 'domain', own);

function createDomain() {
  return new Domain();
}
/** @type {any} */
const exports = { Domain, createDomain, create: createDomain };
defineProperty(exports, 'active', own);
defineProperty(exports, '_stack', { get: stackOf, enumerable: true, configurable: true });
module.exports = exports;
