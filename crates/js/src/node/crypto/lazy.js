// Objects that are transform streams when somebody uses them so: most hashes never are, and a stream costs more than the hash.
'use strict';

const { apply, defineProperty, setPrototypeOf } = require('builtins/primordials');
const { Transform } = /** @type {any} */ (require('node/stream/module'));

/** @this {any} @param {any} options */
function LazyTransform(options) {
  this._options = options;
}
setPrototypeOf(LazyTransform.prototype, Transform.prototype);
setPrototypeOf(LazyTransform, Transform);

/** @param {any} self @param {string} name @param {any} value */
function own(self, name, value) {
  defineProperty(self, name, { value, writable: true, enumerable: true, configurable: true });
}

/** @param {string} name */
function defineState(name) {
  defineProperty(LazyTransform.prototype, name, {
    /** @this {any} */
    get() {
      // The stream's own constructor sets both.
      own(this, '_readableState', undefined);
      own(this, '_writableState', undefined);
      apply(Transform, this, [this._options]);
      this._writableState.decodeStrings = false;
      if (!this._options?.defaultEncoding) this._writableState.defaultEncoding = 'buffer';
      return this[name];
    },
    /** @this {any} @param {any} value */
    set(value) {
      own(this, name, value);
    },
    enumerable: true,
    configurable: true,
  });
}
defineState('_readableState');
defineState('_writableState');

/** Makes a class one of those streams. @param {any} Class */
function makeLazy(Class) {
  setPrototypeOf(Class.prototype, LazyTransform.prototype);
  setPrototypeOf(Class, LazyTransform);
}

module.exports = { LazyTransform, makeLazy };
