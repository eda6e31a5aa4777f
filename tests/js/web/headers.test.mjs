// Headers (https://fetch.spec.whatwg.org/#headers-class). Runs on Node too.
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

test('names are case-insensitive and values are trimmed', () => {
  const headers = new Headers({ 'Content-Type': ' text/plain\t' });
  equal(headers.get('content-TYPE'), 'text/plain');
  ok(headers.has('CONTENT-type'));
});

test('append combines, set replaces all, delete removes all', () => {
  const headers = new Headers([
    ['a', '1'],
    ['b', 'x'],
    ['A', '2'],
  ]);
  equal(headers.get('a'), '1, 2');
  headers.append('a', '3');
  equal(headers.get('a'), '1, 2, 3');
  headers.set('a', '4');
  equal(headers.get('a'), '4');
  headers.delete('a');
  equal(headers.get('a'), null);
  deepEqual([...headers], [['b', 'x']]);
});

test('iteration is sorted and combined, with one entry for each Set-Cookie', () => {
  const headers = new Headers([
    ['set-cookie', 'a=1'],
    ['b', '1'],
    ['Set-Cookie', 'b=2'],
    ['a', '1'],
    ['b', '2'],
  ]);
  deepEqual(
    [...headers],
    [
      ['a', '1'],
      ['b', '1, 2'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
  );
  deepEqual([...headers.keys()], ['a', 'b', 'set-cookie', 'set-cookie']);
  deepEqual([...headers.values()], ['1', '1, 2', 'a=1', 'b=2']);
  deepEqual(headers.getSetCookie(), ['a=1', 'b=2']);
  equal(headers.get('set-cookie'), 'a=1, b=2');
});

test('an iteration sees changes made during it', () => {
  const headers = new Headers([
    ['a', '1'],
    ['b', '2'],
  ]);
  const seen = [];
  for (const [name] of headers) {
    seen.push(name);
    if (name === 'a') headers.append('c', '3');
  }
  deepEqual(seen, ['a', 'b', 'c']);
});

test('the iterator is the specified kind of object', () => {
  const iterator = new Headers()[Symbol.iterator]();
  equal(Object.prototype.toString.call(iterator), '[object Headers Iterator]');
  equal(Headers.prototype[Symbol.iterator], Headers.prototype.entries);
  ok(Object.getPrototypeOf(Object.getPrototypeOf(iterator)) === Object.getPrototypeOf(Object.getPrototypeOf([].values())));
});

test('invalid names and values are TypeErrors', () => {
  const headers = new Headers();
  for (const name of ['', 'a b', 'a\n', 'ä', 'a:']) throws(() => headers.append(name, 'x'), TypeError);
  for (const value of ['a\nb', 'a\0b', 'a\rb', '\u0100']) throws(() => headers.set('a', value), TypeError);
  throws(() => headers.get('a b'), TypeError);
  throws(() => new Headers(null), TypeError);
  throws(() => new Headers('a: b'), TypeError);
  throws(() => new Headers([['a']]), TypeError);
  throws(() => new Headers([['a', 'b', 'c']]), TypeError);
  throws(() => new Headers({ [Symbol('a')]: 'b' }), TypeError);
  throws(() => headers.append('a'), TypeError);
});

test('values are byte strings', () => {
  equal(new Headers({ a: 'ÿ' }).get('a'), 'ÿ');
});

test('forEach passes value, name and the headers', () => {
  const headers = new Headers({ b: '2', a: '1' });
  const calls = [];
  const receiver = {};
  headers.forEach(function (value, name, all) {
    calls.push([value, name, all === headers, this === receiver]);
  }, receiver);
  deepEqual(calls, [
    ['1', 'a', true, true],
    ['2', 'b', true, true],
  ]);
});

test('a foreign receiver is a TypeError', () => {
  throws(() => Headers.prototype.get.call({}, 'a'), TypeError);
  throws(() => Headers.prototype.entries.call({}), TypeError);
});

test('methods are enumerable and the class is named', () => {
  ok(Object.keys(Headers.prototype).includes('getSetCookie'));
  equal(Object.prototype.toString.call(new Headers()), '[object Headers]');
  equal(Headers.length, 0);
});

test('headers of a response from Response.redirect are immutable', () => {
  throws(() => Response.redirect('http://example.com/').headers.set('a', 'b'), TypeError);
});

test('iterators have the methods of iterators and no class', () => {
  const iterator = new Headers([
    ['b', '1'],
    ['a', '2'],
    ['B', '3'],
  ]).entries();
  const prototype = Object.getPrototypeOf(iterator);
  deepEqual(Reflect.ownKeys(prototype), ['next', Symbol.toStringTag]);
  equal(Object.getOwnPropertyDescriptor(prototype, 'next').enumerable, true);
  equal(Object.prototype.toString.call(iterator), '[object Headers Iterator]');
  equal(Object.getPrototypeOf(prototype), Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
  deepEqual(
    [...iterator],
    [
      ['a', '2'],
      ['b', '1, 3'],
    ],
  );
  const many = new Headers();
  for (let i = 0; i < 100; i += 1) many.append(`x-${i % 50}`, `${i}`);
  equal([...many].length, 50);
  throws(() => new Headers([['x', 'é\u0100']]), TypeError);
  throws(() => new Headers([['x', `${'a'.repeat(70)}\u0100`]]), TypeError);
});

await run();
