// A Python object as JavaScript sees it.
//
// A PyProxy is an ES Proxy over a target that carries an opaque handle, which owns the Python object. Its prototype is
// composed from what the Python type can do (call, await, iterate, items ...), so `typeof`, `in` and spreading tell the
// truth. JavaScript's own names win over Python attributes; `$name` forces Python's. Runs on the loop thread with the
// GIL held; every operation on the Python object is one native call.
'use strict';

// What a Python type can do: `abilities.rs`.
const { CALLABLE, AWAITABLE, ITERABLE, ITERATOR, ASYNC_ITERABLE, SIZED, ITEMS, MUTABLE_ITEMS, CONTAINER, SEQUENCE, RECORD } = ops.abilities;

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const HANDLE = Symbol('python object');

// One proxy per Python object while anybody holds it: a round trip keeps identity (`===`).
const proxies = new Map();

const base = {
  toString() {
    return ops.pyStr(this[HANDLE]);
  },
  toJSON() {
    return ops.pyToJs(this[HANDLE], -1);
  },
  toJs(options) {
    return ops.pyToJs(this[HANDLE], options?.depth ?? -1);
  },
  get type() {
    return ops.pyType(this[HANDLE]);
  },
  [INSPECT]() {
    return ops.pyRepr(this[HANDLE]);
  },
  [Symbol.toPrimitive](hint) {
    return ops.pyPrimitive(this[HANDLE], hint);
  },
  [Symbol.dispose]() {},
};

const abilities = [
  [
    CALLABLE,
    {
      callKwargs(...values) {
        const named = values.pop();
        if (typeof named !== 'object' || named === null) {
          throw new TypeError('callKwargs needs an object with the keyword arguments as its last argument');
        }
        return ops.pyCall(this[HANDLE], values, named);
      },
    },
  ],
  [
    AWAITABLE,
    {
      // biome-ignore lint/suspicious/noThenProperty: an awaitable is a thenable.
      then(onFulfilled, onRejected) {
        return promiseOf(this).then(onFulfilled, onRejected);
      },
      catch(onRejected) {
        return promiseOf(this).catch(onRejected);
      },
      finally(onSettled) {
        return promiseOf(this).finally(onSettled);
      },
    },
  ],
  [
    ITERABLE,
    {
      [Symbol.iterator]() {
        return iterate(ops.pyIter(this[HANDLE]));
      },
    },
  ],
  [
    ITERATOR,
    {
      next(value) {
        return ops.pyNext(this[HANDLE], value);
      },
    },
  ],
  [
    ASYNC_ITERABLE,
    {
      [Symbol.asyncIterator]() {
        return iterateAsync(ops.pyAsyncIter(this[HANDLE]));
      },
    },
  ],
  [
    SIZED,
    {
      get length() {
        return ops.pyLength(this[HANDLE]);
      },
    },
  ],
  [
    ITEMS,
    {
      get(key) {
        return ops.pyGetItem(this[HANDLE], key);
      },
    },
  ],
  [
    MUTABLE_ITEMS,
    {
      set(key, value) {
        ops.pySetItem(this[HANDLE], key, value);
      },
      delete(key) {
        return ops.pyDeleteItem(this[HANDLE], key);
      },
    },
  ],
  [
    CONTAINER,
    {
      has(key) {
        return ops.pyContains(this[HANDLE], key);
      },
    },
  ],
];

// Array's methods need only `length` and indices, so a sequence proxy borrows them.
const borrowed = [
  'at',
  'concat',
  'entries',
  'every',
  'filter',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'flat',
  'flatMap',
  'forEach',
  'includes',
  'indexOf',
  'join',
  'keys',
  'lastIndexOf',
  'map',
  'reduce',
  'reduceRight',
  'slice',
  'some',
  'toReversed',
  'toSorted',
  'values',
  'with',
];
const sequence = Object.fromEntries(borrowed.map((name) => [name, Array.prototype[name]]));

const prototypes = new Map();

function prototypeFor(flags) {
  let prototype = prototypes.get(flags);
  if (prototype === undefined) {
    prototype = Object.create(flags & CALLABLE ? Function.prototype : Object.prototype);
    const parts = [base, ...abilities.filter(([flag]) => flags & flag).map(([, part]) => part)];
    if (flags & SEQUENCE) parts.push(sequence);
    for (const part of parts) Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(part));
    Object.defineProperty(prototype, Symbol.toStringTag, { value: 'PyProxy' });
    prototypes.set(flags, prototype);
  }
  return prototype;
}

const promises = new WeakMap();

// A coroutine can be awaited once; every `then` of its proxy shares the promise of that one run.
function promiseOf(proxy) {
  let promise = promises.get(proxy);
  if (promise === undefined) {
    promise = ops.pyAwait(proxy[HANDLE]);
    promises.set(proxy, promise);
  }
  return promise;
}

