// structuredClone (https://html.spec.whatwg.org/#dom-structuredclone).
'use strict';

const { isObject, requireArguments, toDictionary, toSequence } = require('builtins/webidl');
const { cloneValue } = require('web/html/cloner');
const { className } = ops;
const loadMessage = () => require('web/html/message');

/** @param {any} value @param {any} [options] */
function structuredClone(value, options = undefined) {
  requireArguments(arguments.length, 1, 'structuredClone');
  const { transfer } = toDictionary(options, 'structuredClone');
  if (transfer === undefined) return cloneValue(value);
  const list = toSequence(transfer, 'structuredClone: the option transfer', (item) => {
    if (!isObject(item)) throw new TypeError('structuredClone: every element of transfer must be an object');
    return item;
  });
  const { checkTransfer, readMessage, writeMessage } = loadMessage();
  // Ports and streams go by way of a message; buffers move faster without one.
  for (let i = 0; i < list.length; i += 1) {
    if (className(list[i]) !== 'ArrayBuffer') return readMessage(writeMessage(value, list)).value;
  }
  checkTransfer(list);
  return cloneValue(value, list);
}

module.exports = { cloneValue, structuredClone };
