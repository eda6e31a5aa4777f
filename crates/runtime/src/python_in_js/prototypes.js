// What a PyProxy inherits: its prototype is composed from what the Python type can do (call, await, iterate, items ...), so `typeof`, `in` and
// spreading tell the truth. And what these methods share with the proxies' traps (`py_proxy.js`) and with classes (`classes.js`).
'use strict';

const { Map, WeakMap, apply, catchRejection, create, customInspect } = require('builtins/primordials');
const { defineProperties, defineProperty, getOwnPropertyDescriptors } = require('builtins/primordials');
const { mapGet, mapSet, ownKeys, pop, slice, then } = require('builtins/primordials');
const { weakMapHas } = require('builtins/primordials');
// What a Python type can do: `abilities.rs`.
const { ARRAY, ASYNC_DISPOSABLE, ASYNC_ITERABLE, ASYNC_ITERATOR, AWAITABLE, CALLABLE, CLASS } = ops.abilities;
const { CONTAINER, DISPOSABLE, ITEMS, ITERABLE, ITERATOR, MUTABLE_ITEMS, RECORD, SEQUENCE, SIZED } = ops.abilities;
const { pyAsyncExit, pyAsyncIter, pyAsyncNext, pyAsyncSend, pyAsyncThrow, pyAwait, pyCall } = ops;
const { pyCloseAsyncIterator, pyCloseIterator, pyContains, pyDeleteItem, pyExit, pyGetItem, pyIsInstance } = ops;
const { pyIter, pyLength, pyNext, pyPrimitive, pyRepr, pyReturned, pySetItem, pyStep, pyStr, pyThrow, pyToJs } = ops;
const { pyToJson, pyType } = ops;

/** What a proxy's traps get. @typedef {any} Target */

/** Under which targets and proxies give the handle. */
const HANDLE = Symbol('python object');

/** Of the proxies of Python's classes, their targets. @type {WeakMap<object, Target>} */
const classes = new WeakMap();

// The prototype's parts: `this` is a proxy.
/** @type {any} */
const base = {
  toString() {
    return pyStr(this[HANDLE]);
  },
  /** @param {string} key */
  toJSON(key) {
    return pyToJson(this[HANDLE], key);
  },
  /** @param {{ depth?: number }} [options] */
  toJs(options) {
    return pyToJs(this[HANDLE], options?.depth ?? -1);
  },
  [customInspect]() {
    return pyRepr(this[HANDLE]);
  },
  /** @param {string} hint */
  [Symbol.toPrimitive](hint) {
    return pyPrimitive(this[HANDLE], hint);
  },
};

// What only those have that are no data of JavaScript's.
const described = {
  get type() {
    return pyType(/** @type {any} */ (this)[HANDLE]);
  },
};

