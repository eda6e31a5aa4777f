// `util.format` and `console`'s templates write what Node writes.
import { format, formatWithOptions, inspect } from 'node:util';
import { test, run, equal } from '../harness.mjs';

class Named {
  constructor() {
    this.x = 1;
  }
}
class Stringy {
  toString() {
    return 'stringy!';
  }
}

const cases = [
  [[], ''],
  [['a'], 'a'],
  [['a', 'b', 1], 'a b 1'],
  [[1, 'a', { b: 'c' }], "1 a { b: 'c' }"],
  [['%s', 'x'], 'x'],
  [['%s %s', 'x'], 'x %s'],
  [['%s', 1, 2], '1 2'],
  [['%s', -0], '-0'],
  [['%s', 12n], '12n'],
  [['%s', Symbol('q')], 'Symbol(q)'],
  [['%s', null], 'null'],
  [['%s', undefined], 'undefined'],
  [['%s', { a: { b: 1 } }], '{ a: [Object] }'],
  [['%s', [1, [2]]], '[ 1, [Array] ]'],
  [['%s', new Named()], 'Named { x: 1 }'],
  [['%s', new Stringy()], 'stringy!'],
  [['%s', () => 5], '() => 5'],
  [['%s', new Date(0)], '1970-01-01T00:00:00.000Z'],
  [['%d', 42], '42'],
  [['%d', '0x10'], '16'],
  [['%d', 'abc'], 'NaN'],
  [['%d', 5n], '5n'],
  [['%d', {}], 'NaN'],
  [['%d', Symbol('x')], 'NaN'],
  [['%i', '42.9px'], '42'],
  [['%i', -3.7], '-3'],
  [['%f', '3.25abc'], '3.25'],
  [['%f', Symbol('x')], 'NaN'],
  [['%j', { a: [1] }], '{"a":[1]}'],
  [['%j', undefined], 'undefined'],
  [['%o', [1]], '[ 1, [length]: 1 ]'],
  [['%O', { a: { b: { c: { d: 1 } } } }], '{ a: { b: { c: [Object] } } }'],
  [['%c styled', 'color: red'], ' styled'],
  [['100%', 'x'], '100% x'],
  [['100%%', 'x'], '100% x'],
  [['100%%'], '100%%'],
  [['%%s', 'x'], '%s x'],
  [['%q', 'x'], '%q x'],
  [['%', 'x'], '% x'],
  [['%s%s', 'a', 'b'], 'ab'],
  [['a%sb%sc', 1, 2, 3], 'a1b2c 3'],
  [[{ a: 1 }, '%s', 'x'], '{ a: 1 } %s x'],
  [[null, undefined, true], 'null undefined true'],
  [['x', [1, 2, 3]], 'x [ 1, 2, 3 ]'],
  [[new Error('boom').message, ['deep', { a: { b: { c: {} } } }]], "boom [ 'deep', { a: { b: [Object] } } ]"],
];

for (const [args, expected] of cases) {
  test(`format ${JSON.stringify(args.map(String))} gives ${JSON.stringify(expected)}`, () => equal(format(...args), expected));
}

test('a cycle under %j is named', () => {
  const value = {};
  value.self = value;
  equal(format('%j', value), '[Circular]');
});

test('formatWithOptions colours values and leaves strings alone', () => {
  equal(formatWithOptions({ colors: true }, 'a', 1, 'b'), 'a \u001b[33m1\u001b[39m b');
  equal(formatWithOptions({ colors: true }, '%s', 1), '1');
});

test('inspect takes its options for every level', () => {
  equal(inspect({ a: { b: { c: { d: 1 } } } }, { depth: 1 }), '{ a: { b: [Object] } }');
  equal(inspect({ a: { b: { c: {} } } }, false, 0), '{ a: [Object] }');
});

test('an object that nests deeper than the stack does not end the program', () => {
  let value = {};
  for (let level = 0; level < 100_000; level += 1) value = { value };
  const text = inspect(value, { depth: Infinity });
  equal(text.includes('Inspection interrupted prematurely. Maximum call stack size exceeded.'), true);
});

test('the frames of a real error follow its message', () => {
  const text = inspect(new TypeError('no way'));
  equal(/^TypeError: no way\n {4}at .*format\.test\.mjs:\d+:\d+/.test(text), true, text);
});

test('a subclass shows under its own name, with its cause and its properties', () => {
  class HttpError extends Error {}
  const error = new HttpError('gone', { cause: new Error('root') });
  error.status = 410;
  const text = inspect(error);
  equal(text.startsWith('HttpError: gone\n    at '), true, text);
  equal(/\{\n {2}status: 410,\n {2}\[cause\]: Error: root\n {6}at /.test(text), true, text);
});

await run();
