// structuredClone (https://html.spec.whatwg.org/#dom-structuredclone).
'use strict';

const { codedError } = require('builtins/coded_error');
const { isObject, toSequence } = require('builtins/webidl');
const { cloneValue } = require('web/html/cloner');
const { className } = ops;
const loadMessage = () => require('web/html/message');

const prefix = "Failed to execute 'structuredClone'";

/** @param {any} value @param {any} [options] */
function structuredClone(value, options = undefined) {
  if (arguments.length === 0) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "value" argument must be specified');
  if (options === undefined || options === null) return cloneValue(value);
  if (!isObject(options)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${prefix}: Options cannot be converted to a dictionary`);
  const { transfer } = options;
  if (transfer === undefined) return cloneValue(value);
  if (!isObject(transfer)) {
    throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${prefix}: transfer in Options can not be converted to sequence.`);
  }
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
