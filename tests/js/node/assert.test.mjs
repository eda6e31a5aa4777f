// `node:assert`: messages, thrown errors, partial equality, the class with options.
import assert, { Assert, AssertionError } from 'node:assert';
import { test, run, equal, ok, throws, rejects } from '../harness.mjs';

const messageOf = (body) => throws(body, AssertionError).message;

test('two values are shown with their difference', () => {
  equal(
    messageOf(() => assert.deepStrictEqual([1, 2, 3], [1, 2, 4])),
    'Expected values to be strictly deep-equal:\n+ actual - expected\n\n  [\n    1,\n    2,\n+   3\n-   4\n  ]\n',
  );
  equal(
    messageOf(() => assert.strictEqual('a', 'b')),
    "Expected values to be strictly equal:\n\n'a' !== 'b'\n",
  );
  equal(
    messageOf(() => assert.strictEqual('aaaaaaaaaaaa', 'aaaabaaaaaaa')),
    "Expected values to be strictly equal:\n+ actual - expected\n\n+ 'aaaaaaaaaaaa'\n- 'aaaabaaaaaaa'\n       ^\n",
  );
  equal(
    messageOf(() => assert.strictEqual({}, {})),
    'Values have same structure but are not reference-equal:\n\n{}\n',
  );
  equal(
    messageOf(() => assert.deepEqual({ a: 1 }, { a: 2 })),
    'Expected values to be loosely deep-equal:\n\n{\n  a: 1\n}\n\nshould loosely deep-equal\n\n{\n  a: 2\n}',
  );
  equal(
    messageOf(() => assert.notStrictEqual(1, 1)),
    'Expected "actual" to be strictly unequal to: 1',
  );
  const lines = Array.from({ length: 30 }, (_, index) => index);
  ok(messageOf(() => assert.deepStrictEqual([...lines, 'x'], [...lines, 'y'])).includes('\n... Skipped lines\n'));
});

test('long values that have nothing in common are compared in bounded time and memory', () => {
  const left = Array.from({ length: 20_000 }, (_, index) => `left ${index}`);
  const right = Array.from({ length: 20_000 }, (_, index) => `right ${index}`);
  ok(messageOf(() => assert.deepStrictEqual(left, right)).length > 100_000);
});

