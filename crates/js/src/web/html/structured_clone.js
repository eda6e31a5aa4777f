// structuredClone (https://html.spec.whatwg.org/#dom-structuredclone), by the engine's clone algorithm.
'use strict';

const { requireArguments, toDictionary } = require('builtins/webidl');
const { listOf } = require('builtins/primordials');
const { structuredClone: cloneValue } = ops;

/** @param {any} value @param {any} [options] */
function structuredClone(value, options = undefined) {
  requireArguments(arguments.length, 1, 'structuredClone');
  const { transfer } = toDictionary(options, 'structuredClone');
  if (transfer === undefined) return cloneValue(value, undefined);
  if ((typeof transfer !== 'object' && typeof transfer !== 'function') || transfer === null) {
    throw new TypeError('structuredClone: the option transfer must be a sequence of objects');
  }
  const list = listOf(transfer);
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null) {
      throw new TypeError('structuredClone: every element of transfer must be an object');
    }
  }
  return cloneValue(value, list);
}

module.exports = { structuredClone };
