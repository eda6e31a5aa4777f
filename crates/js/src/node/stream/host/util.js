// What the package readable-stream takes of `node:util` and of the web.
'use strict';

const { apply, customInspect, freeze, isView, symbolFor, withResolvers } = require('builtins/primordials');
const events = /** @type {any} */ (require('node/events/events'));
const { AbortSignal } = require('web/abort/abort');
const loadBlob = () => require('web/file/blob');
const loadFormat = () => require('builtins/inspect/format');
const loadInspect = () => require('builtins/inspect/inspect');
const loadTypes = () => require('node/util/types');

/** @param {any[]} given */
const format = (...given) => loadFormat().format(...given);
/** @param {any} value @param {any} [options] */
const inspect = (value, options) => loadInspect().inspect(value, options);
inspect.custom = customInspect;

/** @param {Function} callback */
function once(callback) {
  let called = false;
  return /** @this {any} @param {any[]} given */ function (...given) {
    if (called) return;
    called = true;
    apply(callback, this, given);
  };
}

module.exports = {
  AbortSignalAny: (/** @type {any[]} */ signals) => AbortSignal.any(signals),
  addAbortListener: events.addAbortListener,
  createDeferredPromise: () => withResolvers(),
  debuglog: () => () => {},
  deprecate: (/** @type {Function} */ method) => method,
  format,
  inspect,
  isBlob: (/** @type {any} */ value) => loadBlob().isBlob(value),
  kEmptyObject: freeze({}),
  once,
  promisify: { custom: symbolFor('nodejs.util.promisify.custom') },
  types: {
    isArrayBufferView: isView,
    isAsyncFunction: (/** @type {any} */ value) => loadTypes().isAsyncFunction(value),
  },
};
