// Classes across: JavaScript's that extend one of Python's, of which each has a class of Python's for its objects, and what `prototype` of a Python class is.
'use strict';

const { WeakMap, getOwnPropertyDescriptor, getPrototypeOf, hasInstance, hasOwn } = require('builtins/primordials');
const { ownKeys, reflectDefine, reflectGet, reflectSet, weakMapGet, weakMapHas } = require('builtins/primordials');
const { weakMapSet } = require('builtins/primordials');
const { HANDLE, classes, plain, prototypeFor, pythonName } = require('bridge/prototypes');
const { CLASS } = ops.abilities;
const { pyDerive, pyGetAttribute, pyInstanceFlags, pySetSuper, pySuper } = ops;

/** @typedef {import('./prototypes.js').Target} Target */

// The language's own, whatever a program makes of the globals later.
const { Proxy: OwnProxy } = /** @type {any} */ (globalThis);
const { constructor: AsyncFunction } = /** @type {any} */ (getPrototypeOf(async () => {}));

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

module.exports = { accessorOf, derivedOf, isAbove, prototypeOf };
