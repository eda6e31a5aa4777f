// The JavaScript half of the bridge: what a Python object looks like from JavaScript.
//
// A PyProxy is an ES Proxy over a target that carries an opaque handle, which owns the Python object. Its prototype is
// composed from what the Python type can do (call, await, iterate, items ...), so `typeof`, `in` and spreading tell the
// truth. JavaScript's own names win over Python attributes; `$name` forces Python's. Runs on the loop thread with the
// GIL held; every operation on the Python object is one native call.
(function (native) {
  'use strict';

  // What a Python type can do; the same numbers stand in `abilities.rs`.
  const CALLABLE = 1;
  const AWAITABLE = 2;
  const ITERABLE = 4;
  const ITERATOR = 8;
  const ASYNC_ITERABLE = 16;
  const SIZED = 32;
  const ITEMS = 64;
  const MUTABLE_ITEMS = 128;
  const CONTAINER = 256;
  const SEQUENCE = 512;

  const INSPECT = Symbol.for('nodejs.util.inspect.custom');
  const HANDLE = Symbol('python object');

  // One proxy per Python object while anybody holds it: a round trip keeps identity (`===`).
  const proxies = new Map();

  const base = {
    toString() { return native.pyStr(this[HANDLE]); },
    toJSON() { return native.pyToJs(this[HANDLE], -1); },
    toJs(options) { return native.pyToJs(this[HANDLE], options?.depth ?? -1); },
    get type() { return native.pyType(this[HANDLE]); },
    [INSPECT]() { return native.pyRepr(this[HANDLE]); },
    [Symbol.toPrimitive](hint) { return native.pyPrimitive(this[HANDLE], hint); },
    [Symbol.dispose]() {},
  };

  const abilities = [
    [CALLABLE, {
      callKwargs(...values) {
        const named = values.pop();
        if (typeof named !== 'object' || named === null) {
          throw new TypeError('callKwargs needs an object with the keyword arguments as its last argument');
        }
        return native.pyCall(this[HANDLE], values, named);
      },
    }],
    [AWAITABLE, {
      then(onFulfilled, onRejected) { return promiseOf(this).then(onFulfilled, onRejected); },
      catch(onRejected) { return promiseOf(this).catch(onRejected); },
      finally(onSettled) { return promiseOf(this).finally(onSettled); },
    }],
    [ITERABLE, { [Symbol.iterator]() { return iterate(native.pyIter(this[HANDLE])); } }],
    [ITERATOR, { next(value) { return native.pyNext(this[HANDLE], value); } }],
    [ASYNC_ITERABLE, { [Symbol.asyncIterator]() { return iterateAsync(native.pyAsyncIter(this[HANDLE])); } }],
    [SIZED, { get length() { return native.pyLength(this[HANDLE]); } }],
    [ITEMS, { get(key) { return native.pyGetItem(this[HANDLE], key); } }],
    [MUTABLE_ITEMS, {
      set(key, value) { native.pySetItem(this[HANDLE], key, value); },
      delete(key) { return native.pyDeleteItem(this[HANDLE], key); },
    }],
    [CONTAINER, { has(key) { return native.pyContains(this[HANDLE], key); } }],
  ];

  // Array's methods need only `length` and indices, so a sequence proxy borrows them.
  const borrowed = ['at', 'concat', 'entries', 'every', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flat',
    'flatMap', 'forEach', 'includes', 'indexOf', 'join', 'keys', 'lastIndexOf', 'map', 'reduce', 'reduceRight', 'slice',
    'some', 'toReversed', 'toSorted', 'values', 'with'];
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
      promise = native.pyAwait(proxy[HANDLE]);
      promises.set(proxy, promise);
    }
    return promise;
  }

  function iterate(iterator) {
    return {
      next() { return native.pyNext(iterator[HANDLE]); },
      return(value) { native.pyCloseIterator(iterator[HANDLE]); return { done: true, value }; },
      [Symbol.iterator]() { return this; },
    };
  }

  function iterateAsync(iterator) {
    return {
      next() { return native.pyAsyncNext(iterator[HANDLE]); },
      async return(value) { await native.pyCloseAsyncIterator(iterator[HANDLE]); return { done: true, value }; },
      [Symbol.asyncIterator]() { return this; },
    };
  }

  const isIndex = (key) => /^(?:0|[1-9]\d*)$/.test(key);
  const pythonName = (key) => (key.length > 1 && key[0] === '$' ? key.slice(1) : key);

  const handler = {
    get(target, key, receiver) {
      if (key === HANDLE) return target[HANDLE];
      if (typeof key === 'symbol' || key in target.prototypeObject) {
        return Reflect.get(target.prototypeObject, key, receiver);
      }
      if (target.flags & SEQUENCE && isIndex(key)) return native.pyIndex(target[HANDLE], Number(key));
      return native.pyGetAttribute(target[HANDLE], pythonName(key));
    },
    set(target, key, value) {
      if (typeof key === 'symbol') return false;
      if (target.flags & SEQUENCE && isIndex(key)) native.pySetItem(target[HANDLE], Number(key), value);
      else native.pySetAttribute(target[HANDLE], pythonName(key), value);
      return true;
    },
    has(target, key) {
      if (typeof key === 'symbol' || key in target.prototypeObject) return key in target.prototypeObject;
      if (target.flags & SEQUENCE && isIndex(key)) return Number(key) < native.pyLength(target[HANDLE]);
      return native.pyHasAttribute(target[HANDLE], pythonName(key));
    },
    deleteProperty(target, key) {
      if (typeof key === 'symbol') return false;
      native.pyDeleteAttribute(target[HANDLE], pythonName(key));
      return true;
    },
    ownKeys(target) {
      // What the target cannot give up must be listed: the invariants of a Proxy.
      const own = Reflect.ownKeys(target).filter((key) => !Object.getOwnPropertyDescriptor(target, key).configurable);
      return [...new Set([...own, ...native.pyNames(target[HANDLE])])];
    },
    getOwnPropertyDescriptor(target, key) {
      const fixed = Reflect.getOwnPropertyDescriptor(target, key);
      if (fixed && !fixed.configurable) return fixed;
      if (typeof key === 'symbol' || !native.pyHasAttribute(target[HANDLE], pythonName(key))) return undefined;
      const value = native.pyGetAttribute(target[HANDLE], pythonName(key));
      return { value, writable: true, enumerable: true, configurable: true };
    },
    getPrototypeOf(target) { return target.prototypeObject; },
    apply(target, self, values) { return native.pyCall(target[HANDLE], values); },
    construct(target, values) {
      const made = native.pyCall(target[HANDLE], values);
      if (typeof made !== 'object' && typeof made !== 'function') {
        throw new TypeError('new on a Python callable must return a Python object; call it without new');
      }
      return made;
    },
    defineProperty() { return false; },
    preventExtensions() { return false; },
    setPrototypeOf() { return false; },
  };

  function wrap(id, handle, flags) {
    // Only a function target can be called. A bound function has no `prototype` property to trip the invariants.
    const target = flags & CALLABLE ? function () {}.bind() : {};
    for (const key of Reflect.ownKeys(target)) delete target[key];
    target[HANDLE] = handle;
    target.flags = flags;
    // An inspector that looks through a Proxy meets the target.
    target[INSPECT] = () => native.pyRepr(handle);
    target.prototypeObject = prototypeFor(flags);
    const proxy = new Proxy(target, handler);
    proxies.set(id, new WeakRef(proxy));
    return proxy;
  }

  // A Python exception in JavaScript. `cause` follows Python's `__cause__` or `__context__`.
  class PythonError extends Error {
    #exception;
    constructor(name, message, frames, exception, cause) {
      super(message, cause === undefined ? undefined : { cause });
      Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
      // The frames of the bridge itself tell a program nothing.
      const own = String(this.stack ?? '').split('\n')
        .filter((line) => line.startsWith('    at ') && !line.includes('twinloop:bridge'));
      const stack = [message ? `${name}: ${message}` : name, ...frames, ...own].join('\n');
      Object.defineProperty(this, 'stack', { value: stack, writable: true, configurable: true });
      this.#exception = exception;
    }
    // The Python exception object itself.
    get pythonException() { return this.#exception; }
    static exceptionOf(value) { return #exception in value ? value.#exception : undefined; }
  }

  const errorClasses = new Map();

  // A class for each Python type's name, so that an inspector prints `ValueError: ...`; all are PythonErrors.
  function errorClass(name) {
    let found = errorClasses.get(name);
    if (found === undefined) {
      found = { [name]: class extends PythonError {} }[name];
      errorClasses.set(name, found);
    }
    return found;
  }

  const jsIdentities = new WeakMap();
  let nextIdentity = 1;

  return {
    wrap,
    // The proxy made for this number before, if it is still alive.
    known(id) { return proxies.get(id)?.deref(); },
    forget(id) { if (proxies.get(id)?.deref() === undefined) proxies.delete(id); },
    // The handle of the Python object behind a value, or undefined: how a proxy unwraps on its way home.
    handleOf(value) { return value[HANDLE]; },
    exceptionOf(value) { return PythonError.exceptionOf(value); },
    makeError(name, message, frames, exception, cause) {
      return new (errorClass(name))(name, message, frames, exception, cause);
    },
    // A number that stays with a JavaScript object, so that Python keeps one proxy for it.
    identityOf(object) {
      let identity = jsIdentities.get(object);
      if (identity === undefined) {
        identity = nextIdentity++;
        jsIdentities.set(object, identity);
      }
      return identity;
    },
    isThenable(value) { return typeof value.then === 'function'; },
    resolve(value) { return Promise.resolve(value); },
    iteratorOf(value) { return value[Symbol.iterator]?.(); },
    asyncIteratorOf(value) { return (value[Symbol.asyncIterator] ?? value[Symbol.iterator])?.call(value); },
    isIterable(value) { return typeof value[Symbol.iterator] === 'function'; },
    lengthOf(value) { return value.length ?? value.size; },
    getItem(value, key) { return value instanceof Map || value instanceof WeakMap ? value.get(key) : value[key]; },
    hasItem(value, key) { return typeof value.has === 'function' ? value.has(key) : typeof value.includes === 'function' ? value.includes(key) : key in value; },
    setItem(value, key, item) { if (value instanceof Map || value instanceof WeakMap) value.set(key, item); else value[key] = item; },
    deleteItem(value, key) {
      if (value instanceof Map || value instanceof WeakMap) return value.delete(key);
      const had = Object.hasOwn(value, key);
      if (Array.isArray(value)) { if (had) value.splice(key, 1); } else delete value[key];
      return had;
    },
    // What `to_py` copies: [kind, parts], or undefined for what stays a proxy.
    parts(value) {
      if (Array.isArray(value)) return ['list', value];
      if (value instanceof Map) return ['dict', Array.from(value).flat(1)];
      if (value instanceof Set) return ['set', [...value]];
      if (ArrayBuffer.isView(value)) return ['bytes', new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
      if (value instanceof ArrayBuffer) return ['bytes', new Uint8Array(value)];
      const prototype = Object.getPrototypeOf(value);
      if (prototype === null || prototype === Object.prototype) return ['dict', Object.entries(value).flat(1)];
      return undefined;
    },
    fromEntries(entries) { return Object.fromEntries(entries); },
    newSet(items) { return new Set(items); },
    namesOf(value) {
      const names = new Set();
      for (let object = value; object && object !== Object.prototype; object = Object.getPrototypeOf(object)) {
        for (const key of Object.getOwnPropertyNames(object)) names.add(key);
      }
      return [...names];
    },
    describe(value) {
      if (typeof value === 'object' && value !== null && (value instanceof Error || typeof value.stack === 'string')) {
        return [String(value.name ?? 'Error'), String(value.message ?? ''), String(value.stack ?? '')];
      }
      let text;
      try { text = typeof value === 'string' ? value : String(value); } catch { text = Object.prototype.toString.call(value); }
      return ['', text, ''];
    },
    text(value) {
      try { return String(value); } catch { return Object.prototype.toString.call(value); }
    },
    PythonError,
  };
});
