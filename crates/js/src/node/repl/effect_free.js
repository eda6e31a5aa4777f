// What a text is, as far as that can be known without an effect: no getters, no proxies, no calls but of functions that only calculate.
// Completion asks for what stands before a dot, the preview for the whole line.
'use strict';

const { apply, forEach, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf } = require('builtins/primordials');
const { includes, push, setAdd, setHas, setOf, some } = require('builtins/primordials');
const { proxyDetails } = ops;

// Boxes primitives.
const Box = Object;

/** @param {any} value */
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
/** @param {any} value */
const isProxy = (value) => isObject(value) && proxyDetails(value) !== undefined;

/** No value: what cannot be known without running something. */
const unknown = {};

/** @param {any} repl @param {any} tree a node of `promptExpression` @returns {any} */
function valueOf(repl, tree) {
  const kind = tree[0];
  if (kind === 'value') return tree[1];
  if (kind === 'list') return listOf(repl, tree[1]);
  if (kind === 'text') return textOf(repl, tree[1]);
  if (kind === 'unary') return changed(tree[1], valueOf(repl, tree[2]));
  if (kind === 'logical') return either(repl, tree);
  if (kind === 'call') return called(repl, tree[1], tree[2]);
  if (kind === 'name') return valueOfName(repl, tree[1]);
  if (kind === 'choice') {
    const test = valueOf(repl, tree[1]);
    return test === unknown ? unknown : valueOf(repl, test ? tree[2] : tree[3]);
  }
  const left = valueOf(repl, kind === 'binary' ? tree[2] : tree[1]);
  const right = valueOf(repl, kind === 'binary' ? tree[3] : tree[2]);
  if (left === unknown || right === unknown) return unknown;
  if (kind === 'binary') return isObject(left) || isObject(right) ? unknown : calculated(tree[1], left, right);
  if (left === null || left === undefined || isObject(right)) return unknown;
  return property(left, right);
}

/** @param {string} operator @param {any} left @param {any} right */
function calculated(operator, left, right) {
  if (
    typeof left !== typeof right &&
    (typeof left === 'symbol' || typeof right === 'symbol' || typeof left === 'bigint' || typeof right === 'bigint')
  )
    return unknown;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return isZero(right) ? unknown : left / right;
    case '%':
      return isZero(right) ? unknown : left % right;
    case '**':
      return typeof left === 'bigint' ? unknown : left ** right;
    case '|':
      return left | right;
    case '&':
      return left & right;
    case '^':
      return left ^ right;
    case '<<':
      return typeof left === 'bigint' ? unknown : left << right;
    case '>>':
      return typeof left === 'bigint' ? unknown : left >> right;
    case '>>>':
      return typeof left === 'bigint' ? unknown : left >>> right;
    case '==':
      // biome-ignore lint/suspicious/noDoubleEquals: it is what was typed
      return left == right;
    case '!=':
      // biome-ignore lint/suspicious/noDoubleEquals: it is what was typed
      return left != right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    default:
      return unknown;
  }
}

/** What throws where a number would not. @param {any} value */
const isZero = (value) => value === 0n;

/** @param {string} operator @param {any} value */
function changed(operator, value) {
  if (value === unknown) return operator === 'void' ? undefined : unknown;
  switch (operator) {
    case '!':
      return !value;
    case 'typeof':
      return typeof value;
    case 'void':
      return undefined;
    case '-':
      return isObject(value) || typeof value === 'symbol' ? unknown : -value;
    case '+':
      return isObject(value) || typeof value === 'symbol' || typeof value === 'bigint' ? unknown : +value;
    case '~':
      return isObject(value) || typeof value === 'symbol' ? unknown : ~value;
    default:
      return unknown;
  }
}

