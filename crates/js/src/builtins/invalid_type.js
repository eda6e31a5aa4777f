// The error for an argument of the wrong type, as Node writes it (https://nodejs.org/api/errors.html#err_invalid_arg_type): what its message
// says of a value that came, and of what was wanted. Here and not with Node's other errors, because timers and microtasks throw it too.
'use strict';

const { codedError } = require('builtins/coded_error');
const { endsWith, includes, indexOf, push, regExp, slice, splice, stringIncludes, test, toLowerCase } = require('builtins/primordials');
const { isGuestBuffer } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

const primitives = ['string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol'];
const className = regExp(/^[A-Z][a-zA-Z0-9]*$/);

/**
 * What a message says of a value: `type number (5)`, `an instance of Map`, `function f`.
 * @param {any} value
 * @returns {string}
 */
function received(value) {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') {
    if (isGuestBuffer(value)) return `a ${value.type} of Python's: js.to_js(value), or value.toJs() in JavaScript, is a typed array`;
    const name = value[Symbol.toStringTag] === 'PyProxy' ? value.type : value.constructor?.name;
    return name ? `an instance of ${name}` : loadInspect().inspect(value, { depth: -1 });
  }
  const shown = loadInspect().inspect(value, { colors: false });
  return `type ${typeof value} (${shown.length > 28 ? `${slice(shown, 0, 25)}...` : shown})`;
}

/** `a`, `a or b`, `a, b, or c`. @param {string[]} words @param {string} last */
function listed(words, last) {
  let text = words[0];
  for (let index = 1; index < words.length; index += 1) {
    const isLast = index === words.length - 1;
    text += `${words.length > 2 ? ', ' : ' '}${isLast ? `${last} ` : ''}${words[index]}`;
  }
  return text;
}

/**
 * `of type string or an instance of Buffer or URL`.
 * @param {string[]} expected names of types, of classes, or values
 */
function wanted(expected) {
  /** @type {string[]} */
  const types = [];
  /** @type {string[]} */
  const classes = [];
  /** @type {string[]} */
  const others = [];
  for (let index = 0; index < expected.length; index += 1) {
    const word = expected[index];
    if (includes(primitives, word)) push(types, toLowerCase(word));
    else push(test(className, word) ? classes : others, word);
  }
  // Beside other classes an object is one of them.
  const object = indexOf(types, 'object');
  if (object !== -1 && classes.length > 0) {
    splice(types, object, 1);
    push(classes, 'Object');
  }
  let text = '';
  if (types.length > 0) text = `${types.length > 1 ? 'one of type' : 'of type'} ${listed(types, 'or')}`;
  if (classes.length > 0) text += `${text === '' ? '' : ' or '}an instance of ${listed(classes, 'or')}`;
  if (others.length > 0) text += `${text === '' ? '' : ' or '}${introduction(others)}${listed(others, 'or')}`;
  return text;
}

/** @param {string[]} others */
function introduction(others) {
  if (others.length > 1) return 'one of ';
  return toLowerCase(others[0]) === others[0] ? '' : 'an ';
}

/** `The "path" argument`, `The "options.signal" property`, `The first argument`. @param {string} name */
function subject(name) {
  if (endsWith(name, ' argument')) return `The ${name}`;
  return `The "${name}" ${stringIncludes(name, '.') ? 'property' : 'argument'}`;
}

/**
 * @param {string} name
 * @param {string | string[]} expected names of types (`string`) and of classes (`Buffer`)
 * @param {any} value
 */
function invalidType(name, expected, value) {
  const message = `${subject(name)} must be ${wanted(typeof expected === 'string' ? [expected] : expected)}. Received ${received(value)}`;
  return codedError(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

module.exports = { invalidType, listed, received };
