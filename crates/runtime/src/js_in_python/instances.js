// Objects of Python classes that extend a class of JavaScript's, as JavaScript has them: `instances.rs`.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { WeakMap, apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = require('builtins/primordials');
const { ownKeys, weakMapHas, weakMapSet } = require('builtins/primordials');
const { pyBind } = ops;

const { prototype: ObjectPrototype } = Object;

/** Python's half of each object, which lives as long as the object does. @type {WeakMap<object, any>} */
const halves = new WeakMap();

/** The object that a constructor is making: a method may be called before it is done. @type {{ prototype: object, instance: any } | undefined} */
let making;

/** @param {object} object */
function bindIfNew(object) {
  if (making === undefined || weakMapHas(halves, object) || getPrototypeOf(object) !== making.prototype) return;
  weakMapSet(halves, object, making.instance);
  pyBind(making.instance, object);
}

/** A method that calls Python's, with the object as its first argument. @param {any} method */
function calling(method) {
  /** @this {any} @param {any[]} values */
  return function (...values) {
    bindIfNew(this);
    const all = [this];
    for (let i = 0; i < values.length; i += 1) all[i + 1] = values[i];
    return apply(method, undefined, all);
  };
}

module.exports = {
  /** What objects of this class have of it and its parents, with symbols as names of Python's. @param {any} constructor */
  membersOfClass(constructor) {
    /** @type {any[]} */
    const members = [];
    for (let owner = constructor.prototype; owner && owner !== ObjectPrototype; owner = getPrototypeOf(owner)) {
      const names = ownKeys(owner);
      for (let i = 0; i < names.length; i += 1) {
        const name = names[i];
        if (typeof name === 'symbol') {
          if (name === Symbol.iterator) members[members.length] = ['__iter__', 'symbol'];
          if (name === Symbol.asyncIterator) members[members.length] = ['__aiter__', 'symbol'];
          continue;
        }
        const { value, get, set } = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(owner, name));
        if (get !== undefined || set !== undefined) members[members.length] = [name, 'accessor', get, set];
        else if (typeof value === 'function' && name !== 'constructor') members[members.length] = [name, 'method', value, undefined];
      }
    }
    return members;
  },
  /**
   * The constructor for a class of Python's that extends `parent`.
   * @param {any} parent @param {string} name @param {any} members `[name, kind, method or getter or value, setter]`
   */
  deriveForPython(parent, name, members) {
    const Derived = { [name]: class extends parent {} }[name];
    for (let i = 0; i < members.length; i += 1) {
      const [key, kind, first, second] = members[i];
      /** @type {any} */
      const descriptor = { __proto__: null, configurable: true, enumerable: false };
      if (kind === 'accessor') {
        if (first) descriptor.get = calling(first);
        if (second) descriptor.set = calling(second);
      } else {
        descriptor.value = kind === 'method' ? calling(first) : first;
        descriptor.writable = true;
      }
      defineProperty(Derived.prototype, key, descriptor);
    }
    return Derived;
  },
  /** Makes JavaScript's half of `instance`. @param {any} parent @param {any} Derived @param {any} instance @param {any[]} values */
  constructHalf(parent, Derived, instance, values) {
    const before = making;
    making = { prototype: Derived.prototype, instance };
    try {
      bindIfNew(construct(parent, values, Derived));
    } finally {
      making = before;
    }
  },
};
