// Where another language is in the process its bytes are a module's too, as they are a BufferSource to other interfaces: the engine itself knows only
// its own (https://webassembly.github.io/spec/js-api/#webassembly-namespace). Copied once. Without such a language nothing is replaced.
'use strict';

const { apply, construct, defineProperty, getOwnPropertyDescriptor } = require('builtins/primordials');
const { bytesOfChunk } = require('builtins/webidl');

/** What the engine takes for itself, from any value. @param {any} source */
const own = (source) => bytesOfChunk(source) ?? source;

/** @param {any} namespace `WebAssembly` */
function takeGuestBytes(namespace) {
  const { Module, compile, instantiate, validate } = namespace;
  // Methods, so that they are no constructors; their lengths are the engine's.
  const methods = {
    /** @param {any} bytes @param {any[]} more */
    compile(bytes, ...more) {
      return apply(compile, this, arguments.length === 0 ? [] : [own(bytes), ...more]);
    },
    /** @param {any} bytes @param {any[]} more */
    instantiate(bytes, ...more) {
      return apply(instantiate, this, arguments.length === 0 ? [] : [own(bytes), ...more]);
    },
    /** @param {any} bytes @param {any[]} more */
    validate(bytes, ...more) {
      return apply(validate, this, arguments.length === 0 ? [] : [own(bytes), ...more]);
    },
  };
  replace(namespace, 'compile', methods.compile);
  replace(namespace, 'instantiate', methods.instantiate);
  replace(namespace, 'validate', methods.validate);
  /** @type {any} */
  const TakingModule = new Proxy(Module, {
    construct(target, given, newTarget) {
      return construct(target, given.length === 0 ? [] : [own(given[0])], newTarget === TakingModule ? target : newTarget);
    },
  });
  replace(namespace, 'Module', TakingModule);
  replace(Module.prototype, 'constructor', TakingModule);
}

/** @param {any} holder @param {string} name @param {any} value */
function replace(holder, name, value) {
  const { enumerable } = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(holder, name));
  const descriptor = /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable, configurable: true });
  defineProperty(holder, name, descriptor);
}

module.exports = { takeGuestBytes };
