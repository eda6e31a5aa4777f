// AbortController and AbortSignal (https://dom.spec.whatwg.org/#aborting-ongoing-activities).
//
// A signal made by `any` looks at its sources when it is asked, and its sources name it only while somebody listens to it: so it needs no
// weak references, and a source that lives long collects nothing. Which source was the first to abort says a number.
'use strict';

const { Set, customInspect, setAdd, setDelete, setForEach, setHas, setSize, sort } = require('builtins/primordials');
const { defineInterface, illegalConstructor, requireArguments, toEnforcedUnsignedLongLong, toSequence } = require('builtins/webidl');
const { Event, EventTarget, defineEventHandlers, fire, hasListeners, listenersChanged, setSignals } = require('web/events/events');
const loadTimers = () => require('web/html/timers');
const loadDOMException = () => require('builtins/domexception');
const loadInvalidType = () => require('builtins/invalid_type');
const loadInspect = () => require('builtins/inspect/inspect');

// Only this file makes signals.
const permission = Symbol('permission');

/** @typedef {(reason: any) => void} Algorithm */

/** @type {(value: any) => value is AbortSignal} */
let isAbortSignal;
/** @type {(signal: any) => boolean} */
let isAborted;
/** @type {(signal: any, algorithm: Algorithm) => void} */
let addAlgorithm;
/** @type {(signal: any, algorithm: Algorithm) => void} */
let removeAlgorithm;
/** @type {(signal: AbortSignal, reason: any) => void} */
let signalAbort;
/** @type {() => AbortSignal} */
let makeSignal;
/** @type {(list: AbortSignal[]) => AbortSignal} */
let follow;

// Orders the dependents as they were made, and the sources as they were aborted.
let lastNumber = 0;

class AbortSignal extends EventTarget {
  // When it was aborted, as a number above 0.
  #abortedAt = 0;
  /** @type {any} */
  #reason = undefined;
  /** What to call before the event is fired; a Set once there is one. @type {Set<Algorithm> | null} */
  #algorithms = null;
  /** For a signal of `any` that is not aborted: the signals it depends on, none of which depends on others. @type {AbortSignal[] | null} */
  #sources = null;
  // For a signal of `any`, when it was made.
  #madeAt = 0;
  /** For a source: those of its dependents that are listened to. @type {Set<AbortSignal> | null} */
  #listened = null;

  constructor() {
    if (arguments[0] !== permission) throw illegalConstructor();
    super();
  }

  /** @param {any} [reason] */
  static abort(reason = undefined) {
    const signal = makeSignal();
    signal.#mark(reason);
    return signal;
  }

  /** @param {any} milliseconds */
  static timeout(milliseconds) {
    requireArguments(arguments.length, 1, 'AbortSignal.timeout');
    const delay = toEnforcedUnsignedLongLong(milliseconds, 'AbortSignal.timeout: milliseconds');
    const signal = makeSignal();
    loadTimers().startUnreferenced(() => {
      signal.#abort(new (loadDOMException().DOMException)('The operation was aborted due to timeout', 'TimeoutError'));
    }, delay);
    return signal;
  }

  /** @param {any} signals */
  static any(signals) {
    let index = -1;
    return follow(
      toSequence(signals, 'AbortSignal.any: the argument', (signal) => {
        index += 1;
        return requireSignal(signal, index);
      }),
    );
  }

  /** @param {AbortSignal[]} list */
  static #any(list) {
    const result = makeSignal();
    for (let i = 0; i < list.length; i += 1) {
      if (!list[i].#isAborted()) continue;
      result.#abortedAt = list[i].#abortedAt;
      result.#reason = list[i].#reason;
      return result;
    }
    result.#madeAt = lastNumber += 1;
    result.#sources = rootsOf(list, (signal) => signal.#sources);
    return result;
  }