/** @param {any} repl @param {any} tree */
function either(repl, tree) {
  const { 1: operator, 2: first, 3: second } = tree;
  const left = valueOf(repl, first);
  if (left === unknown) return unknown;
  const isEnough = operator === '&&' ? !left : operator === '||' ? !!left : left !== null && left !== undefined;
  return isEnough ? left : valueOf(repl, second);
}

/** @param {any} repl @param {any[]} trees @returns {any} */
function listOf(repl, trees) {
  /** @type {any[]} */
  const list = [];
  for (let index = 0; index < trees.length; index += 1) {
    const value = valueOf(repl, trees[index]);
    if (value === unknown) return unknown;
    push(list, value);
  }
  return list;
}

/** @param {any} repl @param {any[]} parts */
function textOf(repl, parts) {
  let text = '';
  for (let index = 0; index < parts.length; index += 1) {
    const value = valueOf(repl, parts[index]);
    if (value === unknown || isObject(value) || typeof value === 'symbol') return unknown;
    text += `${value}`;
  }
  return text;
}

/** What tells {@link pureFunctions} of a realm. */
const owners =
  '[[Number, String, Boolean, parseInt, parseFloat, isNaN, isFinite, Number.isInteger, Number.isSafeInteger], Math, String.prototype, Number.prototype]';
// They may make much of little.
const large = ['repeat', 'padStart', 'padEnd', 'constructor'];

/**
 * Functions that do no more than calculate with values that are no objects, and the objects whose methods they are.
 * @param {any[]} all what `owners` says in the realm of the prompt @param {any[]} [more] and in that of this file, whose are the methods of texts
 * @returns {{ pure: Set<any>, homes: any[] }}
 */
function pureFunctions(all, more) {
  const pure = more === undefined ? setOf(/** @type {any[]} */ ([])) : pureFunctions(more).pure;
  forEach(all[0], (each) => setAdd(pure, each));
  for (let index = 1; index < all.length; index += 1) {
    forEach(getOwnPropertyNames(all[index]), (each) => {
      const value = getOwnPropertyDescriptor(all[index], each)?.value;
      if (typeof value === 'function' && !includes(large, each)) setAdd(pure, value);
    });
  }
  return { pure, homes: [all[1], all[0][0]] };
}

/** @param {any} repl @param {any} callee @param {any[]} trees */
function called(repl, callee, trees) {
  const self = callee[0] === 'member' ? valueOf(repl, callee[1]) : undefined;
  const callable = valueOf(repl, callee);
  const { pure, homes } = repl.pureFunctions;
  if (!setHas(pure, callable) || (isObject(self) && !includes(homes, self))) return unknown;
  const given = listOf(repl, trees);
  if (given === unknown || some(given, (each) => isObject(each) || typeof each === 'symbol')) return unknown;
  try {
    return apply(callable, self, given);
  } catch {
    return unknown;
  }
}

/** @param {any} repl @param {string} key */
function valueOfName(repl, key) {
  if (key === 'globalThis') return repl.context;
  const found = repl.lexical(key);
  if (found !== undefined) return found.value;
  const descriptor = descriptorOf(repl.context, key);
  if (descriptor === undefined) return unknown;
  // A global that is made on first use is a getter, too, and ours.
  return descriptor.get === undefined ? descriptor.value : apply(descriptor.get, repl.context, []);
}

/** @param {any} value @param {PropertyKey} key */
function property(value, key) {
  if (isProxy(value)) return unknown;
  const descriptor = descriptorOf(value, key);
  if (descriptor === undefined || descriptor.get !== undefined) return unknown;
  return descriptor.value;
}

/** @param {any} value @param {PropertyKey} key */
function descriptorOf(value, key) {
  if (typeof value === 'string' && key === 'length') return { value: value.length, get: undefined };
  let object = isObject(value) ? value : getPrototypeOf(new Box(value));
  for (; object !== null && !isProxy(object); object = getPrototypeOf(object)) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}

module.exports = { Box, isObject, isProxy, owners, pureFunctions, unknown, valueOf };
