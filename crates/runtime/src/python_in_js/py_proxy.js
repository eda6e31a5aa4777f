// A Python object as JavaScript sees it.
//
// A PyProxy is an ES Proxy over a target that carries an opaque handle, which owns the Python object. Its prototype is
// composed from what the Python type can do (call, await, iterate, items ...), so `typeof`, `in` and spreading tell the
// truth. JavaScript's own names win over Python attributes; `$name` forces Python's. Runs on the loop thread with the
// GIL held; every operation on the Python object is one native call.
//
// Packages ask what a value is before they look into it (`Array.isArray`, "a plain object", a `length`, an iterator), so a list or
// tuple is an Array, of which Array's own methods do their work through the traps, and a dict is an object of its keys whose prototype
// is Object's: it has no methods of its own, as `schema.items` and `options.length` are to be undefined where there is no such key.
'use strict';

const { WeakMap, Map, apply, catchRejection, charCodeAt, create, customInspect } = require('builtins/primordials');
const { defineProperties, defineProperty, getOwnPropertyDescriptor, getOwnPropertyDescriptors } = require('builtins/primordials');
const { getPrototypeOf, hasInstance, hasOwn, reflectDefine, reflectDelete, reflectSet, weakMapHas } = require('builtins/primordials');
const { bind, mapGet, mapSet, ownKeys, pop, reflectGet, setAdd, setForEach } = require('builtins/primordials');
const { setOf, slice, then, weakMapGet, weakMapSet } = require('builtins/primordials');
// What a Python type can do: `abilities.rs`.
const { CALLABLE, AWAITABLE, ITERABLE, ITERATOR, ASYNC_ITERABLE, SIZED, ITEMS, MUTABLE_ITEMS, CONTAINER } = ops.abilities;
const { SEQUENCE, RECORD, ARRAY, SUBCLASS, ASYNC_ITERATOR, DISPOSABLE, ASYNC_DISPOSABLE, CLASS, DERIVED } = ops.abilities;
const { pyAsyncExit, pyAsyncSend, pyAsyncThrow, pyDerive, pyDerivedFrom, pyExit, pyInstanceFlags, pyIsInstance, pyKeepProxy } = ops;
const { pyAsyncIter, pyAsyncNext, pyAwait, pyCall, pyCloseAsyncIterator, pyCloseIterator, pyContains, pyDeleteAttribute } = ops;
const { pyCut, pyDeleteItem, pyExtra, pyGetAttribute, pyGetItem, pyHasAttribute, pyHasOwn, pyIndex, pyItem, pyIter, pyKeys } = ops;
const {
  pyLength,
  pyMake,
  pyNames,
  pyNext,
  pyPut,
  pyPrimitive,
  pyRepr,
  pyReturned,
  pySetAttribute,
  pySetItem,
  pySetSuper,
  pyStep,
  pyStr,
  pySuper,
  pyThrow,
  pyToJs,
  pyToJson,
  pyType,
} = ops;

/** What a proxy's traps get. @typedef {any} Target */

const HANDLE = Symbol('python object');
// Set on a proxy whose object gave itself when it was awaited.
const GIVEN = Symbol('given');

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
const { Iterator: OwnIterator, Proxy: OwnProxy } = /** @type {any} */ (globalThis);
const { String: OwnString } = globalThis;
const { prototype: ArrayPrototype } = Array;
const { prototype: FunctionPrototype } = Function;
const { [Symbol.hasInstance]: functionHasInstance } = FunctionPrototype;
const { prototype: IteratorPrototype } = OwnIterator;
const { constructor: AsyncFunction } = /** @type {any} */ (getPrototypeOf(async () => {}));
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

/** @type {WeakMap<object, Promise<any>>} */
const promises = new WeakMap();