test('a message has values, or is made when it is needed', () => {
  equal(
    messageOf(() => assert.equal(1, 2, '%s-%d', 'x', 4)),
    'x-4',
  );
  equal(
    messageOf(() => assert.equal(1, 2, (actual, expected) => `${actual}/${expected}`)),
    '1/2',
  );
  equal(throws(() => assert.equal(1, 2, 5), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  throws(() => assert.equal(1, 2, new RangeError('mine')), RangeError);
});

test('a falsy expression is shown as it stands in the file', () => {
  equal(
    messageOf(() => assert.ok(0 > 1, undefined)),
    'The expression evaluated to a falsy value:\n\n  assert.ok(0 > 1, undefined)\n',
  );
  equal(
    messageOf(() => assert()),
    'No value argument passed to `assert.ok()`',
  );
});

test('thrown errors are compared by class, pattern, properties and function', async () => {
  const fail = () => {
    throw Object.assign(new TypeError('bad'), { code: 3 });
  };
  assert.throws(fail, TypeError);
  assert.throws(fail, /bad/);
  assert.throws(fail, { code: 3, message: /^b/ });
  assert.throws(fail, (error) => error.code === 3);
  equal(
    messageOf(() => assert.throws(fail, { code: 4, message: 'x' })),
    "Expected values to be strictly deep-equal:\n+ actual - expected\n\n  Comparison {\n+   code: 3,\n+   message: 'bad'\n-   code: 4,\n-   message: 'x'\n  }\n",
  );
  equal(
    messageOf(() => assert.throws(() => {}, TypeError, 'why')),
    'Missing expected exception (TypeError): why',
  );
  equal(throws(() => assert.throws(fail, 'bad'), TypeError).code, 'ERR_AMBIGUOUS_ARGUMENT');
  await assert.rejects(Promise.reject(new Error('x')), /x/);
  const error = await rejects(() => assert.rejects(async () => {}), AssertionError);
  equal(error.message, 'Missing expected rejection.');
  equal(error.operator, 'rejects');
  ok(error.stack.startsWith('AssertionError [ERR_ASSERTION]: Missing'));
});

test('partial equality asks for what is expected, and no more', () => {
  assert.partialDeepStrictEqual({ a: 1, b: { c: 2, d: [1, 2, 3] } }, { b: { d: [1, 3] } });
  assert.partialDeepStrictEqual(new Set([1, 2]), new Set([2]));
  assert.partialDeepStrictEqual(
    new Map([
      ['a', { x: 1, y: 2 }],
      ['b', 1],
    ]),
    new Map([['a', { y: 2 }]]),
  );
  throws(() => assert.partialDeepStrictEqual([1, 2, 3], [3, 1]), AssertionError);
  throws(() => assert.partialDeepStrictEqual({ a: 1 }, { a: 1, b: 2 }), AssertionError);
});

test('loose equality pairs keys as == does', () => {
  assert.deepEqual(new Map([['1', 'a']]), new Map([[1, 'a']]));
  assert.deepEqual(new Set(['1', { a: 1 }]), new Set([{ a: '1' }, 1]));
  throws(() => assert.deepStrictEqual(new Set(['1']), new Set([1])), AssertionError);
  assert.deepEqual([Number.NaN, 0], [Number.NaN, -0]);
  throws(() => assert.deepStrictEqual([0], [-0]), AssertionError);
});

test('the class has options of its own', () => {
  const own = new Assert({ diff: 'full', strict: false });
  own.equal(1, '1');
  throws(() => new Assert().equal(1, '1'), AssertionError);
  new Assert({ skipPrototype: true }).deepStrictEqual(Object.create(null), {});
  equal(throws(() => Assert(), TypeError).code, 'ERR_CONSTRUCT_CALL_REQUIRED');
  equal(throws(() => own.strictEqual(1, 2), AssertionError).diff, 'full');
});

test('instances that show no properties are equal by what they stand for', async () => {
  const { createSecretKey, subtle } = await import('node:crypto');
  const different = (left, right) => {
    assert.notDeepStrictEqual(left, right);
    assert.notDeepEqual(left, right);
  };
  different(new URL('http://a/'), new URL('http://b/'));
  assert.deepStrictEqual(new URL('http://a/'), new URL('http://a'));
  different(createSecretKey('aa', 'utf8'), createSecretKey('bb', 'utf8'));
  const key = (text, usage) => subtle.importKey('raw', new TextEncoder().encode(text), 'HKDF', false, [usage]);
  different(await key('aa', 'deriveBits'), await key('bb', 'deriveBits'));
  different(await key('aa', 'deriveBits'), await key('aa', 'deriveKey'));
  assert.deepStrictEqual(await key('aa', 'deriveBits'), await key('aa', 'deriveBits'));
  (function () {
    different({ 0: 1 }, arguments);
  })(1);
});

test('a proxy is compared as what it stands for', () => {
  assert.deepStrictEqual(new Proxy({ a: [1] }, {}), { a: [1] });
  assert.deepEqual([1, 2], new Proxy([1, 2], {}));
  assert.notDeepStrictEqual(new Proxy([1, 2], {}), [1, 3]);
  assert.notDeepStrictEqual(new Proxy([1], {}), { 0: 1 });
});

test('URLs that differ are shown by what they are, and tags are compared', () => {
  ok(messageOf(() => assert.deepStrictEqual(new URL('http://one'), new URL('http://two'))).includes('+ http://one/\n- http://two/'));
  assert.notDeepEqual({ [Symbol.toStringTag]: 'A' }, {});
  const list = [1];
  list[2 ** 32] = true;
  throws(() => assert.partialDeepStrictEqual([1], list), AssertionError);
});

await run();