function iterate(iterator) {
  const handle = iterator[HANDLE];
  const { pyStep, pyReturned } = ops;
  return {
    next() {
      // No Python value is null in JavaScript: it means the end.
      const value = pyStep(handle);
      return value === null ? { done: true, value: pyReturned(handle) } : { done: false, value };
    },
    return(value) {
      ops.pyCloseIterator(handle);
      return { done: true, value };
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}

function iterateAsync(iterator) {
  return {
    next() {
      return ops.pyAsyncNext(iterator[HANDLE]);
    },
    async return(value) {
      await ops.pyCloseAsyncIterator(iterator[HANDLE]);
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const isIndex = (key) => /^(?:0|[1-9]\d*)$/.test(key);
const pythonName = (key) => (key.length > 1 && key[0] === '$' ? key.slice(1) : key);

// Names of JavaScript that yield to an attribute, because they are no methods that a program calls.
function yields(target, key) {
  return key === 'type' || key === 'name' || key === 'caller' || key === 'arguments' || (key === 'length' && !(target.flags & SIZED));
}

// Whether the prototype answers for this name although Python may have an attribute of it.
function isTaken(target, key) {
  return key in target.prototypeObject && !yields(target, key);
}

function yielded(target, key) {
  const value = ops.pyGetAttribute(target[HANDLE], key);
  if (value !== undefined || !(key in target.prototypeObject)) return value;
  if (key === 'type') return ops.pyType(target[HANDLE]);
  return key === 'name' ? (ops.pyGetAttribute(target[HANDLE], '__name__') ?? '') : undefined;
}

const handler = {
  get(target, key, receiver) {
    // Only the prototype's own methods know the symbol.
    if (key === HANDLE) return target[HANDLE];
    if (typeof key === 'symbol') return Reflect.get(target.prototypeObject, key, receiver);
    if (target.flags & RECORD) {
      const item = ops.pyItem(target[HANDLE], key);
      if (item !== null) return item;
    }
    if (yields(target, key)) return yielded(target, key);
    if (key in target.prototypeObject) return Reflect.get(target.prototypeObject, key, receiver);
    if (target.flags & SEQUENCE && isIndex(key)) return ops.pyIndex(target[HANDLE], Number(key));
    return ops.pyGetAttribute(target[HANDLE], pythonName(key));
  },
  set(target, key, value) {
    if (typeof key === 'symbol') return false;
    if (target.flags & RECORD) ops.pySetItem(target[HANDLE], key, value);
    else if (target.flags & SEQUENCE && isIndex(key)) ops.pySetItem(target[HANDLE], Number(key), value);
    else ops.pySetAttribute(target[HANDLE], pythonName(key), value);
    return true;
  },
  has(target, key) {
    if (typeof key === 'symbol' || key in target.prototypeObject) return key in target.prototypeObject;
    if (target.flags & RECORD && ops.pyContains(target[HANDLE], key)) return true;
    if (target.flags & SEQUENCE && isIndex(key)) return Number(key) < ops.pyLength(target[HANDLE]);
    return ops.pyHasAttribute(target[HANDLE], pythonName(key));
  },
  deleteProperty(target, key) {
    if (typeof key === 'symbol') return false;
    if (target.flags & RECORD) ops.pyDeleteItem(target[HANDLE], key);
    else ops.pyDeleteAttribute(target[HANDLE], pythonName(key));
    return true;
  },
  ownKeys(target) {
    // What the target cannot give up must be listed: the invariants of a Proxy.
    const own = Reflect.ownKeys(target).filter((key) => !Object.getOwnPropertyDescriptor(target, key).configurable);
    if (target.flags & RECORD) return [...new Set([...own, ...ops.pyKeys(target[HANDLE])])];
    // An attribute that a method of JavaScript hides is none of its properties.
    const names = ops.pyNames(target[HANDLE]).filter((name) => !isTaken(target, name));
    return [...new Set([...own, ...names])];
  },
  getOwnPropertyDescriptor(target, key) {
    const fixed = Reflect.getOwnPropertyDescriptor(target, key);
    if (fixed && !fixed.configurable) return fixed;
    if (typeof key === 'symbol') return undefined;
    if (target.flags & RECORD) {
      const item = ops.pyItem(target[HANDLE], key);
      return item === null ? undefined : { value: item, writable: true, enumerable: true, configurable: true };
    }
    if (isTaken(target, key) || !ops.pyHasAttribute(target[HANDLE], pythonName(key))) return undefined;
    const value = ops.pyGetAttribute(target[HANDLE], pythonName(key));
    return { value, writable: true, enumerable: true, configurable: true };
  },
  getPrototypeOf(target) {
    return target.prototypeObject;
  },
  apply(target, _receiver, values) {
    return ops.pyCall(target[HANDLE], values);
  },
  construct(target, values) {
    const made = ops.pyCall(target[HANDLE], values);
    if (typeof made !== 'object' && typeof made !== 'function') {
      throw new TypeError('new on a Python callable must return a Python object; call it without new');
    }
    return made;
  },
  defineProperty() {
    return false;
  },
  preventExtensions() {
    return false;
  },
  setPrototypeOf() {
    return false;
  },
};

function wrap(id, handle, flags) {
  // Only a function target can be called. A bound function has no `prototype` property to trip the invariants.
  // biome-ignore lint/complexity/useArrowFunction: `new` works on it too.
  const target = flags & CALLABLE ? function () {}.bind() : {};
  for (const key of Reflect.ownKeys(target)) delete target[key];
  target[HANDLE] = handle;
  target.flags = flags;
  // An inspector that looks through a Proxy meets the target.
  target[INSPECT] = () => ops.pyRepr(handle);
  target.prototypeObject = prototypeFor(flags);
  const proxy = new Proxy(target, handler);
  proxies.set(id, new WeakRef(proxy));
  return proxy;
}

module.exports = {
  handler,
  HANDLE,
  wrap,
  // The proxy made for this number before, if it is still alive.
  known(id) {
    return proxies.get(id)?.deref();
  },
  forget(id) {
    if (proxies.get(id)?.deref() === undefined) proxies.delete(id);
  },
};