/** @type {[number, any][]} */
const abilities = [
  [
    CALLABLE,
    {
      /** @param {any[]} values */
      callKwargs(...values) {
        const named = pop(values);
        if (typeof named !== 'object' || named === null) {
          throw new TypeError('callKwargs needs an object with the keyword arguments as its last argument');
        }
        return call(this[HANDLE], values, named);
      },
    },
  ],
  [
    AWAITABLE,
    {
      /** @param {any} onFulfilled @param {any} onRejected */
      // biome-ignore lint/suspicious/noThenProperty: an awaitable is a thenable.
      then(onFulfilled, onRejected) {
        return then(promiseOf(this), onFulfilled, onRejected);
      },
      /** @param {any} onRejected */
      catch(onRejected) {
        return catchRejection(promiseOf(this), onRejected);
      },
      /** @param {any} onSettled */
      finally(onSettled) {
        const promise = promiseOf(this);
        return typeof onSettled === 'function' ? settledThen(promise, onSettled) : then(promise, onSettled, onSettled);
      },
    },
  ],
  [
    ITERABLE,
    {
      [Symbol.iterator]() {
        return iterate(pyIter(this[HANDLE]));
      },
    },
  ],
  [
    ITERATOR,
    {
      /** @param {any} value */
      next(value) {
        return pyNext(this[HANDLE], value);
      },
      /** @param {any} value */
      return(value) {
        pyCloseIterator(this[HANDLE]);
        return { done: true, value };
      },
      /** @param {any} error */
      throw(error) {
        return pyThrow(this[HANDLE], error);
      },
    },
  ],
  [
    ASYNC_ITERABLE,
    {
      [Symbol.asyncIterator]() {
        return iterateAsync(pyAsyncIter(this[HANDLE]));
      },
    },
  ],
  [
    ASYNC_ITERATOR,
    {
      /** @param {any} value */
      next(value) {
        return value === undefined ? pyAsyncNext(this[HANDLE]) : pyAsyncSend(this[HANDLE], value);
      },
      /** @param {any} value */
      return(value) {
        return closeAsync(this[HANDLE], value);
      },
      /** @param {any} error */
      throw(error) {
        return pyAsyncThrow(this[HANDLE], error);
      },
      [Symbol.asyncDispose]() {
        return pyCloseAsyncIterator(this[HANDLE]);
      },
    },
  ],
  [
    DISPOSABLE,
    {
      [Symbol.dispose]() {
        pyExit(this[HANDLE]);
      },
    },
  ],
  [
    ASYNC_DISPOSABLE,
    {
      [Symbol.asyncDispose]() {
        return pyAsyncExit(this[HANDLE]);
      },
    },
  ],
  [
    CLASS,
    {
      /** @param {any} value */
      [Symbol.hasInstance](value) {
        // A class of JavaScript's that extends this inherits the method, and has its own prototype.
        return weakMapHas(classes, this) ? pyIsInstance(this[HANDLE], value) : apply(functionHasInstance, this, [value]);
      },
    },
  ],
  [
    SIZED,
    {
      get length() {
        return pyLength(this[HANDLE]);
      },
    },
  ],
  [
    ITEMS,
    {
      /** @param {any} key */
      get(key) {
        return pyGetItem(this[HANDLE], key);
      },
    },
  ],
  [
    MUTABLE_ITEMS,
    {
      /** @param {any} key @param {any} value */
      set(key, value) {
        pySetItem(this[HANDLE], key, value);
      },
      /** @param {any} key */
      delete(key) {
        return pyDeleteItem(this[HANDLE], key);
      },
    },
  ],
  [
    CONTAINER,
    {
      /** @param {any} key */
      has(key) {
        return pyContains(this[HANDLE], key);
      },
    },
  ],
];

// Array's methods need only `length` and indices, so a sequence proxy borrows them. Taken before any program runs.
const { at, concat, entries, every, filter, find, findIndex, findLast, findLastIndex, flat, flatMap, forEach } = Array.prototype;
const { includes, indexOf, join, keys, lastIndexOf, map, reduce, reduceRight, slice: arraySlice, some, values } = Array.prototype;
const { toReversed, toSorted, with: arrayWith } = Array.prototype;
const sequence = {
  ...{ at, concat, entries, every, filter, find, findIndex, findLast, findLastIndex, flat, flatMap, forEach, includes, indexOf, join },
  ...{ keys, lastIndexOf, map, reduce, reduceRight, slice: arraySlice, some, toReversed, toSorted, values, with: arrayWith },
};
// What a set has besides, as JavaScript's own.
const sized = {
  get size() {
    return pyLength(/** @type {any} */ (this)[HANDLE]);
  },
};

// The language's own, whatever a program makes of the globals later.
const { Iterator: OwnIterator } = /** @type {any} */ (globalThis);
const { prototype: ArrayPrototype } = Array;
const { prototype: FunctionPrototype } = Function;
const { [Symbol.hasInstance]: functionHasInstance } = FunctionPrototype;
const { prototype: IteratorPrototype } = OwnIterator;
const { prototype: ObjectPrototype } = Object;
const { prototype: PromisePrototype } = Promise;

/** A descriptor in which a program's Object.prototype has no part. @param {any} value */
const fixed = (value) => ({ __proto__: null, value, writable: false, enumerable: false, configurable: false });

/** Whether this is an object of its keys. @param {number} flags */
const isRecord = (flags) => (flags & (RECORD | CALLABLE)) === RECORD;

/** Whether this is to be told from JavaScript's own Arrays and objects by nothing. @param {number} flags */
const isData = (flags) => (flags & ARRAY) !== 0 || isRecord(flags);

/** By the flags. @type {Map<number, object>} */
const prototypes = new Map();

/** Gives the prototype these methods, which a loop over names does not list. @param {object} prototype @param {any} methods */
function addHidden(prototype, methods) {
  const descriptors = getOwnPropertyDescriptors(methods);
  const names = ownKeys(descriptors);
  for (let i = 0; i < names.length; i += 1) descriptors[/** @type {string} */ (names[i])].enumerable = false;
  defineProperties(prototype, descriptors);
}