/** A coroutine can be awaited once; every `then` of its proxy shares the promise of that one run. @param {any} proxy */
function promiseOf(proxy) {
  let promise = weakMapGet(promises, proxy);
  if (promise === undefined) {
    promise = pyAwait(proxy[HANDLE]);
    weakMapSet(promises, proxy, promise);
  }
  return promise;
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

/** Whether the key is an index as Arrays have it. @param {string} key */
function isIndex(key) {
  const { length } = key;
  if (length === 0 || length > 16 || (length > 1 && charCodeAt(key, 0) === 48)) return false;
  for (let i = 0; i < length; i += 1) {
    const unit = charCodeAt(key, i);
    if (unit < 48 || unit > 57) return false;
  }
  return true;
}

/** @param {string} key */
const pythonName = (key) => (key.length > 1 && key[0] === '$' ? slice(key, 1) : key);

/** Names of JavaScript that yield to an attribute, because they are no methods that a program calls. @param {Target} target @param {string} key */
function yields(target, key) {
  return key === 'type' || key === 'name' || key === 'caller' || key === 'arguments' || (key === 'length' && !(target.flags & SIZED));
}

/** Whether the prototype answers for this name although Python may have an attribute of it. @param {Target} target @param {string} key */
function isTaken(target, key) {
  return key in target.prototypeObject && !yields(target, key);
}

/** @param {Target} target @param {string} key */
function yielded(target, key) {
  const value = pyGetAttribute(target[HANDLE], key);
  if (value !== undefined || !(key in target.prototypeObject)) return value;
  if (key === 'type') return pyType(target[HANDLE]);
  return key === 'name' ? (pyGetAttribute(target[HANDLE], '__name__') ?? '') : undefined;
}

/** What a dict has that is no item of it. @param {Target} target @param {string} key @param {any} receiver */
function recordAttribute(target, key, receiver) {
  if (key in target.prototypeObject) return reflectGet(target.prototypeObject, key, receiver);
  if (key.length > 1 && key[0] === '$') return pyGetAttribute(target[HANDLE], slice(key, 1));
  return target.flags & SUBCLASS ? pyExtra(target[HANDLE], key) : undefined;
}

/** An Array gives up its last element, as Array's own methods ask it to, and has no holes. @param {Target} target @param {number} index */
function deleteElement(target, index) {
  const length = pyLength(target[HANDLE]);
  if (index < length - 1) return false;
  if (index < length) pyCut(target[HANDLE], index);
  return true;
}

/** @param {Target} target */
const lengthOf = (target) => ({ __proto__: null, value: pyLength(target[HANDLE]), writable: true, enumerable: false, configurable: false });

/** @param {any} value */
const plain = (value) => ({ __proto__: null, value, writable: true, enumerable: true, configurable: true });

/** @param {Target} target @param {string} key @param {any} value */
function setProperty(target, key, value) {
  if (target.flags & RECORD) pySetItem(target[HANDLE], key, value);
  else if (target.flags & ARRAY && isIndex(key)) pyPut(target[HANDLE], +key, value);
  else if (target.flags & ARRAY && key === 'length') pyCut(target[HANDLE], value);
  else if (target.flags & SEQUENCE && isIndex(key)) pySetItem(target[HANDLE], +key, value);
  else pySetAttribute(target[HANDLE], pythonName(key), value);
  return true;
}

/** Of the proxies of Python's classes, their targets. @type {WeakMap<object, Target>} */
const classes = new WeakMap();

/** What `prototypeOfClass` made. @type {WeakMap<object, boolean>} */
const classPrototypes = new WeakMap();

/** Of JavaScript's classes that extend one of Python's, the proxy of the class that Python has for it. @type {WeakMap<object, any>} */
const derivations = new WeakMap();

/** Python's class for one of JavaScript's; undefined if that extends none. @param {any} jsClass @returns {any} */
function derivedOf(jsClass) {
  const known = weakMapGet(derivations, jsClass);
  if (known !== undefined) return known;
  const parent = getPrototypeOf(jsClass);
  if (typeof parent !== 'function') return undefined;
  const base = weakMapHas(classes, parent) ? parent : derivedOf(parent);
  if (base === undefined) return undefined;
  /** @type {any[]} */
  const members = [];
  addMembers(members, jsClass, 'static');
  addMembers(members, jsClass.prototype, 'method');
  const derived = pyDerive(base[HANDLE], jsClass, members);
  weakMapSet(derivations, jsClass, derived);
  return derived;
}

/** What a class that extends one of Python's has between `prototype` and Python's. @param {any} prototype @param {string} key */
function accessorOf(prototype, key) {
  for (let owner = prototype; owner !== null && !weakMapHas(classPrototypes, owner); owner = getPrototypeOf(owner)) {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    if (descriptor !== undefined) return descriptor.get === undefined && descriptor.set === undefined ? undefined : descriptor;
  }
  return undefined;
}

/** @param {any} value @param {string} kind */
function kindOfMember(value, kind) {
  if (kind === 'static') return kind;
  if (typeof value !== 'function') return 'value';
  return hasInstance(AsyncFunction, value) ? 'async method' : 'method';
}

/** @param {any[]} members @param {any} owner @param {string} kind */
function addMembers(members, owner, kind) {
  const names = ownKeys(owner);
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i];
    if (typeof name === 'symbol' || name === 'constructor') continue;
    if (kind === 'static' && (name === 'length' || name === 'name' || name === 'prototype')) continue;
    const { value, get, set } = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(owner, name));
    if (get === undefined && set === undefined) members[members.length] = [name, kindOfMember(value, kind), value, undefined];
    else if (kind === 'method') members[members.length] = [name, 'accessor', get, set];
  }
}

