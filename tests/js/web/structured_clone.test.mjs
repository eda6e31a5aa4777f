// structuredClone and performance's entries.
import { test, run, equal, notEqual, ok, deepEqual, throws } from '../harness.mjs';

test('plain values are copied deeply', () => {
  const value = {
    number: -0,
    text: 'é',
    big: 10n,
    flag: true,
    nothing: null,
    missing: undefined,
    date: new Date(5),
    pattern: /a+/gi,
    // biome-ignore lint/suspicious/noSparseArray: holes are cloned as holes
    list: [1, , 3],
    map: new Map([[{ k: 1 }, new Set([1, 'x'])]]),
    bytes: new Uint8Array([1, 2]),
    floats: new Float64Array([0.5]),
    view: new DataView(new ArrayBuffer(2)),
    boxed: new Number(3),
  };
  const copy = structuredClone(value);
  notEqual(copy, value);
  deepEqual(copy, value);
  equal(Object.is(copy.number, -0), true);
  equal(1 in copy.list, false);
  equal(copy.pattern.flags, 'gi');
  notEqual(copy.bytes.buffer, value.bytes.buffer);
});

test('cycles and shared references keep their shape', () => {
  const shared = {};
  const value = { a: shared, b: shared };
  value.self = value;
  const copy = structuredClone(value);
  equal(copy.self, copy);
  equal(copy.a, copy.b);
});

test('errors keep class, message, stack and cause', () => {
  const error = new RangeError('far', { cause: new TypeError('why') });
  const copy = structuredClone(error);
  ok(copy instanceof RangeError);
  equal(copy.name, 'RangeError');
  equal(copy.message, 'far');
  equal(copy.cause?.message, 'why');
  ok(copy.cause instanceof TypeError);
});

test('prototypes and accessors are not copied', () => {
  class Point {
    x = 1;
    get twice() {
      return 2;
    }
  }
  const copy = structuredClone(new Point());
  equal(Object.getPrototypeOf(copy), Object.prototype);
  deepEqual(copy, { x: 1 });
  deepEqual(
    structuredClone({
      get a() {
        return 5;
      },
    }),
    { a: 5 },
  );
});

test('a transferred buffer moves', () => {
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  const copy = structuredClone({ buffer }, { transfer: [buffer] });
  equal(buffer.byteLength, 0);
  equal(copy.buffer.byteLength, 3);
  const view = new Uint8Array(4);
  const moved = structuredClone(view, { transfer: [view.buffer] });
  equal(view.length, 0);
  equal(moved.length, 4);
});

test('what cannot be cloned is a DataCloneError', () => {
  for (const value of [() => {}, Symbol('x'), { f() {} }, new WeakMap(), Promise.resolve(), [new WeakRef({})]]) {
    const error = throws(() => structuredClone(value), { name: 'DataCloneError', code: 25 });
    ok(error instanceof DOMException);
  }
  const buffer = new ArrayBuffer(1);
  throws(() => structuredClone(buffer, { transfer: [buffer, buffer] }), { name: 'DataCloneError' });
  throws(() => structuredClone(1, { transfer: [{}] }), { name: 'DataCloneError' });
  throws(() => structuredClone(1, { transfer: [5] }), TypeError);
  throws(() => structuredClone(), TypeError);
});

test('what a getter throws comes through', () => {
  throws(
    () =>
      structuredClone({
        get a() {
          throw new RangeError('mine');
        },
      }),
    RangeError,
  );
});

test('performance has a clock that moves forward, marks and measures', () => {
  const before = performance.now();
  ok(before >= 0);
  ok(performance.now() >= before);
  ok(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 5000);
  const mark = performance.mark('start', { detail: { a: 1 } });
  equal(mark.entryType, 'mark');
  deepEqual(mark.detail, { a: 1 });
  performance.mark('end', { startTime: mark.startTime + 5 });
  const measure = performance.measure('both', 'start', 'end');
  ok(Math.abs(measure.duration - 5) < 1e-6);
  equal(performance.measure('at', { start: 1, duration: 2 }).startTime, 1);
  deepEqual(
    performance.getEntriesByName('both').map((entry) => entry.entryType),
    ['measure'],
  );
  performance.clearMarks();
  equal(performance.getEntriesByType('mark').length, 0);
  performance.clearMeasures('both');
  equal(performance.getEntriesByName('both').length, 0);
  throws(() => performance.measure('x', 'no such mark'), { name: 'SyntaxError' });
});

await run();
