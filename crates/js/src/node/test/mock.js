// `mock` (https://nodejs.org/api/test.html#class-mocktracker): functions, methods, accessors and properties that note how they are used, and
// modules that stand in the place of others.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireBoolean, requireFunction, requireInteger, requireObject } = require('node/arguments');
const { MockTimers } = require('node/test/mock_timers');
const {
  apply,
  arraySlice,
  assign,
  construct,
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  Map,
  mapDelete,
  mapGet,
  mapHas,
  mapSet,
  push,
  reflectGet,
} = require('builtins/primordials');

const loadModules = () => require('node/test/mock_module');

const nothing = () => function mocked() {};

/** What is known of a mocked function; it is the function's `mock`. */
class MockFunctionContext {
  /** @type {any[]} */
  #calls = [];
  #implementation;
  #original;
  #restore;
  #times;
  #once = new Map();

  /** @param {any} implementation @param {any} original @param {number} times @param {() => void} restore */
  constructor(implementation, original, times, restore) {
    this.#implementation = implementation;
    this.#original = original;
    this.#times = times;
    this.#restore = restore;
  }

  get calls() {
    return arraySlice(this.#calls);
  }
  callCount() {
    return this.#calls.length;
  }
  /** @param {any} implementation */
  mockImplementation(implementation) {
    requireFunction(implementation, 'implementation');
    this.#implementation = implementation;
  }
  /** @param {any} implementation @param {any} [onCall] */
  mockImplementationOnce(implementation, onCall) {
    requireFunction(implementation, 'implementation');
    const call = onCall ?? this.#calls.length;
    requireInteger(call, 'onCall', this.#calls.length);
    mapSet(this.#once, call, implementation);
  }
  restore() {
    this.#implementation = this.#original;
    this.#restore();
  }
  resetCalls() {
    this.#calls = [];
  }

  /** What the next call runs. */
  next() {
    const call = this.#calls.length;
    const once = mapGet(this.#once, call);
    if (once !== undefined) {
      mapDelete(this.#once, call);
      return once;
    }
    const implementation = this.#implementation;
    // It was mocked for so many calls only.
    if (call + 1 === this.#times) this.restore();
    return implementation;
  }
  /** @param {any} call */
  note(call) {
    push(this.#calls, call);
  }
}

/** What is known of a mocked property. */
class MockPropertyContext {
  /** @type {any[]} */
  #accesses = [];
  #object;
  #name;
  #descriptor;
  #value;
  #once = new Map();

  /** @param {any} object @param {PropertyKey} name @param {any} descriptor @param {any} value */
  constructor(object, name, descriptor, value) {
    this.#object = object;
    this.#name = name;
    this.#descriptor = descriptor;
    this.#value = value;
    const { configurable, enumerable, writable } = descriptor;
    defineProperty(object, name, {
      configurable,
      enumerable,
      get: () => this.#note('get', this.#next()),
      set: (given) => {
        if (writable === false) throw invalidValue('propertyName', name, 'cannot be set');
        this.#value = given;
        this.#note('set', this.#next());
      },
    });
  }

  /** @param {string} type @param {any} value */
  #note(type, value) {
    push(this.#accesses, { type, value, stack: new Error() });
    return value;
  }
  #next() {
    const access = this.#accesses.length;
    if (!mapHas(this.#once, access)) return this.#value;
    const value = mapGet(this.#once, access);
    mapDelete(this.#once, access);
    return value;
  }

  get accesses() {
    return arraySlice(this.#accesses);
  }
  accessCount() {
    return this.#accesses.length;
  }
  /** @param {any} value */
  mockImplementation(value) {
    this.#object[this.#name] = value;
  }
  /** @param {any} value @param {any} [onAccess] */
  mockImplementationOnce(value, onAccess) {
    const access = onAccess ?? this.#accesses.length;
    requireInteger(access, 'onAccess', this.#accesses.length);
    mapSet(this.#once, access, value);
  }
  resetAccesses() {
    this.#accesses = [];
  }
  restore() {
    defineProperty(this.#object, this.#name, this.#descriptor);
  }
}

/** The descriptor of an own or inherited property. @param {any} object @param {PropertyKey} name */
function descriptorOf(object, name) {
  for (let each = object; each !== null && each !== undefined; each = getPrototypeOf(each)) {
    const descriptor = getOwnPropertyDescriptor(each, name);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}

/** @param {any} times @param {string} name */
function requireTimes(times, name) {
  if (times === Infinity) return;
  requireInteger(times, name, 1);
}

class MockTracker {
  /** @type {any[]} */
  #mocks = [];
  /** @type {any} */
  #timers;

  get timers() {
    return (this.#timers ??= new MockTimers());
  }

  /** @param {any} [original] @param {any} [implementation] @param {any} [options] */
  fn(original, implementation, options) {
    let base = original ?? nothing();
    let body = implementation ?? base;
    let given = options ?? {};
    if (base !== null && typeof base === 'object') {
      given = base;
      base = nothing();
      body = base;
    } else if (body !== null && typeof body === 'object') {
      given = body;
      body = base;
    }
    requireFunction(base, 'original');
    requireFunction(body, 'implementation');
    requireObject(given, 'options');
    const { times = Infinity } = given;
    requireTimes(times, 'options.times');
    const context = new MockFunctionContext(body, base, times, () => {});
    return this.#mocked(base, context);
  }

  /** A function in place of `original` that notes its calls. @param {any} original @param {MockFunctionContext} context */
  #mocked(original, context) {
    push(this.#mocks, context);
    return new Proxy(original, {
      apply(_target, self, given) {
        const implementation = context.next();
        let result;
        let error;
        try {
          result = apply(implementation, self, given);
        } catch (thrown) {
          error = thrown;
          throw thrown;
        } finally {
          context.note({ arguments: given, error, result, stack: new Error(), target: undefined, this: self });
        }
        return result;
      },
      construct(target, given, newTarget) {
        const implementation = context.next();
        /** @type {any} */
        let result;
        let error;
        try {
          result = construct(implementation, given, newTarget);
        } catch (thrown) {
          error = thrown;
          throw thrown;
        } finally {
          context.note({ arguments: given, error, result, stack: new Error(), target, this: result });
        }
        return result;
      },
      get: (target, name, receiver) => (name === 'mock' ? context : reflectGet(target, name, receiver)),
    });
  }

  /** @param {any} object @param {any} name @param {any} [implementation] @param {any} [options] */
  method(object, name, implementation, options) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) throw invalidType('object', 'Object', object);
    if (typeof name !== 'string' && typeof name !== 'symbol') throw invalidType('methodName', ['string', 'symbol'], name);
    let body = implementation;
    let given = options ?? {};
    if (body !== null && typeof body === 'object') {
      given = body;
      body = undefined;
    }
    requireObject(given, 'options');
    const { getter = false, setter = false, times = Infinity } = given;
    requireBoolean(getter, 'options.getter');
    requireBoolean(setter, 'options.setter');
    requireTimes(times, 'options.times');
    if (setter && getter) throw invalidValue('options.setter', setter, "cannot be used with 'options.getter'");
    const descriptor = /** @type {any} */ (descriptorOf(object, name));
    const original = getter ? descriptor?.get : setter ? descriptor?.set : descriptor?.value;
    if (typeof original !== 'function') throw invalidValue('methodName', original, 'must be a method');
    body ??= original;
    requireFunction(body, 'implementation');
    const context = new MockFunctionContext(body, original, times, () => defineProperty(object, name, descriptor));
    const mocked = this.#mocked(original, context);
    const { configurable, enumerable } = descriptor;
    /** @type {any} */
    const place = { configurable, enumerable };
    if (getter) assign(place, { get: mocked, set: descriptor.set });
    else if (setter) assign(place, { get: descriptor.get, set: mocked });
    else assign(place, { writable: descriptor.writable, value: mocked });
    define(object, name, place);
    return mocked;
  }

  /** @param {any} object @param {any} name @param {any} [implementation] @param {any} [options] */
  getter(object, name, implementation, options = {}) {
    const { body, given } = accessorArguments(implementation, options);
    const { getter = true } = given;
    if (getter === false) throw invalidValue('options.getter', getter, 'cannot be false');
    return this.method(object, name, body, { ...given, getter });
  }
  /** @param {any} object @param {any} name @param {any} [implementation] @param {any} [options] */
  setter(object, name, implementation, options = {}) {
    const { body, given } = accessorArguments(implementation, options);
    const { setter = true } = given;
    if (setter === false) throw invalidValue('options.setter', setter, 'cannot be false');
    return this.method(object, name, body, { ...given, setter });
  }

  /** @param {any} object @param {any} name @param {...any} given the value; the property's own if there is none */
  property(object, name, ...given) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) throw invalidType('object', 'Object', object);
    if (typeof name !== 'string' && typeof name !== 'symbol') throw invalidType('propertyName', ['string', 'symbol'], name);
    if (!hasOwn(object, name)) throw invalidValue('propertyName', name, 'is not a property of the object');
    const descriptor = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(object, name));
    const context = new MockPropertyContext(object, name, descriptor, given.length === 0 ? object[name] : given[0]);
    push(this.#mocks, context);
    return new Proxy(object, {
      get: (target, key, receiver) => (key === 'mock' ? context : reflectGet(target, key, receiver)),
    });
  }

  /** @param {any} specifier @param {any} [options] */
  module(specifier, options = {}) {
    const context = loadModules().mockModule(specifier, options);
    push(this.#mocks, context);
    return context;
  }

  reset() {
    this.restoreAll();
    this.#timers?.reset();
    this.#mocks = [];
  }
  restoreAll() {
    for (let index = this.#mocks.length - 1; index >= 0; index -= 1) this.#mocks[index].restore();
  }
}

/** @param {any} object @param {PropertyKey} name @param {any} descriptor */
function define(object, name, descriptor) {
  if (!defineProperty(object, name, descriptor)) throw new TypeError(`Cannot redefine property: ${String(name)}`);
}

/** @param {any} implementation @param {any} options */
function accessorArguments(implementation, options) {
  if (implementation !== null && typeof implementation === 'object') return { body: undefined, given: implementation };
  return { body: implementation, given: options };
}

module.exports = { MockTracker };
