// Lock and LockManager (https://w3c.github.io/web-locks/): `navigator.locks`. A lock is held until the promise of its callback settles; who asks for
// it meanwhile stands in the queue of its name. The locks are this program's: other processes know nothing of them.
'use strict';

const { Map, apply, customInspect, findIndex, includes, mapDelete, mapForEach, mapGet, mapSet, push } = require('builtins/primordials');
const { reject, resolve, some, splice, startsWith, then, withResolvers } = require('builtins/primordials');
const {
  defineInterface,
  illegalConstructor,
  invalidArgument,
  requireArguments,
  toCallback,
  toDictionary,
  toDOMString,
  toEnumeration,
} = require('builtins/webidl');
const { addAlgorithm, isAbortSignal, isAborted, removeAlgorithm } = require('web/abort/abort');
const { enqueueMicrotask } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {'exclusive' | 'shared'} LockMode */

// Tells the constructors that this file calls; no value of a program can be it.
const construction = Symbol('construction');
const clientId = 'twinloop';

/** Somebody who asked for a lock. */
class LockRequest {
  name;
  mode;
  callback;
  /** What `request` returned. @type {PromiseWithResolvers<any>} */
  answer = /** @type {any} */ (withResolvers());
  /** Takes the listener off the signal. */
  forget = () => {};
  /** @param {string} name @param {LockMode} mode @param {Function} callback */
  constructor(name, mode, callback) {
    this.name = name;
    this.mode = mode;
    this.callback = callback;
  }
}

/** Those who hold the lock of a name, and those who wait. @typedef {{ held: LockRequest[], waiting: LockRequest[] }} Queue */

/** @type {Map<string, Queue>} */
const queues = new Map();

/** @param {string} name */
function queueOf(name) {
  let queue = mapGet(queues, name);
  if (queue === undefined) mapSet(queues, name, (queue = { held: [], waiting: [] }));
  return queue;
}

/** @param {Queue} queue @param {LockMode} mode */
function isGrantable(queue, mode) {
  return mode === 'exclusive' ? queue.held.length === 0 : !some(queue.held, (request) => request.mode === 'exclusive');
}

/** @param {LockRequest[]} list @param {LockRequest} request */
function take(list, request) {
  const index = findIndex(list, (each) => each === request);
  if (index >= 0) splice(list, index, 1);
  return index >= 0;
}

/** Grants what may be granted, in order. @param {string} name */
function serve(name) {
  const queue = queueOf(name);
  while (queue.waiting.length > 0 && isGrantable(queue, queue.waiting[0].mode)) {
    const request = queue.waiting[0];
    splice(queue.waiting, 0, 1);
    grant(queue, request);
  }
  if (queue.held.length === 0 && queue.waiting.length === 0) mapDelete(queues, name);
}

/** @param {Queue} queue @param {LockRequest} request */
function grant(queue, request) {
  push(queue.held, request);
  enqueueMicrotask(() => {
    // Its signal may have aborted meanwhile, or somebody stolen it.
    if (!includes(queue.held, request)) return;
    request.forget();
    const lock = new Lock(construction, request.name, request.mode);
    const release = () => {
      if (take(queue.held, request)) serve(request.name);
    };
    then(
      callWith(request.callback, lock),
      (value) => {
        release();
        request.answer.resolve(value);
      },
      (reason) => {
        release();
        request.answer.reject(reason);
      },
    );
  });
}

/** @param {Function} callback @param {any} lock @returns {Promise<any>} */
async function callWith(callback, lock) {
  return await apply(callback, undefined, [lock]);
}

/** @param {string} message @param {string} name */
function domException(message, name) {
  return new (loadDOMException().DOMException)(`LockManager.request: ${message}`, name);
}

