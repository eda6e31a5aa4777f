// AbortController and AbortSignal (https://dom.spec.whatwg.org/#aborting-ongoing-activities).
//
// Signals made by `any` must not leak from a source that lives long: a source names its dependents weakly, and strongly only while
// somebody listens to them.
'use strict';

const { defineInterface, requireArguments } = require('builtins/webidl');
const { Event, EventTarget, defineEventHandlers, fire, hasListeners, listenersChanged, setSignals } = require('web/events/events');
const loadTimers = () => require('web/html/timers');
const loadDOMException = () => require('builtins/domexception');
const loadInspect = () => require('builtins/inspect/inspect');

// Only this file makes signals.
const permission = Symbol('permission');

let isAbortSignal;
let addAlgorithm;
let removeAlgorithm;
let signalAbort;

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  // Functions to call before the event is fired; a Set once there is one.
  #algorithms = null;
  // For a signal of `any`: the signals it depends on, none of which depends on others.
  #sources = null;
  #self = null;
  // For a source: its dependents, each as a WeakRef, and those that are listened to.
  #dependents = null;
  #listened = null;
  #sweepAt = 32;

  constructor(key) {
    if (key !== permission) throw new TypeError('AbortSignal: illegal constructor');
    super();
  }

  static abort(reason = undefined) {
    const signal = new AbortSignal(permission);
    signal.#aborted = true;
    signal.#reason = reason === undefined ? abortError() : reason;
    return signal;
  }

  static timeout(milliseconds) {
    requireArguments(arguments.length, 1, 'AbortSignal.timeout');
    const delay = enforceDelay(milliseconds);
    const signal = new AbortSignal(permission);
    loadTimers().startUnreferenced(() => {
      signal.#abort(new (loadDOMException().DOMException)('The operation was aborted due to timeout', 'TimeoutError'));
    }, delay);
    return signal;
  }

  static any(signals) {
    requireArguments(arguments.length, 1, 'AbortSignal.any');
    const list = [...signals];
    for (const signal of list) if (!isAbortSignal(signal)) throw new TypeError('AbortSignal.any: an element is not an AbortSignal');
    const result = new AbortSignal(permission);
    const aborted = list.find((signal) => signal.#aborted);
    if (aborted !== undefined) {
      result.#aborted = true;
      result.#reason = aborted.#reason;
      return result;
    }
    result.#sources = new Set();
    for (const signal of list) {
      for (const source of signal.#sources ?? [signal]) result.#dependOn(source);
    }
    return result;
  }

  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return loadInspect().inspectMembers('AbortSignal', { aborted: this.aborted }, depth, options);
  }

  [listenersChanged]() {
    this.#keepWhileListened();
  }

  #dependOn(source) {
    if (this.#sources.has(source)) return;
    this.#sources.add(source);
    this.#self ??= new WeakRef(this);
    source.#dependents ??= new Set();
    source.#dependents.add(this.#self);
    source.#sweep();
  }

  /** Forgets dependents that were collected, in time proportional to those added since. */
  #sweep() {
    if (this.#dependents.size < this.#sweepAt) return;
    for (const reference of this.#dependents) if (reference.deref() === undefined) this.#dependents.delete(reference);
    this.#sweepAt = Math.max(32, this.#dependents.size * 2);
  }

  #keepWhileListened() {
    if (this.#sources === null) return;
    const listened = !this.#aborted && ((this.#algorithms?.size ?? 0) > 0 || hasListeners(this, 'abort'));
    for (const source of this.#sources) {
      if (listened) (source.#listened ??= new Set()).add(this);
      else source.#listened?.delete(this);
    }
  }

  #abort(reason) {
    if (this.#aborted) return;
    const dependents = [];
    this.#mark(reason);
    for (const reference of this.#dependents ?? []) {
      const dependent = reference.deref();
      if (dependent === undefined || dependent.#aborted) continue;
      dependent.#mark(this.#reason);
      dependents.push(dependent);
    }
    this.#dependents = null;
    this.#listened = null;
    this.#run();
    for (const dependent of dependents) dependent.#run();
  }

  #mark(reason) {
    this.#aborted = true;
    this.#reason = reason === undefined ? abortError() : reason;
  }

  #run() {
    const algorithms = this.#algorithms;
    this.#algorithms = null;
    this.#release();
    for (const algorithm of algorithms ?? []) algorithm(this.#reason);
    fire(this, new Event('abort'));
  }

  #release() {
    for (const source of this.#sources ?? []) {
      source.#listened?.delete(this);
      source.#dependents?.delete(this.#self);
    }
    this.#sources = null;
  }

  static {
    isAbortSignal = (value) => typeof value === 'object' && value !== null && #aborted in value;
    signalAbort = (signal, reason) => signal.#abort(reason);
    addAlgorithm = (signal, algorithm) => {
      if (signal.#aborted) return;
      (signal.#algorithms ??= new Set()).add(algorithm);
      signal.#keepWhileListened();
    };
    removeAlgorithm = (signal, algorithm) => {
      if (signal.#algorithms?.delete(algorithm)) signal.#keepWhileListened();
    };
  }
}

class AbortController {
  #signal = new AbortSignal(permission);

  get signal() {
    return this.#signal;
  }
  abort(reason = undefined) {
    signalAbort(this.#signal, reason);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return loadInspect().inspectMembers('AbortController', { signal: this.signal }, depth, options);
  }
}

function abortError() {
  return new (loadDOMException().DOMException)('This operation was aborted', 'AbortError');
}

/** [EnforceRange] unsigned long long. */
function enforceDelay(value) {
  const number = Math.trunc(Number(value));
  if (!Number.isFinite(number) || number < 0 || number > Number.MAX_SAFE_INTEGER) {
    throw new TypeError(`AbortSignal.timeout: ${String(value)} is not a number of milliseconds`);
  }
  return number;
}

defineEventHandlers(AbortSignal, ['abort']);
defineInterface(AbortSignal);
defineInterface(AbortController);

setSignals({ isAbortSignal, addAlgorithm, removeAlgorithm });

module.exports = { AbortController, AbortSignal, isAbortSignal, addAlgorithm, removeAlgorithm };