  get aborted() {
    return this.#isAborted();
  }
  get reason() {
    return this.#isAborted() ? this.#reason : undefined;
  }
  throwIfAborted() {
    if (this.#isAborted()) throw this.#reason;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('AbortSignal', { aborted: this.#isAborted() }, depth, options);
  }

  [/** @type {any} */ (listenersChanged)]() {
    if (this.#sources !== null) this.#keepWhileListened();
  }

  /** Looks at the sources, if it has any. */
  #isAborted() {
    if (this.#sources !== null) this.#follow(this.#sources);
    return this.#abortedAt !== 0;
  }

  /** @param {AbortSignal[]} sources */
  #follow(sources) {
    /** @type {AbortSignal | undefined} */
    let first;
    for (let i = 0; i < sources.length; i += 1) {
      const at = sources[i].#abortedAt;
      if (at !== 0 && (first === undefined || at < first.#abortedAt)) first = sources[i];
    }
    if (first === undefined) return;
    this.#abortedAt = first.#abortedAt;
    this.#reason = first.#reason;
    // Whoever listens is still to be told, by the source.
    if (!this.#isListened()) this.#sources = null;
  }

  #isListened() {
    return (this.#algorithms !== null && setSize(this.#algorithms) > 0) || hasListeners(this, 'abort');
  }

  #keepWhileListened() {
    const sources = this.#sources;
    if (sources === null) return;
    const listened = this.#abortedAt === 0 && this.#isListened();
    for (let i = 0; i < sources.length; i += 1) {
      if (listened) setAdd((sources[i].#listened ??= new Set()), this);
      else if (sources[i].#listened !== null) setDelete(/** @type {Set<AbortSignal>} */ (sources[i].#listened), this);
    }
  }

  /** @param {any} reason */
  #abort(reason) {
    if (this.#abortedAt !== 0) return;
    this.#mark(reason);
    /** @type {AbortSignal[]} */
    const dependents = [];
    if (this.#listened !== null) {
      setForEach(this.#listened, (dependent) => {
        if (dependent.#abortedAt === 0) dependents[dependents.length] = dependent;
      });
      this.#listened = null;
    }
    sort(dependents, (left, right) => left.#madeAt - right.#madeAt);
    for (let i = 0; i < dependents.length; i += 1) {
      dependents[i].#abortedAt = this.#abortedAt;
      dependents[i].#reason = this.#reason;
    }
    this.#run();
    for (let i = 0; i < dependents.length; i += 1) dependents[i].#run();
  }

  /** @param {any} reason */
  #mark(reason) {
    this.#abortedAt = lastNumber += 1;
    this.#reason = reason === undefined ? new (loadDOMException().DOMException)('This operation was aborted', 'AbortError') : reason;
  }

  #run() {
    const algorithms = this.#algorithms;
    this.#keepWhileListened();
    this.#algorithms = null;
    this.#sources = null;
    if (algorithms !== null) setForEach(algorithms, (algorithm) => algorithm(this.#reason));
    fire(this, new Event('abort'));
  }

  static {
    makeSignal = () => new /** @type {any} */ (AbortSignal)(permission);
    isAbortSignal = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #abortedAt in value);
    isAborted = (signal) => signal.#isAborted();
    follow = (list) => AbortSignal.#any(list);
    signalAbort = (signal, reason) => signal.#abort(reason);
    addAlgorithm = (signal, algorithm) => {
      if (signal.#isAborted()) return;
      setAdd((signal.#algorithms ??= new Set()), algorithm);
      signal.#keepWhileListened();
    };
    removeAlgorithm = (signal, algorithm) => {
      if (signal.#algorithms !== null && setDelete(signal.#algorithms, algorithm)) signal.#keepWhileListened();
    };
  }
}

/** @param {any} value @param {number} index @returns {AbortSignal} */
function requireSignal(value, index) {
  if (!isAbortSignal(value)) throw loadInvalidType().invalidType(`signals[${index}]`, 'AbortSignal', value);
  return value;
}

/** The signals that a list depends on in the end, each once. @param {AbortSignal[]} list @param {(signal: AbortSignal) => AbortSignal[] | null} sourcesOf */
function rootsOf(list, sourcesOf) {
  if (list.length === 1) return sourcesOf(list[0]) ?? list;
  /** @type {AbortSignal[]} */
  const roots = [];
  /** @type {Set<AbortSignal>} */
  const seen = new Set();
  for (let i = 0; i < list.length; i += 1) {
    const sources = sourcesOf(list[i]) ?? [list[i]];
    for (let j = 0; j < sources.length; j += 1) {
      if (setHas(seen, sources[j])) continue;
      setAdd(seen, sources[j]);
      roots[roots.length] = sources[j];
    }
  }
  return roots;
}

/** A signal that follows another, or none (what `Request.signal` gives). @param {AbortSignal | null} signal */
function dependentSignal(signal) {
  return follow(signal === null ? [] : [signal]);
}

class AbortController {
  #signal = makeSignal();

  get signal() {
    return this.#signal;
  }
  /** @param {any} [reason] */
  abort(reason = undefined) {
    signalAbort(this.#signal, reason);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('AbortController', { signal: this.#signal }, depth, options);
  }
}

defineEventHandlers(AbortSignal, ['abort']);
defineInterface(AbortSignal);
defineInterface(AbortController);

setSignals({ isAbortSignal, isAborted, addAlgorithm, removeAlgorithm });

module.exports = { AbortController, AbortSignal, addAlgorithm, dependentSignal, isAbortSignal, isAborted, removeAlgorithm };
