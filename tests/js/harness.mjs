// The test harness of the JavaScript suites: `test` registers, `await run()` at the end of the file runs them in order.
//
// A suite is a plain program: `twinloop tests/js/web/x.test.mjs` runs it, and so does Node, which makes Node the oracle for what is
// specified by Node. The last line that it prints is `N passed, N failed`; a file that dies before that line has failed,
// so nothing here catches what a test leaves unhandled.

const registered = [];

/** Registers a test; it passes when `body` returns (or its promise fulfils). */
export function test(name, body) {
  registered.push({ name, body, skipped: undefined });
}

/** Registers a test that is known not to apply here, with the reason; it is printed, and counted neither way. */
export function skip(name, reason) {
  registered.push({ name, body: undefined, skipped: reason });
}

/** Runs what was registered, prints one line for each failure, then the total. */
export async function run() {
  let passed = 0;
  let failed = 0;
  for (const { name, body, skipped } of registered.splice(0)) {
    if (skipped !== undefined) {
      console.log(`skipped: ${name} (${skipped})`);
      continue;
    }
    try {
      await body();
      passed += 1;
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}\n${indented(describe(error))}`);
    }
  }
  if (failed > 0) process.exitCode = 1;
  console.log(`${passed} passed, ${failed} failed`);
}

/**
 * `number` objects that a test holds at once, or a hundredth of them where a collector runs at every turn and marks each of them each time.
 */
export function many(number) {
  return globalThis.process?.env.JS_GC_ZEAL ? number / 100 : number;
}

/** What a failed assertion throws. */
export class AssertionFailure extends Error {
  get name() {
    return 'AssertionFailure';
  }
}

/** Fails with `message`. */
export function fail(message) {
  throw new AssertionFailure(message);
}

/** `value` is truthy. */
export function ok(value, message = `expected a truthy value, not ${show(value)}`) {
  if (!value) fail(message);
}

/** The two are the same value (`Object.is`). */
export function equal(actual, expected, message = '') {
  if (!Object.is(actual, expected)) fail(difference(actual, expected, message));
}

/** The two are not the same value. */
export function notEqual(actual, expected, message = '') {
  if (Object.is(actual, expected)) fail(`${message}\nboth are ${show(actual)}`);
}

/** The two have the same shape: prototypes, own enumerable properties, and the contents of collections and buffers. */
export function deepEqual(actual, expected, message = '') {
  const path = firstDifference(actual, expected, '', new Map());
  if (path !== undefined) fail(`${difference(actual, expected, message)}\nfirst difference at: value${path}`);
}

/** The string matches the pattern. */
export function match(actual, pattern) {
  if (!pattern.test(actual)) fail(`expected a match of ${pattern}\nactual:   ${show(actual)}`);
}

/** `body` throws what `expected` describes: a class, a RegExp for the message, or an object of properties. Returns the error. */
export function throws(body, expected) {
  let result;
  try {
    result = body();
  } catch (error) {
    checkError(error, expected);
    return error;
  }
  fail(`expected a throw, but it returned ${show(result)}`);
}

/** As `throws`, for a promise or an async function. */
export async function rejects(promiseOrBody, expected) {
  let result;
  try {
    result = await (typeof promiseOrBody === 'function' ? promiseOrBody() : promiseOrBody);
  } catch (error) {
    checkError(error, expected);
    return error;
  }
  fail(`expected a rejection, but it fulfilled with ${show(result)}`);
}

/** A promise that fulfils after so many milliseconds. */
export function delay(milliseconds, value) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value));
}

function checkError(error, expected) {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    match(String(error?.message ?? error), expected);
  } else if (typeof expected === 'function') {
    if (!(error instanceof expected)) fail(`expected a ${expected.name}, not ${describe(error)}`);
  } else {
    for (const key of Object.keys(expected)) {
      const wanted = expected[key];
      if (wanted instanceof RegExp) match(String(error[key]), wanted);
      else equal(error[key], wanted, `property ${key} of ${describe(error)}`);
    }
  }
}

function difference(actual, expected, message) {
  return `${message === '' ? '' : `${message}\n`}actual:   ${show(actual)}\nexpected: ${show(expected)}`;
}

/** The path at which two values differ, or undefined. */
function firstDifference(actual, expected, path, seen) {
  if (Object.is(actual, expected)) return undefined;
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) return path;
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return `${path} (prototype)`;
  if (seen.get(actual) === expected) return undefined;
  seen.set(actual, expected);
  return contentDifference(actual, expected, path, seen) ?? propertyDifference(actual, expected, path, seen);
}

function contentDifference(actual, expected, path, seen) {
  if (actual instanceof Date || actual instanceof Boolean || actual instanceof Number || actual instanceof String) {
    return Object.is(actual.valueOf(), expected.valueOf()) ? undefined : path;
  }
  if (actual instanceof RegExp) return String(actual) === String(expected) ? undefined : path;
  if (actual instanceof Error) {
    for (const key of ['name', 'message', 'cause', 'errors']) {
      const inner = firstDifference(actual[key], expected[key], `${path}.${key}`, seen);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  if (actual instanceof ArrayBuffer) {
    return firstDifference(new Uint8Array(actual), new Uint8Array(expected), `${path} (bytes)`, seen);
  }
  if (actual instanceof Map || actual instanceof Set) {
    return firstDifference([...actual], [...expected], `${path} (entries)`, seen);
  }
  return undefined;
}

function propertyDifference(actual, expected, path, seen) {
  const keys = Reflect.ownKeys(actual).filter((key) => Object.prototype.propertyIsEnumerable.call(actual, key));
  const others = Reflect.ownKeys(expected).filter((key) => Object.prototype.propertyIsEnumerable.call(expected, key));
  if (keys.length !== others.length || actual.length !== expected.length) return `${path} (number of properties)`;
  for (const key of keys) {
    if (!Object.hasOwn(expected, key)) return `${path}[${String(key)}]`;
    const inner = firstDifference(actual[key], expected[key], `${path}[${String(key)}]`, seen);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A short text for a value; the suites test `console`, so it is not used here. */
function show(value, depth = 3) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth === 0) return '...';
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${show(new Uint8Array(value), depth)}`;
  if (value instanceof Map || value instanceof Set) return `${value.constructor.name} ${show([...value], depth - 1)}`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return `[${Array.from(value, (item) => show(item, depth - 1)).join(', ')}]`;
  }
  const members = Object.keys(value).map((key) => `${key}: ${show(value[key], depth - 1)}`);
  return `{${members.join(', ')}}`;
}

function describe(error) {
  if (!(error instanceof Error)) return `thrown: ${show(error)}`;
  const title = error instanceof AssertionFailure ? error.message : `${error.name}: ${error.message}`;
  return [title, ...framesOf(error)].join('\n');
}

/** The frames outside this file, in either form that engines write. */
function framesOf(error) {
  const lines = String(error.stack ?? '').split('\n');
  return lines.filter((line) => /^\s+at |@/.test(line) && !line.includes('harness.mjs'));
}

function indented(text) {
  return text.replace(/^/gm, '  ');
}
