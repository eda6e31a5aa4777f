// Objects of Python classes that extend a class of JavaScript's, as JavaScript has them: `instances.rs`.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { Map, WeakMap, apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = require('builtins/primordials');
const { hasInstance, ownKeys, weakMapHas, weakMapSet } = require('builtins/primordials');
const { pyBind } = ops;

const { Array, Error: OwnError, Function, Uint8Array } = globalThis;
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

/** What a symbol on a prototype is in Python. @param {symbol} symbol */
function abilityOf(symbol) {
  if (symbol === Symbol.iterator) return 'iterable';
  if (symbol === Symbol.asyncIterator) return 'async iterable';
  if (symbol === Symbol.dispose) return 'disposable';
  return symbol === Symbol.asyncDispose ? 'async disposable' : undefined;
}

/** Classes whose objects are more in Python. @type {[any, string][]} */
const kinds = [
  [Map, 'mapping'],
  [Array, 'sequence'],
  [Function, 'callable'],
  [getPrototypeOf(Uint8Array), 'buffer'],
];

module.exports = {
  /** What objects of this class have of it and its parents, with symbols as names of Python's. @param {any} constructor */
  membersOfClass(constructor) {
    if (constructor === OwnError || hasInstance(OwnError, constructor.prototype)) {
      throw new TypeError(
        "a class of Python's that extends a JavaScript Error could not be raised: extend Exception, which JavaScript gets as an Error",
      );
    }
    /** @type {any[]} */
    const members = [];
    for (let owner = constructor.prototype; owner && owner !== ObjectPrototype; owner = getPrototypeOf(owner)) {
      const names = ownKeys(owner);
      for (let i = 0; i < names.length; i += 1) {
        const name = names[i];
        if (typeof name === 'symbol') {
          const ability = abilityOf(name);
          if (ability !== undefined) members[members.length] = [ability, 'ability'];
          continue;
        }
        const { value, get, set } = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(owner, name));
        if (get !== undefined || set !== undefined) members[members.length] = [name, 'accessor', get, set];
        else if (typeof value === 'function' && name !== 'constructor') members[members.length] = [name, 'method', value, undefined];
      }
    }
    for (let i = 0; i < kinds.length; i += 1) {
      const [kind, name] = kinds[i];
      if (constructor === kind || hasInstance(kind, constructor.prototype)) members[members.length] = [name, 'ability'];
    }
    return members;
  },
  /**
   * The constructor for `pythonClass`, which extends `parent`.
   * @param {any} parent @param {any} pythonClass @param {string} name @param {any} members `[name, kind, method or getter or value, setter]`
   */
  deriveForPython(parent, pythonClass, name, members) {
    const Derived = {
      [name]: class extends parent {
        /** @param {any[]} values */
        // biome-ignore lint/correctness/noUnreachableSuper: where it is not called, another object is given.
        constructor(...values) {
          if (making !== undefined && making.prototype === new.target.prototype) super(...values);
          // JavaScript itself makes one: by Python's class, whose `__init__` comes back to the line above.
          else if (new.target === Derived) return apply(pythonClass, undefined, values);
          else throw new TypeError(`${name} of Python's, which extends a class of JavaScript's, cannot be extended in JavaScript again`);
        }
      },
    }[name];
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
