// What the modules say of wrong arguments: Node's codes and messages, word for word, because programs and their tests compare them.
import assert from 'node:assert';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import timers from 'node:timers/promises';
import url from 'node:url';
import util from 'node:util';
import vm from 'node:vm';
import { test, run, deepEqual, equal, match, ok, rejects, throws } from '../harness.mjs';

const file = ['string', 'Buffer or URL'];
const cases = [
  [
    () => fs.readFileSync(5.5),
    'ERR_INVALID_ARG_TYPE',
    `The "path" argument must be of type ${file[0]} or an instance of ${file[1]}. Received type number (5.5)`,
  ],
  [
    () => fs.readFileSync({}),
    'ERR_INVALID_ARG_TYPE',
    `The "path" argument must be of type ${file[0]} or an instance of ${file[1]}. Received an instance of Object`,
  ],
  [
    () => fs.readFileSync('a\0b'),
    'ERR_INVALID_ARG_VALUE',
    "The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received 'a\\x00b'",
  ],
  [
    () => fs.readFileSync('/tmp', 5),
    'ERR_INVALID_ARG_TYPE',
    'The "options" argument must be one of type string or object. Received type number (5)',
  ],
  [
    () => fs.writeFileSync('/tmp', 5),
    'ERR_INVALID_ARG_TYPE',
    'The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received type number (5)',
  ],
  [() => fs.closeSync('x'), 'ERR_INVALID_ARG_TYPE', 'The "fd" argument must be of type number. Received type string (\'x\')'],
  [() => fs.closeSync(-1), 'ERR_OUT_OF_RANGE', 'The value of "fd" is out of range. It must be >= 0 && <= 2147483647. Received -1'],
  [() => fs.readFile('/nope'), 'ERR_INVALID_ARG_TYPE', 'The "cb" argument must be of type function. Received undefined'],
  [() => path.join(5), 'ERR_INVALID_ARG_TYPE', 'The "path" argument must be of type string. Received type number (5)'],
  [() => path.resolve(5), 'ERR_INVALID_ARG_TYPE', 'The "paths[0]" argument must be of type string. Received type number (5)'],
  [() => path.basename('a', 5), 'ERR_INVALID_ARG_TYPE', 'The "suffix" argument must be of type string. Received type number (5)'],
  [() => path.format(5), 'ERR_INVALID_ARG_TYPE', 'The "pathObject" argument must be of type object. Received type number (5)'],
  [() => assert.equal(1), 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified'],
  [() => assert.match('a', 5), 'ERR_INVALID_ARG_TYPE', 'The "regexp" argument must be an instance of RegExp. Received type number (5)'],
  [() => assert.throws(5), 'ERR_INVALID_ARG_TYPE', 'The "fn" argument must be of type function. Received type number (5)'],
  [
    () => url.fileURLToPath(5),
    'ERR_INVALID_ARG_TYPE',
    'The "path" argument must be of type string or an instance of URL. Received type number (5)',
  ],
  [() => url.fileURLToPath('http://x'), 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file'],
  [() => url.format(5), 'ERR_INVALID_ARG_TYPE', 'The "urlObject" argument must be one of type object or string. Received type number (5)'],
  [() => util.stripVTControlCharacters(5), 'ERR_INVALID_ARG_TYPE', 'The "str" argument must be of type string. Received type number (5)'],
  [() => setTimeout('x'), 'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function. Received type string (\'x\')'],
  [() => setImmediate(null), 'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function. Received null'],
];

test('what is thrown', () => {
  for (const [body, code, message] of cases) {
    const error = throws(body, { code, message });
    equal(Object.keys(error).join(), 'code');
  }
});

test('what promises are rejected with', async () => {
  await rejects(fsp.readFile(undefined), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /^The "path" argument must be of type string or an instance of Buffer or URL\. Received undefined$/,
  });
  await rejects(fsp.readFile('/tmp', { signal: 5 }), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /an instance of AbortSignal\. Received type number \(5\)$/,
  });
  await rejects(fsp.readFile('/tmp', { signal: AbortSignal.abort() }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
    message: 'The operation was aborted',
  });
  await rejects(timers.setTimeout(1, 2, 5), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: 'The "options" argument must be of type object. Received type number (5)',
  });
  await rejects(timers.setImmediate(1, { ref: 5 }), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: 'The "options.ref" property must be of type boolean. Received type number (5)',
  });
  await rejects(assert.rejects(5), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: 'The "promiseFn" argument must be of type function or an instance of Promise. Received type number (5)',
  });
});

test('a stack that is full is a RangeError, also in a realm of vm and by WebAssembly', () => {
  const forever = () => forever() + 1;
  // A module with a function that calls itself: (func (export "f") call 0).
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 16, 0, 11];
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes))).exports;
  for (const deep of [forever, f]) {
    let thrown;
    try {
      deep();
    } catch (error) {
      thrown = error;
    }
    ok(thrown instanceof RangeError);
    deepEqual([thrown.name, thrown.message, thrown.constructor], ['RangeError', 'Maximum call stack size exceeded', RangeError]);
    match(thrown.stack, /^RangeError: Maximum call stack size exceeded\n {4}at /);
  }
  equal(
    vm.runInNewContext('const f = () => f() + 1; try { f() } catch (error) { error instanceof RangeError && error.name }'),
    'RangeError',
  );
});

await run();