/** Packages ask by `instanceof` whether there is something to wait for. @param {number} flags */
function above(flags) {
  if (flags & CALLABLE) return FunctionPrototype;
  if (flags & ARRAY) return ArrayPrototype;
  if ((flags & (ITERATOR | AWAITABLE)) === ITERATOR && !isData(flags)) return IteratorPrototype;
  return flags & AWAITABLE && !isData(flags) ? PromisePrototype : ObjectPrototype;
}

/** @param {number} flags */
function prototypeFor(flags) {
  let prototype = mapGet(prototypes, flags);
  if (prototype === undefined) {
    prototype = /** @type {object} */ (create(above(flags)));
    addHidden(prototype, base);
    if (!isData(flags)) {
      addHidden(prototype, described);
      defineProperty(prototype, Symbol.toStringTag, fixed('PyProxy'));
    }
    for (let i = 0; i < abilities.length && !isRecord(flags); i += 1) {
      if (flags & abilities[i][0]) addHidden(prototype, abilities[i][1]);
    }
    if (flags & SEQUENCE) addHidden(prototype, sequence);
    if ((flags & (SIZED | CONTAINER | ITEMS)) === (SIZED | CONTAINER)) addHidden(prototype, sized);
    mapSet(prototypes, flags, prototype);
  }
  return prototype;
}

/** Where a handle keeps the promise of what it is awaited for; a symbol, which no program puts into Object.prototype. */
const PROMISE = Symbol('promise');

/** A coroutine can be awaited once; every `then` of its proxy shares the promise of that one run, which the handle keeps. @param {any} proxy */
function promiseOf(proxy) {
  const handle = proxy[HANDLE];
  if (handle[PROMISE] === undefined) handle[PROMISE] = pyAwait(handle);
  return handle[PROMISE];
}

/** As `finally`, which would look `then` up where a program may have put its own. @param {Promise<any>} promise @param {() => any} onSettled */
async function settledThen(promise, onSettled) {
  let value;
  try {
    value = await promise;
  } catch (reason) {
    await onSettled();
    throw reason;
  }
  await onSettled();
  return value;
}

/** @param {any} iterator */
function iterate(iterator) {
  const handle = iterator[HANDLE];
  return {
    /** @param {any} sent by `yield*` */
    next(sent) {
      if (sent !== undefined) return pyNext(handle, sent);
      // No Python value is null in JavaScript: it means the end.
      const value = pyStep(handle);
      return value === null ? { done: true, value: pyReturned(handle) } : { done: false, value };
    },
    /** @param {any} value */
    return(value) {
      pyCloseIterator(handle);
      return { done: true, value };
    },
    /** @param {any} error */
    throw(error) {
      return pyThrow(handle, error);
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}

/** @param {PythonHandle} handle @param {any} value */
async function closeAsync(handle, value) {
  await pyCloseAsyncIterator(handle);
  return { done: true, value };
}

/** @param {any} iterator */
function iterateAsync(iterator) {
  const handle = iterator[HANDLE];
  return {
    /** @param {any} sent by `yield*` */
    next(sent) {
      return sent === undefined ? pyAsyncNext(handle) : pyAsyncSend(handle, sent);
    },
    /** @param {any} value */
    return(value) {
      return closeAsync(handle, value);
    },
    /** @param {any} error */
    throw(error) {
      return pyAsyncThrow(handle, error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * Calls a Python object. Values are passed as arguments, which costs less than to have an array read again.
 * @param {PythonHandle} handle @param {any[]} values @param {object} [named]
 */
function call(handle, values, named = undefined) {
  if (values.length === 0) return pyCall(handle, named);
  if (values.length === 1) return pyCall(handle, named, values[0]);
  if (values.length === 2) return pyCall(handle, named, values[0], values[1]);
  const all = [handle, named];
  for (let i = 0; i < values.length; i += 1) all[i + 2] = values[i];
  return apply(pyCall, undefined, all);
}

/** @param {string} key */
const pythonName = (key) => (key.length > 1 && key[0] === '$' ? slice(key, 1) : key);

/** @param {any} value */
const plain = (value) => ({ __proto__: null, value, writable: true, enumerable: true, configurable: true });

module.exports = { HANDLE, call, classes, isData, isRecord, plain, prototypeFor, pythonName };
