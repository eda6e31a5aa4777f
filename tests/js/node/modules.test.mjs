// `node:events`, `node:path`, `node:util` and `node:assert`.
import EventEmitter, { once, on, EventEmitter as Named } from 'node:events';
import path, { join } from 'node:path';
import * as util from 'node:util';
import assert, { strictEqual } from 'node:assert';
import strict from 'node:assert/strict';
import { test, run, equal, ok, deepEqual, throws, rejects, delay } from '../harness.mjs';

test('an emitter calls its listeners in order, with this and arguments', () => {
  equal(Named, EventEmitter);
  class Mine extends EventEmitter {}
  const emitter = new Mine();
  const seen = [];
  emitter.on('x', function (...args) {
    seen.push([this === emitter, ...args]);
  });
  emitter.once('x', (value) => seen.push(['once', value]));
  emitter.prependListener('x', () => seen.push('first'));
  equal(emitter.emit('x', 1, 2), true);
  equal(emitter.emit('x', 3), true);
  equal(emitter.emit('nothing'), false);
  deepEqual(seen, ['first', [true, 1, 2], ['once', 1], 'first', [true, 3]]);
  equal(emitter.listenerCount('x'), 2);
  deepEqual(emitter.eventNames(), ['x']);
});

test('listeners are removed, also while they are called', () => {
  const emitter = new EventEmitter();
  const seen = [];
  const second = () => seen.push('second');
  emitter.on('x', () => emitter.off('x', second));
  emitter.on('x', second);
  emitter.emit('x');
  emitter.emit('x');
  deepEqual(seen, ['second']);
  emitter.removeAllListeners();
  equal(emitter.listenerCount('x'), 0);
  const wrapped = () => {};
  emitter.once('y', wrapped);
  deepEqual(emitter.listeners('y'), [wrapped]);
  equal(emitter.rawListeners('y')[0].listener, wrapped);
  emitter.removeListener('y', wrapped);
  equal(emitter.listenerCount('y'), 0);
});

test('newListener and removeListener are told', () => {
  const emitter = new EventEmitter();
  const seen = [];
  emitter.on('newListener', (event) => seen.push(`new ${event}`));
  emitter.on('removeListener', (event) => seen.push(`remove ${event}`));
  const listener = () => {};
  emitter.on('x', listener);
  emitter.off('x', listener);
  deepEqual(seen, ['new removeListener', 'new x', 'remove x']);
});