/**
 * What classes that extend one of Python's have above them: what `super` reads is Python's, and what `in` finds is the rest, so
 * that attributes are asked of the object itself. @param {Target} target
 */
function prototypeOfClass(target) {
  if (target.classPrototype !== undefined) return target.classPrototype;
  target.classPrototype = new OwnProxy(prototypeFor(pyInstanceFlags(target[HANDLE])), {
    __proto__: null,
    /** @param {any} base @param {string | symbol} key @param {any} receiver */
    get(base, key, receiver) {
      if (typeof key === 'symbol' || key in base) return reflectGet(base, key, receiver);
      const handle = target[HANDLE];
      return receiver === target.classPrototype ? pyGetAttribute(handle, pythonName(key)) : pySuper(handle, receiver, pythonName(key));
    },
    /** @param {any} base @param {string | symbol} key @param {any} value @param {any} receiver */
    set(base, key, value, receiver) {
      if (typeof key === 'symbol' || key in base) return reflectSet(base, key, value, receiver);
      if (!hasOwn(receiver, HANDLE)) return reflectDefine(receiver, key, plain(value));
      pySetSuper(target[HANDLE], receiver, pythonName(key), value);
      return true;
    },
  });
  weakMapSet(classPrototypes, target.classPrototype, true);
  return target.classPrototype;
}

/** What a callable has as `prototype`: `class D extends f` reads it, and with null `construct` can say what `f` is. @param {Target} target */
function prototypeOf(target) {
  return target.flags & CLASS ? prototypeOfClass(target) : (pyGetAttribute(target[HANDLE], 'prototype') ?? null);
}

/** Whether this stands among what the class extends. @param {object} parent @param {any} jsClass */
function isAbove(parent, jsClass) {
  let above = getPrototypeOf(jsClass);
  while (above !== null && above !== parent) above = getPrototypeOf(above);
  return above !== null;
}

/**
 * Whether properties under symbols have a place: an object of a class that extends one of Python's keeps its proxy, whose target has
 * them; Python has no such names. @param {Target} target
 */
const keepsSymbols = (target) => (target.flags & DERIVED) !== 0;

/** What a program has put there under a symbol. @param {Target} target @param {string | symbol} key */
function ownSymbol(target, key) {
  if (!keepsSymbols(target) || typeof key !== 'symbol' || key === HANDLE) return undefined;
  const descriptor = getOwnPropertyDescriptor(target, key);
  return descriptor?.value === inspectTarget ? undefined : descriptor;
}

/** Where what stands under a symbol is found. @param {Target} target @param {symbol} key */
const symbolHolder = (target, key) => (ownSymbol(target, key) === undefined ? target.prototypeObject : target);

