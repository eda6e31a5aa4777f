// structuredClone and performance's entries.
import { test, run, equal, notEqual, ok, deepEqual, many, throws, fail } from '../harness.mjs';

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

test('what cannot be cloned is named', () => {
  // It was "unsupported type for structured data".
  function f() {}
  class Mine extends WeakMap {}
  for (const [value, text] of [
    [f, 'function f() {} could not be cloned.'],
    [{ deep: [() => 1] }, '() => 1 could not be cloned.'],
    [Symbol('s'), 'Symbol(s) could not be cloned.'],
    [[Symbol('s')], 'Symbol(s) could not be cloned.'],
    [new WeakMap(), '#<WeakMap> could not be cloned.'],
    [new Mine(), '#<Mine> could not be cloned.'],
    [Promise.resolve(), '#<Promise> could not be cloned.'],
    [new Error('e', { cause: { deep: f } }), 'function f() {} could not be cloned.'],
  ])
    throws(() => structuredClone(value), { name: 'DataCloneError', message: text });
  const circle = new Error('circle');
  circle.cause = [circle, f];
  throws(() => structuredClone(circle), { name: 'DataCloneError' });
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

test('Blob, File and DOMException are cloned, wherever they stand', async () => {
  // To the engine they are plain objects, and that is what came out.
  const file = new File(['inside'], 'n.txt', { type: 'text/plain', lastModified: 5 });
  const blob = new Blob(['ab'], { type: 'x/y' });
  const copy = structuredClone({ file, list: [blob, blob], map: new Map([['k', blob]]), error: new DOMException('m', 'AbortError') });
  ok(copy.file instanceof File);
  equal(copy.file.name, 'n.txt');
  equal(copy.file.type, 'text/plain');
  equal(copy.file.lastModified, 5);
  equal(await copy.file.text(), 'inside');
  notEqual(copy.list[0], blob);
  equal(copy.list[0], copy.list[1]);
  equal(copy.map.get('k'), copy.list[0]);
  equal(await copy.list[0].text(), 'ab');
  equal(copy.list[0].type, 'x/y');
  ok(copy.error instanceof DOMException);
  equal(copy.error.name, 'AbortError');
  equal(copy.error.message, 'm');
  equal(copy.error.code, 20);
});

test('instances of other interfaces cannot be cloned', () => {
  const values = [
    new Headers(),
    new URL('a:b'),
    new URLSearchParams(),
    new Response('x'),
    new Request('http://localhost/'),
    new FormData(),
    new ReadableStream(),
    new AbortController().signal,
    new EventTarget(),
    new Event('x'),
  ];
  for (const value of values) throws(() => structuredClone({ deep: [value] }), { name: 'DataCloneError' });
  throws(() => structuredClone(new Error('e', { cause: new Headers() })), { name: 'DataCloneError' });
});

test('what stands on the prototypes does not reach into a clone', () => {
  Object.defineProperty(Object.prototype, 'polluted', { set: () => fail('a setter of Object.prototype ran'), configurable: true });
  try {
    const value = JSON.parse('{"polluted": 1, "__proto__": {"a": 2}}');
    const copy = structuredClone(value);
    deepEqual(Object.keys(copy), ['polluted', '__proto__']);
    equal(Object.getPrototypeOf(copy), Object.prototype);
  } finally {
    delete Object.prototype.polluted;
  }
});

test('a graph deeper than the stack, sparse arrays with names, maps in themselves', () => {
  let deep = {};
  for (let i = 0; i < many(100_000); i += 1) deep = { deep };
  let copy = structuredClone(deep);
  let depth = 0;
  for (; copy.deep; copy = copy.deep) depth += 1;
  equal(depth, many(100_000));
  const list = [1];
  list[3] = 2;
  list.name = 'v';
  const other = structuredClone(list);
  equal(other.length, 4);
  equal(1 in other, false);
  equal(other.name, 'v');
  const map = new Map();
  map.set(map, new Set([map]));
  const twin = structuredClone(map);
  ok(twin.get(twin).has(twin));
});

test('views keep their buffer, their class, and whether they grow', () => {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  const value = { buffer, all: new Uint8Array(buffer), part: new Int16Array(buffer, 2, 2), data: new DataView(buffer, 1) };
  const copy = structuredClone(value);
  equal(copy.all.buffer, copy.buffer);
  equal(copy.part.buffer, copy.buffer);
  equal(copy.part.byteOffset, 2);
  copy.buffer.resize(16);
  equal(copy.all.length, 16);
  equal(copy.part.length, 2);
  equal(copy.data.byteLength, 15);
  const plain = new Uint8Array([1, 2, 3]);
  const moved = structuredClone({ map: new Map([[plain, plain.buffer]]) }, { transfer: [plain.buffer] });
  const [[view, its]] = moved.map;
  equal(view.buffer, its);
  equal(view[2], 3);
  equal(plain.length, 0);
});

test('getters run from the outside in and from first to last, once each, however deep they stand', () => {
  // Down to a depth the walk calls itself, below it iterates: the order must not tell.
  const seen = [];
  const watched = (name, value) => ({
    get first() {
      seen.push(`${name}.first`);
      return value;
    },
    get second() {
      seen.push(`${name}.second`);
      return name;
    },
  });
  let deep = watched('leaf', 1);
  for (let i = 0; i < 200; i += 1) deep = i % 50 === 49 ? watched(`n${i}`, [deep]) : { deep: [deep] };
  const copy = structuredClone(deep);
  deepEqual(seen, [
    ...['n199', 'n149', 'n99', 'n49', 'leaf'].map((name) => `${name}.first`),
    ...['leaf', 'n49', 'n99', 'n149', 'n199'].map((name) => `${name}.second`),
  ]);
  equal(copy.first[0].deep[0].deep[0].deep.length, 1);
  let endless = {};
  for (let i = 0; i < many(100_000); i += 1) endless = { endless };
  ok(structuredClone(endless).endless !== undefined);
});

test('an array has the elements that it had when its turn came', () => {
  const list = [
    {
      get grows() {
        list.push('new');
        delete list[1];
        return 1;
      },
    },
    'deleted',
    'kept',
  ];
  const copy = structuredClone(list);
  equal(copy.length, 3);
  equal(1 in copy, false);
  equal(copy[2], 'kept');
  const named = structuredClone(Object.assign([1, 2], { name: 'x', __proto__: null }));
  deepEqual(Object.keys(named), ['0', '1', 'name']);
});

test('a chain of causes is cloned once, and left as it was', () => {
  // Each error of the chain was cloned with all that was behind it: 4,000 took 17 seconds.
  let last = new Error('first');
  for (let i = 0; i < many(20_000); i += 1) last = new Error('next', { cause: last });
  let copy = structuredClone(last);
  let length = 0;
  for (; copy.cause !== undefined; copy = copy.cause) length += 1;
  equal(length, many(20_000));
  equal(copy.message, 'first');
  ok(last.cause instanceof Error);
  const fixed = Object.freeze(new TypeError('frozen', { cause: { a: 1 } }));
  deepEqual(structuredClone(fixed).cause, { a: 1 });
  equal(structuredClone(new Error('x', { cause: 5 })).cause, 5);
});

test('what was only given the prototype of something that can be cloned is a plain object', () => {
  const value = Object.setPrototypeOf({ a: 1 }, DOMException.prototype);
  deepEqual(structuredClone(value), { a: 1 });
  equal(structuredClone(value) instanceof DOMException, false);
  equal(structuredClone(Object.create(Blob.prototype)) instanceof Blob, false);
});

await run();
