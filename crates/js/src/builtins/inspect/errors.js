// How `inspect` shows errors: the stack with the class's own name in front, then causes, aggregated errors and extra properties.
'use strict';

const { description, isBare, prefixOf } = require('builtins/inspect/description');
const { keysOf } = require('builtins/inspect/keys');
const {
  endsWith,
  errorToString,
  exec,
  includes,
  indexOf,
  isArray,
  join,
  push,
  regExp,
  repeat,
  replaceAll,
  slice,
  splice,
  split,
  startsWith,
  stringIncludes,
  stringIndexOf,
  trimEnd,
} = require('builtins/primordials');
const className = regExp(/^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/);
const bareName = regExp(/^([a-z_A-Z0-9-]*Error)$/);
const framesStart = '\n    at';

/** @param {InspectRequest} request */
function describeError(request) {
  const { context, value } = request;
  const keys = keysOf(context, value);
  const base = errorText(request, keys);
  if (isBare(request, keys)) return base;
  return description(request, 'Error', { base, open: '{', keys });
}

/** The text of an error; takes from `keys` what the text already says, and adds what is hidden but matters. @param {InspectRequest} request @param {PropertyKey[]} keys */
function errorText({ context, value: error, constructorName, tag }, keys) {
  const name = error.name === null || error.name === undefined ? 'Error' : String(error.name);
  const stack = stackOf(error);
  if (!context.showHidden) removeTold(keys, error, stack);
  if ('cause' in error && !includes(keys, 'cause')) push(keys, 'cause');
  if (isArray(error.errors) && !includes(keys, 'errors')) push(keys, 'errors');
  return indented(context, bracketed(context, error, named(stack, constructorName, name, tag)));
}

/** @param {PropertyKey[]} keys @param {any} error @param {string} stack */
function removeTold(keys, error, stack) {
  removeIfTold(keys, error, stack, 'name');
  removeIfTold(keys, error, stack, 'message');
  removeIfTold(keys, error, stack, 'stack');
}

/** @param {PropertyKey[]} keys @param {any} error @param {string} stack @param {string} key */
function removeIfTold(keys, error, stack, key) {
  const index = indexOf(keys, key);
  if (index !== -1 && (typeof error[key] !== 'string' || stringIncludes(stack, error[key]))) splice(keys, index, 1);
}

/** @param {any} error @returns {string} */
function stackOf(error) {
  const { stack } = error;
  if (typeof stack !== 'string' || stack === '') return stack ? String(stack) : errorToString(error);
  return stack;
}

/** The header names the class, also where `name` was never set: `Custom: message`, `Custom [TypeError]: message`. @param {string} stack @param {string | null} constructorName @param {string} name @param {string} tag */
function named(stack, constructorName, name, tag) {
  const nextUnit = stack[name.length];
  const startsWithName = startsWith(stack, name) && (nextUnit === undefined || nextUnit === ':' || nextUnit === '\n');
  if (constructorName !== null && !(endsWith(name, 'Error') && startsWithName)) return stack;
  let fallback = 'Error';
  let length = name.length;
  if (constructorName === null) {
    const start = exec(className, stack) ?? exec(bareName, stack);
    fallback = start?.[1] ?? '';
    length = fallback.length;
    fallback ||= 'Error';
  }
  const spaced = prefixOf(constructorName, tag, fallback);
  const prefix = slice(spaced, 0, spaced.length - 1);
  if (name === prefix) return stack;
  if (stringIncludes(prefix, name)) return length === 0 ? `${prefix}: ${stack}` : `${prefix}${slice(stack, length)}`;
  return `${prefix} [${name}]${slice(stack, length)}`;
}

/** An error without frames stands in brackets; frames that repeat those of the cause are left out. @param {InspectContext} context @param {any} error @param {string} stack */
function bracketed(context, error, stack) {
  const messageAt = error.message ? stringIndexOf(stack, error.message) : -1;
  const after = messageAt === -1 ? 0 : messageAt + String(error.message).length;
  const start = stringIndexOf(stack, framesStart, after);
  if (start === -1) return `[${trimEnd(stack)}]`;
  const frames = split(trimEnd(slice(stack, start + 1)), '\n');
  return `${slice(stack, 0, start)}\n${join(withoutFramesOfCause(context, error, frames), '\n')}`;
}

/** @param {InspectContext} context @param {any} error @param {string[]} frames */
function withoutFramesOfCause(context, error, frames) {
  if (!('cause' in error) || !(error.cause instanceof Error)) return frames;
  const causeStack = stackOf(error.cause);
  const start = stringIndexOf(causeStack, framesStart);
  if (start === -1) return frames;
  const { length, offset } = overlap(frames, split(slice(causeStack, start + 1), '\n'));
  if (length <= 3) return frames;
  const skipped = length - 2;
  const note = `    ... ${skipped} lines matching cause stack trace ...`;
  splice(frames, offset + 1, skipped, context.stylize(note, 'undefined'));
  return frames;
}

/** The longest run at the first frame of `frames` that also stands in `others`. @param {string[]} frames @param {string[]} others */
function overlap(frames, others) {
  for (let offset = 0; offset < frames.length - 3; offset += 1) {
    const position = indexOf(others, frames[offset]);
    if (position === -1) continue;
    let length = 1;
    while (frames[offset + length] !== undefined && frames[offset + length] === others[position + length]) length += 1;
    if (length > 3) return { length, offset };
  }
  return { length: 0, offset: 0 };
}

/** @param {InspectContext} context @param {string} text */
function indented(context, text) {
  return context.indentation === 0 ? text : replaceAll(text, '\n', `\n${repeat(' ', context.indentation)}`);
}

module.exports = { describeError };