class Lock {
  #name;
  #mode;
  /** @param {symbol} [key] @param {string} [name] @param {LockMode} [mode] */
  constructor(key = undefined, name = '', mode = /** @type {LockMode} */ ('shared')) {
    if (key !== construction) throw illegalConstructor();
    this.#name = name;
    this.#mode = mode;
  }
  get name() {
    return this.#name;
  }
  get mode() {
    return this.#mode;
  }
  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('Lock', { name: this.#name, mode: this.#mode }, depth, options);
  }
}

class LockManager {
  #own = true;
  /** @param {symbol} [key] */
  constructor(key = undefined) {
    if (key !== construction) throw illegalConstructor();
  }

  /** @param {any} name @param {any} optionsOrCallback @param {any} [callback] */
  request(name, optionsOrCallback, callback = undefined) {
    try {
      this.#own;
      requireArguments(arguments.length, 2, 'LockManager.request');
      const text = toDOMString(name);
      const isShort = arguments.length === 2;
      const run = toCallback(isShort ? optionsOrCallback : callback, 'LockManager.request: the callback');
      return ask(text, isShort ? undefined : optionsOrCallback, run);
    } catch (error) {
      return reject(error);
    }
  }

  query() {
    try {
      this.#own;
      /** @type {{ held: any[], pending: any[] }} */
      const state = { held: [], pending: [] };
      mapForEach(queues, ({ held, waiting }, name) => {
        for (let i = 0; i < held.length; i += 1) push(state.held, { name, mode: held[i].mode, clientId });
        for (let i = 0; i < waiting.length; i += 1) push(state.pending, { name, mode: waiting[i].mode, clientId });
      });
      return resolve(state);
    } catch (error) {
      return reject(error);
    }
  }
}

/** https://w3c.github.io/web-locks/#api-lock-manager-request @param {string} name @param {any} options @param {Function} callback */
function ask(name, options, callback) {
  const { ifAvailable, mode, signal, steal } = toDictionary(options, 'LockManager.request');
  const wanted = /** @type {LockMode} */ (
    mode === undefined ? 'exclusive' : toEnumeration(mode, ['shared', 'exclusive'], 'LockManager.request: mode')
  );
  if (signal !== undefined && !isAbortSignal(signal)) throw invalidArgument('LockManager.request: signal is not an AbortSignal');
  if (startsWith(name, '-')) throw domException('a name must not begin with a hyphen', 'NotSupportedError');
  if (steal && ifAvailable) throw domException('steal and ifAvailable exclude each other', 'NotSupportedError');
  if (steal && wanted !== 'exclusive') throw domException('only an exclusive lock can be stolen', 'NotSupportedError');
  if (signal !== undefined && (steal || ifAvailable)) {
    throw domException('a signal has no use with steal or ifAvailable', 'NotSupportedError');
  }
  if (signal !== undefined && isAborted(signal)) return reject(signal.reason);
  const request = new LockRequest(name, wanted, callback);
  const queue = queueOf(name);
  if (steal) {
    const { DOMException } = loadDOMException();
    for (let i = 0; i < queue.held.length; i += 1) queue.held[i].answer.reject(new DOMException('The operation was aborted', 'AbortError'));
    queue.held = [];
    grant(queue, request);
    return request.answer.promise;
  }
  if (ifAvailable && (queue.waiting.length > 0 || !isGrantable(queue, wanted))) {
    enqueueMicrotask(() => then(callWith(callback, null), request.answer.resolve, request.answer.reject));
    return request.answer.promise;
  }
  push(queue.waiting, request);
  if (signal !== undefined) giveUpOnAbort(request, signal);
  serve(name);
  return request.answer.promise;
}

/** @param {LockRequest} request @param {any} signal */
function giveUpOnAbort(request, signal) {
  const onAbort = (/** @type {any} */ reason) => {
    const { held, waiting } = queueOf(request.name);
    if (!take(waiting, request) && !take(held, request)) return;
    request.answer.reject(reason);
    serve(request.name);
  };
  addAlgorithm(signal, onAbort);
  request.forget = () => removeAlgorithm(signal, onAbort);
}

defineInterface(Lock);
defineInterface(LockManager);

module.exports = { Lock, LockManager, locks: new LockManager(construction) };