/** @type {ProxyHandler<any>} */
const handler = {
  get(target, key, receiver) {
    // Only the prototype's own methods know the symbol.
    if (key === HANDLE) return target[HANDLE];
    if (typeof key === 'symbol') return reflectGet(symbolHolder(target, key), key, receiver);
    if (key === 'prototype' && target.flags & CALLABLE) return prototypeOf(target);
    if (target.flags & RECORD) {
      const item = pyItem(target[HANDLE], key);
      if (item !== null) return item;
      if (isRecord(target.flags)) return recordAttribute(target, key, receiver);
    }
    if (yields(target, key)) return yielded(target, key);
    // A method of the class itself, read of a class that extends it.
    if (target.flags & CLASS && typeof receiver === 'function' && weakMapGet(classes, receiver) !== target) {
      const derived = pyHasAttribute(target[HANDLE], pythonName(key)) ? derivedOf(receiver) : undefined;
      if (derived !== undefined) return derived[key];
    }
    if (key in target.prototypeObject) return reflectGet(target.prototypeObject, key, receiver);
    if (target.flags & SEQUENCE && isIndex(key)) return pyIndex(target[HANDLE], +key);
    return pyGetAttribute(target[HANDLE], pythonName(key));
  },
  set(target, key, value, receiver) {
    if (key === GIVEN) {
      target.prototypeObject = prototypeFor(target.flags & ~AWAITABLE);
      return true;
    }
    // What inherits from a proxy, as a class that extends one of Python's does, has properties of its own.
    if (receiver !== target.proxy) return reflectDefine(receiver, key, plain(value));
    if (typeof key === 'symbol') return keepsSymbols(target) && reflectSet(symbolHolder(target, key), key, value, receiver);
    // A class that extends one of Python's may have a setter.
    const accessor = target.flags & DERIVED ? accessorOf(target.prototypeObject, key) : undefined;
    if (accessor === undefined) return setProperty(target, key, value);
    if (accessor.set !== undefined) apply(accessor.set, receiver, [value]);
    return accessor.set !== undefined;
  },
  has(target, key) {
    if (typeof key === 'symbol') return key in symbolHolder(target, key);
    if (key in target.prototypeObject) return true;
    if (target.flags & RECORD && pyContains(target[HANDLE], key)) return true;
    if (isRecord(target.flags)) return (target.flags & SUBCLASS) !== 0 && pyExtra(target[HANDLE], key) !== undefined;
    if (target.flags & SEQUENCE && isIndex(key)) return +key < pyLength(target[HANDLE]);
    return pyHasAttribute(target[HANDLE], pythonName(key));
  },
  deleteProperty(target, key) {
    if (typeof key === 'symbol') return ownSymbol(target, key) === undefined || reflectDelete(target, key);
    if (target.flags & RECORD) pyDeleteItem(target[HANDLE], key);
    else if (target.flags & ARRAY && isIndex(key)) return deleteElement(target, +key);
    else pyDeleteAttribute(target[HANDLE], pythonName(key));
    return true;
  },
  ownKeys(target) {
    // What the target cannot give up must be listed: the invariants of a Proxy.
    const own = ownKeys(target);
    const listed = setOf(/** @type {PropertyKey[]} */ ([]));
    if (target.flags & ARRAY) {
      const length = pyLength(target[HANDLE]);
      for (let i = 0; i < length; i += 1) setAdd(listed, OwnString(i));
    }
    for (let i = 0; i < own.length; i += 1) {
      const isFixed = !(/** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(target, own[i])).configurable);
      if (isFixed || ownSymbol(target, own[i]) !== undefined) setAdd(listed, own[i]);
    }
    if (target.flags & RECORD) {
      const names = pyKeys(target[HANDLE]);
      for (let i = 0; i < names.length; i += 1) setAdd(listed, names[i]);
    } else {
      // An attribute that a method of JavaScript hides is none of its properties.
      const names = pyNames(target[HANDLE]);
      for (let i = 0; i < names.length; i += 1) if (!isTaken(target, names[i])) setAdd(listed, names[i]);
    }
    /** @type {(string | symbol)[]} */
    const list = [];
    setForEach(listed, (name) => {
      list[list.length] = /** @type {string | symbol} */ (name);
    });
    return list;
  },
  getOwnPropertyDescriptor(target, key) {
    // By which a proxy is told from what inherits from it.
    if (key === HANDLE) return plain(target[HANDLE]);
    const own = getOwnPropertyDescriptor(target, key);
    if (own && !own.configurable) {
      // The target of an Array has a length too, which must be seen and need not be told.
      return target.flags & ARRAY && key === 'length' ? lengthOf(target) : own;
    }
    if (typeof key === 'symbol') return ownSymbol(target, key);
    if (target.flags & ARRAY && isIndex(key)) {
      const index = +key;
      return index < pyLength(target[HANDLE]) ? plain(pyIndex(target[HANDLE], index)) : undefined;
    }
    if (target.flags & RECORD) {
      const item = pyItem(target[HANDLE], key);
      return item === null ? undefined : plain(item);
    }
    if (isTaken(target, key) || !pyHasOwn(target[HANDLE], pythonName(key))) return undefined;
    return plain(pyGetAttribute(target[HANDLE], pythonName(key)));
  },
  getPrototypeOf(target) {
    if (!isData(target.flags) || target.flags & DERIVED) return target.prototypeObject;
    return target.flags & ARRAY ? ArrayPrototype : ObjectPrototype;
  },
  apply(target, _receiver, values) {
    return call(target[HANDLE], values);
  },
  construct(target, values, newTarget) {
    if (!(target.flags & CLASS) && newTarget !== target.proxy && isAbove(target.proxy, newTarget)) {
      throw new TypeError(`Python's ${pyRepr(target[HANDLE])} is no class: JavaScript's ${newTarget.name || 'class'} cannot extend it`);
    }
    const derived = weakMapGet(classes, newTarget) === target ? undefined : derivedOf(newTarget);
    const made = derived === undefined ? call(target[HANDLE], values) : pyMake(derived[HANDLE], values);
    if (typeof made !== 'object' && typeof made !== 'function') {
      throw new TypeError('new on a Python callable must return a Python object; call it without new');
    }
    if (derived !== undefined) pyKeepProxy(made[HANDLE], { made });
    return made;
  },
  defineProperty(target, key, descriptor) {
    if (typeof key === 'symbol') return keepsSymbols(target) && reflectDefine(target, key, descriptor);
    // A field of a class that extends one of Python's, or what a package sets so.
    const { value, writable = true, enumerable = true, configurable = true, get, set } = descriptor;
    return writable && enumerable && configurable && !get && !set && setProperty(target, key, value);
  },
  preventExtensions() {
    return false;
  },
  setPrototypeOf() {
    return false;
  },
};

/** What a program that inspects a target sees: `this` is one. @this {Target} */
function inspectTarget() {
  return pyRepr(this[HANDLE]);
}

/** What targets inherit from that are handles themselves: an inspector that looks through a Proxy meets one. */
const inspectable = {
  __proto__: ObjectPrototype,
  [customInspect]: inspectTarget,
  /** @returns {any} */
  get [HANDLE]() {
    return this;
  },
};

/** Whether the target is no handle: only a function can be called, and only an Array passes for one. @param {number} flags */
const needsTarget = (flags) => (flags & (CALLABLE | ARRAY | DERIVED)) !== 0;

/** What the handles of such objects share, if they are the targets of their proxies; else undefined. @param {number} flags */
function kindOf(flags) {
  if (needsTarget(flags)) return undefined;
  return { __proto__: inspectable, flags, prototypeObject: prototypeFor(flags) };
}

// biome-ignore lint/complexity/useArrowFunction: `new` works on it too.
const callable = function () {};

/** @param {any} handle @param {number} flags */
function wrap(handle, flags) {
  const target = needsTarget(flags) ? targetWith(handle, flags) : handle;
  const proxy = new OwnProxy(target, handler);
  target.proxy = proxy;
  if (flags & CLASS) weakMapSet(classes, proxy, target);
  return proxy;
}

/** A target that carries the handle. @param {PythonHandle} handle @param {number} flags */
function targetWith(handle, flags) {
  // A bound function has no `prototype` property to trip the invariants.
  /** @type {Target} */
  const target = flags & CALLABLE ? bind(callable, undefined) : flags & ARRAY ? [] : create(ObjectPrototype);
  target[HANDLE] = handle;
  target[customInspect] = inspectTarget;
  target.flags = flags;
  target.prototypeObject = flags & DERIVED ? pyDerivedFrom(handle).prototype : prototypeFor(flags);
  return target;
}

module.exports = {
  handler,
  HANDLE,
  kindOf,
  wrap,
  /** The proxy of the class that Python has for one of JavaScript's; undefined if that extends none. @param {any} jsClass */
  derivedOf,
  /** What gave itself is there, and no thenable any more: a promise of it would wait for itself. @param {any} proxy */
  given(proxy) {
    proxy[GIVEN] = true;
  },
};
