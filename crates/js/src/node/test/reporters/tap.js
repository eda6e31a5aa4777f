// The reporter `tap`: the Test Anything Protocol, version 13 (https://testanything.org/tap-version-13-specification.html).
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const { entries, exec, push, regExp, repeat, replaceAll, split, test, trim } = require('builtins/primordials');
const loadCoverage = () => require('node/test/coverage');

const lineBreaks = regExp(/\n|\r\n/);
const frame = regExp(/^\s+at\s/);
/** Failures whose cause is the program's own error. */
const isOwn = regExp(/^(?:testCodeFailure|uncaughtException|unhandledRejection|hookFailed)$/);

/** @param {number} nesting */
const indentation = (nesting) => repeat('    ', nesting);

/** @param {AsyncIterable<{ type: string, data: any }>} source */
async function* tap(source) {
  yield 'TAP version 13\n';
  for await (const { type, data } of source) {
    switch (type) {
      case 'test:fail': {
        yield testText('not ok', data);
        yield detailsText(data, data.file ? `${data.file}:${data.line}:${data.column}` : undefined);
        break;
      }
      case 'test:pass':
        yield testText('ok', data);
        yield detailsText(data, undefined);
        break;
      case 'test:plan':
        yield `${indentation(data.nesting)}1..${data.count}\n`;
        break;
      case 'test:start':
        yield `${indentation(data.nesting)}# Subtest: ${escaped(data.name)}\n`;
        break;
      case 'test:stderr':
      case 'test:stdout': {
        const lines = split(data.message, lineBreaks);
        for (let index = 0; index < lines.length; index += 1) {
          if (index < lines.length - 1 || lines[index] !== '') yield `# ${escaped(lines[index])}\n`;
        }
        break;
      }
      case 'test:diagnostic':
        yield `${indentation(data.nesting)}# ${escaped(data.message)}\n`;
        break;
      case 'test:coverage':
        yield loadCoverage().coverageTable('# ', data.summary);
        break;
      case 'test:interrupted':
        for (let index = 0; index < data.tests.length; index += 1) {
          const each = data.tests[index];
          const place = each.file === undefined ? '' : ` at ${each.file}:${each.line}:${each.column}`;
          yield `# Interrupted while running: ${escaped(each.name)}${place}\n`;
        }
        break;
      default:
    }
  }
}

/** @param {string} text */
function escaped(text) {
  let result = replaceAll(`${text}`, '\\', '\\\\');
  result = replaceAll(replaceAll(replaceAll(result, '#', '\\#'), '\b', '\\b'), '\f', '\\f');
  return replaceAll(replaceAll(replaceAll(replaceAll(result, '\t', '\\t'), '\n', '\\n'), '\r', '\\r'), '\v', '\\v');
}

/** @param {string} status @param {any} data */
function testText(status, data) {
  const { skip, todo, expectFailure } = data;
  let line = `${indentation(data.nesting)}${status} ${data.testNumber}`;
  if (data.name) line += ` - ${escaped(data.name)}`;
  const directive = (/** @type {string} */ name, /** @type {any} */ text) =>
    ` # ${name}${typeof text === 'string' && text !== '' ? ` ${escaped(text)}` : ''}`;
  if (skip !== undefined) line += directive('SKIP', skip);
  else if (todo !== undefined) line += directive('TODO', todo);
  else if (expectFailure !== undefined) line += directive('EXPECTED FAILURE', expectFailure);
  return `${line}\n`;
}

/** @param {any} data @param {string | undefined} location */
function detailsText(data, location) {
  const indent = indentation(data.nesting);
  const { error, duration_ms: duration, type } = data.details;
  let text = `${indent}  ---\n${yaml(indent, 'duration_ms', duration, [])}${yaml(indent, 'type', type, [])}`;
  if (location !== undefined) text += yaml(indent, 'location', location, []);
  return `${text}${yaml(indent, undefined, error, [])}${indent}  ...\n`;
}

/** @param {string} indent @param {string | undefined} name @param {any} value @param {any[]} seen @returns {string} */
function yaml(indent, name, value, seen) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return yamlOfPlain(indent, name, value);
  push(seen, value);
  const isError = value instanceof Error;
  let text = name === undefined ? '' : `${indent}  ${name}:\n`;
  const inner = name === undefined ? indent : `${indent}  `;
  const all = entries(value);
  for (let index = 0; index < all.length; index += 1) {
    const { 0: key, 1: each } = all[index];
    if (
      isError &&
      (key === 'cause' ||
        key === 'code' ||
        key === 'expected' ||
        key === 'actual' ||
        key === 'operator' ||
        key === 'generatedMessage' ||
        key === 'diff')
    )
      continue;
    text += seen.indexOf(each) === -1 ? yaml(inner, key, each, seen) : `${inner}  ${key}: <Circular>\n`;
  }
  return isError ? text + yamlOfError(inner, value, seen) : text;
}

/** @param {string} indent @param {string | undefined} name @param {any} value */
function yamlOfPlain(indent, name, value) {
  const prefix = `${indent}  ${name}: `;
  if (typeof value !== 'string') return `${prefix}${inspect(value)}\n`;
  const lines = split(value, lineBreaks);
  if (lines.length === 1) return `${prefix}${inspect(value)}\n`;
  let text = `${prefix}|-\n`;
  for (let index = 0; index < lines.length; index += 1) text += `${indent}    ${lines[index]}\n`;
  return text;
}

/** @param {string} indent @param {any} error @param {any[]} seen */
function yamlOfError(indent, error, seen) {
  const unwraps = error.code === 'ERR_TEST_FAILURE' && test(isOwn, `${error.failureType}`);
  const cause = unwraps ? error.cause : undefined;
  const isCode = unwraps && error.failureType === 'testCodeFailure';
  const message = (isCode ? cause?.message : undefined) ?? error.message ?? '<unknown error>';
  const code = cause?.code ?? error.code;
  const name = cause?.name ?? error.name;
  const stack = cause?.stack ?? error.stack;
  const assertion = [cause, error].find((each) => each !== null && typeof each === 'object' && 'expected' in each && 'actual' in each);
  let text = yaml(indent, 'error', message, seen);
  if (code) text += yaml(indent, 'code', code, seen);
  if (name && name !== 'Error') text += yaml(indent, 'name', name, seen);
  if (assertion !== undefined) {
    text += yaml(indent, 'expected', assertion.expected, seen) + yaml(indent, 'actual', assertion.actual, seen);
    if (assertion.operator) text += yaml(indent, 'operator', assertion.operator, seen);
  }
  if (typeof stack !== 'string') return text;
  const lines = split(stack, lineBreaks);
  let frames = '';
  for (let index = 0; index < lines.length; index += 1) {
    const found = exec(frame, lines[index]);
    if (found !== null) frames += `${indent}    ${trim(lines[index].slice(found[0].length))}\n`;
  }
  return frames === '' ? text : `${text}${indent}  stack: |-\n${frames}`;
}

module.exports = { tap };
