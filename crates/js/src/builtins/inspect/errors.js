// How `inspect` shows errors: the stack with the class's own name in front, then causes, aggregated errors and extra properties.
'use strict';

const { description, isBare, prefixOf } = require('builtins/inspect/description');
const { keysOf } = require('builtins/inspect/keys');
const framesStart = '\n    at';

function describeError(request) {
  const { context, value } = request;
  const keys = keysOf(context, value);
  const base = errorText(request, keys);
  if (isBare(request, keys)) return base;
  return description(request, 'Error', { base, open: '{', keys });
}

/** The text of an error; takes from `keys` what the text already says, and adds what is hidden but matters. */
function errorText({ context, value: error, constructorName, tag }, keys) {
  const name = error.name === null || error.name === undefined ? 'Error' : String(error.name);
  const stack = stackOf(error);
  if (!context.showHidden) removeTold(keys, error, stack);
  if ('cause' in error && !keys.includes('cause')) keys.push('cause');
  if (Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');
  return indented(context, bracketed(context, error, named(stack, constructorName, name, tag)));
}

function removeTold(keys, error, stack) {
  for (const key of ['name', 'message', 'stack']) {
    const index = keys.indexOf(key);
    if (index !== -1 && (typeof error[key] !== 'string' || stack.includes(error[key]))) keys.splice(index, 1);
  }
}

function stackOf(error) {
  const { stack } = error;
  if (typeof stack !== 'string' || stack === '') return stack ? String(stack) : Error.prototype.toString.call(error);
  return stack;
}

/** The header names the class, also where `name` was never set: `Custom: message`, `Custom [TypeError]: message`. */
function named(stack, constructorName, name, tag) {
  const nextUnit = stack[name.length];
  const startsWithName = stack.startsWith(name) && (nextUnit === undefined || nextUnit === ':' || nextUnit === '\n');
  if (constructorName !== null && !(name.endsWith('Error') && startsWithName)) return stack;
  let fallback = 'Error';
  let length = name.length;
  if (constructorName === null) {
    const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    fallback = start?.[1] ?? '';
    length = fallback.length;
    fallback ||= 'Error';
  }
  const prefix = prefixOf(constructorName, tag, fallback).slice(0, -1);
  if (name === prefix) return stack;
  if (prefix.includes(name)) return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
  return `${prefix} [${name}]${stack.slice(length)}`;
}

/** An error without frames stands in brackets; frames that repeat those of the cause are left out. */
function bracketed(context, error, stack) {
  const messageAt = error.message ? stack.indexOf(error.message) : -1;
  const after = messageAt === -1 ? 0 : messageAt + String(error.message).length;
  const start = stack.indexOf(framesStart, after);
  if (start === -1) return `[${stack.trimEnd()}]`;
  const frames = stack
    .slice(start + 1)
    .trimEnd()
    .split('\n');
  return `${stack.slice(0, start)}\n${withoutFramesOfCause(context, error, frames).join('\n')}`;
}

function withoutFramesOfCause(context, error, frames) {
  if (!('cause' in error) || !(error.cause instanceof Error)) return frames;
  const causeStack = stackOf(error.cause);
  const start = causeStack.indexOf(framesStart);
  if (start === -1) return frames;
  const { length, offset } = overlap(frames, causeStack.slice(start + 1).split('\n'));
  if (length <= 3) return frames;
  const skipped = length - 2;
  const note = `    ... ${skipped} lines matching cause stack trace ...`;
  return [...frames.slice(0, offset + 1), context.stylize(note, 'undefined'), ...frames.slice(offset + 1 + skipped)];
}

/** The longest run at the first frame of `frames` that also stands in `others`. */
function overlap(frames, others) {
  for (let offset = 0; offset < frames.length - 3; offset += 1) {
    const position = others.indexOf(frames[offset]);
    if (position === -1) continue;
    let length = 1;
    while (frames[offset + length] !== undefined && frames[offset + length] === others[position + length]) length += 1;
    if (length > 3) return { length, offset };
  }
  return { length: 0, offset: 0 };
}

function indented(context, text) {
  return context.indentation === 0 ? text : text.replaceAll('\n', `\n${' '.repeat(context.indentation)}`);
}

module.exports = { describeError };
