// A Python object as JavaScript sees it.
//
// A PyProxy is an ES Proxy over a target that carries an opaque handle, which owns the Python object; what it inherits is in `prototypes.js`, how
// classes extend it in `classes.js`. JavaScript's own names win over Python attributes; `$name` forces Python's. Runs on the loop thread with
// the GIL held; every operation on the Python object is one native call.
//
// Packages ask what a value is before they look into it (`Array.isArray`, "a plain object", a `length`, an iterator), so a list or
// tuple is an Array, of which Array's own methods do their work through the traps, and a dict is an object of its keys whose prototype
// is Object's: it has no methods of its own, as `schema.items` and `options.length` are to be undefined where there is no such key.
'use strict';

const { apply, bind, charCodeAt, create, customInspect } = require('builtins/primordials');
const { getOwnPropertyDescriptor, ownKeys, reflectDefine } = require('builtins/primordials');
const { reflectDelete, reflectGet, reflectSet, setAdd, setForEach, setOf, slice } = require('builtins/primordials');
const { weakMapGet, weakMapSet } = require('builtins/primordials');
const { accessorOf, derivedOf, isAbove, prototypeOf } = require('bridge/classes');
const { HANDLE, call, classes, isData, isRecord, plain, prototypeFor, pythonName } = require('bridge/prototypes');
const { ARRAY, AWAITABLE, CALLABLE, CLASS, DERIVED, RECORD, SEQUENCE, SIZED, SUBCLASS } = ops.abilities;
const { pyContains, pyCut, pyDeleteAttribute, pyDeleteItem, pyDerivedFrom, pyExtra, pyGetAttribute } = ops;
const { pyHasAttribute, pyHasOwn, pyIndex, pyItem, pyKeepProxy, pyKeys, pyLength, pyMake, pyNames, pyPut } = ops;
const { pyRepr, pySetAttribute, pySetItem, pyType } = ops;

/** What a proxy's traps get. @typedef {import('./prototypes.js').Target} Target */

// The language's own, whatever a program makes of the globals later.
const { Proxy: OwnProxy, String: OwnString } = globalThis;
const { prototype: ArrayPrototype } = Array;
const { prototype: ObjectPrototype } = Object;

// Set on a proxy whose object gave itself when it was awaited.
const GIVEN = Symbol('given');

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

/** @param {Target} target @param {string} key @param {any} value */
function setProperty(target, key, value) {
  if (target.flags & RECORD) pySetItem(target[HANDLE], key, value);
  else if (target.flags & ARRAY && isIndex(key)) pyPut(target[HANDLE], +key, value);
  else if (target.flags & ARRAY && key === 'length') pyCut(target[HANDLE], value);
  else if (target.flags & SEQUENCE && isIndex(key)) pySetItem(target[HANDLE], +key, value);
  else pySetAttribute(target[HANDLE], pythonName(key), value);
  return true;
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