test('an error event without listeners throws', () => {
  const emitter = new EventEmitter();
  const error = new RangeError('mine');
  equal(
    throws(() => emitter.emit('error', error)),
    error,
  );
  throws(() => emitter.emit('error', 'text'), { code: 'ERR_UNHANDLED_ERROR' });
  emitter.on('error', () => {});
  equal(emitter.emit('error', error), true);
  throws(() => emitter.on('x', 5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('old-style inheritance works', () => {
  function Old() {
    EventEmitter.call(this);
  }
  util.inherits(Old, EventEmitter);
  const old = new Old();
  let seen = 0;
  old.on('x', () => (seen += 1));
  old.emit('x');
  equal(seen, 1);
  equal(Old.super_, EventEmitter);
});

test('once and on as promises', async () => {
  const emitter = new EventEmitter();
  setTimeout(() => emitter.emit('x', 1, 2), 1);
  deepEqual(await once(emitter, 'x'), [1, 2]);
  setTimeout(() => emitter.emit('error', new RangeError('r')), 1);
  await rejects(once(emitter, 'x'), RangeError);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  await rejects(once(emitter, 'x', { signal: controller.signal }), { name: 'AbortError' });
  const target = new EventTarget();
  setTimeout(() => target.dispatchEvent(new Event('y')), 1);
  equal((await once(target, 'y'))[0].type, 'y');
  setTimeout(() => {
    emitter.emit('n', 1);
    emitter.emit('n', 2);
    emitter.emit('end');
  }, 1);
  const values = [];
  for await (const [value] of on(emitter, 'n', { close: ['end'] })) values.push(value);
  deepEqual(values, [1, 2]);
});

test('path', () => {
  equal(join('a', '..', '/b', './c'), 'b/c');
  equal(path.join(''), '.');
  equal(path.normalize('/a/../../b//c/'), '/b/c/');
  equal(path.normalize('../a/..'), '..');
  equal(path.normalize(''), '.');
  equal(path.resolve('/a', 'b', '../c'), '/a/c');
  equal(path.resolve('x'), `${process.cwd()}/x`);
  equal(path.relative('/a/b/c', '/a/d'), '../../d');
  equal(path.relative('/a', '/a'), '');
  equal(path.dirname('/a/b/'), '/a');
  equal(path.dirname('/a'), '/');
  equal(path.dirname('a'), '.');
  equal(path.basename('/a/b.txt'), 'b.txt');
  equal(path.basename('/a/b.txt', '.txt'), 'b');
  equal(path.basename('.txt', '.txt'), '');
  equal(path.basename('/a/.txt', '.txt'), '.txt');
  equal(path.basename('/'), '');
  equal(path.extname('a.b.c'), '.c');
  equal(path.extname('.profile'), '');
  equal(path.extname('a.'), '.');
  deepEqual(path.parse('/home/u/f.txt'), { root: '/', dir: '/home/u', base: 'f.txt', ext: '.txt', name: 'f' });
  deepEqual(path.parse('./a'), { root: '', dir: '.', base: 'a', ext: '', name: 'a' });
  deepEqual(path.parse('/'), { root: '/', dir: '/', base: '', ext: '', name: '' });
  equal(path.format({ dir: '/x', name: 'f', ext: 'md' }), '/x/f.md');
  equal(path.isAbsolute('/a'), true);
  equal(path.sep + path.delimiter, '/:');
  equal(path.posix, path);
  throws(() => path.join(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('promisify and callbackify', async () => {
  const read = (value, callback) => setTimeout(callback, 0, value < 0 ? new RangeError('negative') : null, value * 2);
  const readAsync = util.promisify(read);
  equal(await readAsync(4), 8);
  await rejects(readAsync(-1), RangeError);
  const special = () => {};
  special[util.promisify.custom] = async () => 'special';
  equal(await util.promisify(special)(), 'special');
  throws(() => util.promisify(5), TypeError);
  const back = util.callbackify(async (value) => value + 1);
  deepEqual(await new Promise((resolve) => back(1, (...args) => resolve(args))), [null, 2]);
});

test('isDeepStrictEqual and types', () => {
  ok(util.isDeepStrictEqual({ a: [1, new Map([[{ k: 1 }, 2]])] }, { a: [1, new Map([[{ k: 1 }, 2]])] }));
  ok(!util.isDeepStrictEqual({ a: 1 }, { a: '1' }));
  // biome-ignore lint/suspicious/noSparseArray: a hole is not undefined
  ok(!util.isDeepStrictEqual([1, , 3], [1, undefined, 3]));
  ok(util.isDeepStrictEqual(new Set([[1], [2]]), new Set([[2], [1]])));
  ok(util.isDeepStrictEqual(NaN, NaN));
  ok(!util.isDeepStrictEqual(0, -0));
  const { types } = util;
  ok(types.isPromise(Promise.resolve()));
  ok(types.isMap(new Map()) && !types.isMap(new Set()));
  ok(types.isDate(new Date()) && types.isRegExp(/x/) && types.isNativeError(new TypeError()));
  ok(types.isProxy(new Proxy({}, {})) && !types.isProxy({}));
  ok(types.isTypedArray(new Uint8Array()) && types.isUint8Array(new Uint8Array()) && !types.isTypedArray(new DataView(new ArrayBuffer(1))));
  ok(types.isAsyncFunction(async () => {}) && !types.isAsyncFunction(() => {}));
  ok(types.isGeneratorFunction(function* () {}));
  ok(types.isArrayBuffer(new ArrayBuffer(1)) && types.isAnyArrayBuffer(new SharedArrayBuffer(1)));
  ok(types.isBoxedPrimitive(Object(1n)));
});

test('deprecate, styleText and stripVTControlCharacters', async () => {
  const old = util.deprecate((value) => value + 1, 'old is old', 'DEP_TEST');
  let warnings = 0;
  const count = () => (warnings += 1);
  process.on('warning', count);
  equal(old(1), 2);
  equal(old(2), 3);
  await delay(5);
  process.off('warning', count);
  equal(warnings, 1);
  equal(util.stripVTControlCharacters('\u001b[31mred\u001b[39m'), 'red');
  equal(util.styleText('red', 'x', { validateStream: false }), '\u001b[31mx\u001b[39m');
});

test('assert passes and fails', async () => {
  assert(true);
  assert.ok(1);
  strictEqual(1, 1);
  assert.equal(1, '1');
  assert.deepEqual({ a: [1] }, { a: ['1'] });
  assert.deepStrictEqual({ a: [1] }, { a: [1] });
  assert.notStrictEqual(1, 2);
  assert.match('abc', /b/);
  assert.throws(() => {
    throw new TypeError('bad');
  }, TypeError);
  assert.throws(
    () => {
      throw new TypeError('bad');
    },
    { name: 'TypeError', message: /bad/ },
  );
  await assert.rejects(Promise.reject(new Error('x')), /x/);
  for (const failing of [
    () => assert(false),
    () => assert.strictEqual(1, 2),
    () => assert.deepStrictEqual({ a: 1 }, { a: '1' }),
    () => assert.throws(() => {}),
    () => assert.fail('x'),
    () => assert.ifError('x'),
    () => assert.match('a', /b/),
    () => assert.strict.equal(1, '1'),
    () => strict.deepEqual([1], ['1']),
  ]) {
    const error = throws(failing, { name: 'AssertionError', code: 'ERR_ASSERTION' });
    ok(error instanceof assert.AssertionError);
  }
  ok(throws(() => assert.strictEqual(1, 2, 'mine')).message.startsWith('mine'));
  const own = new RangeError('own');
  equal(
    throws(() => assert.ok(false, own)),
    own,
  );
});

await run();
