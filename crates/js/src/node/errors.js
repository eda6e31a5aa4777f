// Node's own errors (https://nodejs.org/api/errors.html#nodejs-error-codes): each function makes one, and the caller throws it.
'use strict';

const { codedError } = require('builtins/coded_error');
const loadInspect = () => require('builtins/inspect/inspect');

function describe(value) {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') return value.constructor?.name ? `an instance of ${value.constructor.name}` : 'an object';
  const shown = typeof value === 'string' ? `'${value.slice(0, 25)}'` : String(value);
  return `type ${typeof value} (${shown})`;
}

function invalidType(name, expected, value) {
  const message = `The "${name}" argument must be ${expected}. Received ${describe(value)}`;
  return codedError(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

function invalidValue(name, value, reason) {
  const shown = loadInspect().inspect(value);
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument '${name}' ${reason}. Received ${shown}`);
}

function outOfRange(name, range, value) {
  return codedError(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${value}`);
}

module.exports = { invalidType, invalidValue, nodeError: codedError, outOfRange };
