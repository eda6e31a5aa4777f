// Nothing of the built-in modules breaks when a program replaces the language's own methods: all of them throw while the modules are used.
// What the calls gave is looked at when the methods are back.
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import EventEmitter, { on, once } from 'node:events';
import fs from 'node:fs';
import { open, readFile, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import timers from 'node:timers/promises';
import util from 'node:util';
import { test, run, equal } from '../harness.mjs';

const folder = fs.mkdtempSync(`${os.tmpdir()}/twinloop-primordials-`);
const { setTimeout, setImmediate, clearTimeout, queueMicrotask, structuredClone, console, process, performance, atob, btoa, DOMException } =
  globalThis;
// Made before, as the constructors of collections look up methods of the language themselves.
const map = new Map([[1, 2]]);
const set = new Set([3]);
const alike = () => ({ a: [1, { b: new Map([[{}, 1]]) }], s: new Set([[1]]) });
const left = alike();
const right = alike();
const written = [];
const write = process.stdout.write;

/** What is called while every method throws, by name. */
const uses = {
  'console.log': () => console.log('text', { a: [1, 'x', map, set], f: function f() {} }, 'more %s', 5),
  'console.log with a template': () => console.log('%s %d %i %f %j %o %O %%', 'a', 1, 2, 3, { a: 1 }, [1], { b: 2 }),
  'console.table': () => console.table([{ a: 1, b: 2 }, { a: 3 }]),
  'console.group, count, time': () => {
    console.group('g');
    console.count();
    console.time('t');
    console.timeLog('t', 1);
    console.timeEnd('t');
    console.groupEnd();
    console.countReset();
  },
  'inspect of errors': () => util.inspect(new TypeError('x', { cause: new Error('y') })),
  'inspect of classes and functions': () =>
    util.inspect([
      class A {},
      async () => {},
      function* g() {},
      Symbol('s'),
      /x/g,
      new Date(0),
      new Uint8Array(3),
      new ArrayBuffer(2),
      Promise.prototype,
      new WeakMap(),
      10n,
      -0,
      "it's",
    ]),
  'inspect with every option': () =>
    util.inspect(
      { a: { b: { c: {} } }, 'd-e': 1 },
      { showHidden: true, depth: 5, colors: true, sorted: true, compact: false, numericSeparator: true },
    ),
  'inspect of a long list': () => util.inspect(Array(200)),
  'inspect of numbers in columns': () => util.inspect([1000000, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  'util.format': () => util.format('%s is %d', 'x', 5, 'rest', { a: 1 }),
  'util.styleText': () => util.styleText(['bold', 'red'], 'x', { validateStream: false }),
  'util.isDeepStrictEqual': () => util.isDeepStrictEqual(left, right),
  'util.stripVTControlCharacters': () => util.stripVTControlCharacters('\u001b[31mx\u001b[39m'),
  'util.types': () =>
    util.types.isMap(new Map()) && util.types.isUint8Array(new Uint8Array(1)) && util.types.isAsyncFunction(async () => {}),
  'util.promisify': () => util.promisify((value, callback) => callback(null, value))(5),
  'util.promisify(setTimeout)': () => util.promisify(setTimeout)(1, 'v'),
  'util.callbackify': () => new Promise((resolve) => util.callbackify(async () => 5)((_, value) => resolve(value))),
  'util.deprecate, inherits, debuglog': () => {
    util.inherits(
      function A() {},
      function B() {},
    );
    util.debuglog('nobody')('x');
    return util.deprecate(() => 5, 'old', 'DEP_PRIMORDIALS')();
  },
  'assert, passing': () => {
    assert(true);
    assert.deepStrictEqual([1, { a: 2 }], [1, { a: 2 }]);
    assert.throws(() => {
      throw new TypeError('x');
    }, /x/);
    assert.throws(() => null.x, TypeError);
    assert.match('abc', /b/);
  },
  'assert, failing': () => {
    try {
      assert.deepStrictEqual({ a: 1 }, { a: 2 });
    } catch (error) {
      return error.code;
    }
    return undefined;
  },
  'assert.rejects': () =>
    assert.rejects(async () => {
      throw new Error('x');
    }, /x/),
  'Buffer to text and back': () => {
    let text = '';
    for (let index = 0; index < encodings.length; index += 1) {
      const encoding = encodings[index];
      text += Buffer.from(Buffer.from('héllo €').toString(encoding), encoding).toString() + Buffer.byteLength('é', encoding);
    }
    return text;
  },
  'Buffer methods': () => {
    const buffer = Buffer.alloc(16, 'ab');
    buffer.writeUInt32BE(5, 0);
    buffer.writeDoubleLE(1.5, 4);
    buffer.writeBigInt64BE(-5n, 8);
    buffer.write('xyz', 2, 'latin1');
    buffer.fill('q', 12);
    buffer.copy(buffer, 0, 8, 10);
    buffer.swap16();
    buffer.equals(Buffer.from(buffer));
    Buffer.compare(buffer, buffer.subarray(1));
    return `${buffer.indexOf('q')} ${buffer.lastIndexOf(Buffer.from('q'))} ${buffer.readUInt16LE(3)} ${Buffer.concat([buffer, buffer]).length} ${buffer.slice(2, -2).length} ${util.inspect(buffer)} ${buffer.toJSON().data.length}`;
  },
  'Buffer errors': () => {
    try {
      return Buffer.alloc(1).writeUInt8(300);
    } catch (error) {
      return error.code + error.stack;
    }
  },
  'invalid types': () => {
    try {
      return Buffer.from(5);
    } catch (error) {
      return error.message;
    }
  },
  EventEmitter: () => {
    const emitter = new EventEmitter({ captureRejections: true });
    let count = 0;
    const listener = () => (count += 1);
    emitter.on('a', listener);
    emitter.once('a', listener);
    emitter.prependListener('a', listener);
    emitter.emit('a', 1, 2);
    emitter.off('a', listener);
    emitter.listeners('a');
    emitter.eventNames();
    emitter.removeAllListeners();
    return count;
  },
  'events.once and on': async () => {
    const emitter = new EventEmitter();
    setTimeout(() => emitter.emit('a', 5), 1);
    const given = await once(emitter, 'a');
    setTimeout(() => {
      emitter.emit('b', 1);
      emitter.emit('end');
    }, 1);
    let count = given[0];
    const iterator = on(emitter, 'b', { close: ['end'] });
    for (;;) {
      const step = await iterator.next();
      if (step.done) return count;
      count += step.value[0];
    }
  },
  path: () =>
    [
      path.join('a', '..', 'b', 'c.txt'),
      path.resolve('/a', '../b'),
      path.relative('/a/b', '/a/c'),
      path.parse('/x/y.tar.gz').ext,
      path.format({ dir: '/a', name: 'b', ext: 'c' }),
      path.basename('/a/b.c', '.c'),
      path.dirname('/a/b/'),
      path.normalize('/a/./b//c/..'),
    ][0],
  'node:os': () => os.tmpdir() + os.cpus().length + os.userInfo().uid + os.hostname() + os.homedir(),
  'fs, waiting': () => {
    const file = `${folder}/a`;
    fs.writeFileSync(file, 'text');
    fs.appendFileSync(file, Buffer.from(' more'));
    fs.statSync(file, { bigint: true });
    fs.readdirSync(folder, { withFileTypes: true, recursive: true });
    fs.existsSync(file);
    const fd = fs.openSync(file, 'r+');
    fs.readSync(fd, Buffer.alloc(4), 0, 4, 0);
    fs.writeSync(fd, 'x', 0);
    fs.closeSync(fd);
    return fs.readFileSync(file, 'utf8');
  },
  'fs, errors': () => {
    try {
      return fs.readFileSync('/no/such/file');
    } catch (error) {
      return error.code;
    }
  },
  'fs, callbacks': () => new Promise((resolve) => fs.readFile(`${folder}/a`, 'utf8', (_, text) => resolve(text))),
  'fs, promises': async () => {
    const handle = await open(`${folder}/b`, 'w+');
    await handle.write('one\ntwo\n');
    await handle.close();
    await readFile(`${folder}/b`);
    await fs.promises.rm(`${folder}/b`);
    return (await readdir(folder)).length;
  },
  'timers/promises': async () => {
    await timers.setImmediate();
    await timers.setTimeout(1, 'v');
    const iterator = timers.setInterval(1, 'tick');
    const { value } = await iterator.next();
    await iterator.return();
    return value;
  },
  timers: () =>
    new Promise((resolve) => {
      clearTimeout(setTimeout(() => {}, 5));
      setImmediate((a) => queueMicrotask(() => setTimeout(resolve, 1, a)), 'given');
    }),
  'process.nextTick': () => new Promise((resolve) => process.nextTick(resolve, 'tick')),
  process: () => {
    process.env.PRIMORDIALS = 5;
    delete process.env.PRIMORDIALS;
    process.hrtime(process.hrtime());
    process.hrtime.bigint();
    process.memoryUsage();
    const listener = () => {};
    process.on('SIGUSR2', listener);
    process.off('SIGUSR2', listener);
    return process.cwd() + process.uptime();
  },
  performance: () => {
    performance.mark('m');
    performance.measure('n', 'm');
    const { length } = performance.getEntriesByType('measure');
    performance.clearMarks();
    performance.clearMeasures();
    return length;
  },
  'atob, btoa': () => atob(btoa('text')),
  structuredClone: () => structuredClone({ a: [1, map] }).a[0],
  DOMException: () => `${new DOMException('m', 'AbortError').code}${new DOMException('m').name}`,
};
const encodings = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'utf16le'];

/** Every method of the language, as { holder, key, descriptor }. */
function methodsOfTheLanguage() {
  const found = [];
  const iterators = [[][Symbol.iterator](), new Map().entries(), new Set().values(), ''[Symbol.iterator](), 'x'.matchAll(/x/g)];
  const holders = [Reflect, JSON, Math, ...iterators.map((iterator) => Object.getPrototypeOf(iterator))];
  const classes = [
    Object,
    Function,
    Array,
    String,
    Number,
    Boolean,
    BigInt,
    Symbol,
    RegExp,
    Date,
    Error,
    Promise,
    Map,
    Set,
    WeakMap,
    WeakSet,
    WeakRef,
    FinalizationRegistry,
    ArrayBuffer,
    DataView,
    Uint8Array,
    Object.getPrototypeOf(Uint8Array),
    Proxy,
  ];
  for (const Class of classes) holders.push(Class, Class.prototype);
  for (const holder of holders.filter((each) => each !== undefined)) {
    for (const key of Reflect.ownKeys(holder)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
      const isMethod = typeof descriptor.value === 'function' && key !== 'constructor' && descriptor.configurable;
      // The language itself calls these: an error in them is the program's own.
      const isOfLanguage = key === Symbol.toPrimitive || key === Symbol.hasInstance || key === Symbol.species;
      if (isMethod && !isOfLanguage) found.push({ holder, key, descriptor });
    }
  }
  return found;
}

process.stdout.write = (text) => {
  written[written.length] = text;
  return true;
};
const { defineProperty } = Reflect;
const all = methodsOfTheLanguage();
const names = Object.keys(uses);
const outcomes = {};
for (let index = 0; index < names.length; index += 1) {
  const name = names[index];
  for (let at = 0; at < all.length; at += 1) {
    const { holder, key } = all[at];
    const thrower = () => {
      throw new Error(typeof key === 'symbol' ? 'a method under a symbol was called' : `${key} was called`);
    };
    defineProperty(holder, key, { value: thrower, writable: true, configurable: true });
  }
  let outcome;
  try {
    outcome = { value: await uses[name]() };
  } catch (error) {
    outcome = { error };
  }
  for (let at = 0; at < all.length; at += 1) defineProperty(all[at].holder, all[at].key, all[at].descriptor);
  outcomes[name] = outcome;
}
process.stdout.write = write;
fs.rmSync(folder, { recursive: true });

for (const name of names) {
  test(`${name} needs no method that a program may replace`, () => {
    const { error } = outcomes[name];
    if (error !== undefined) throw error;
  });
}

test('and gives what it always gives', () => {
  equal(outcomes['util.format'].value, 'x is 5 rest { a: 1 }');
  equal(outcomes['util.isDeepStrictEqual'].value, true);
  equal(outcomes['fs, waiting'].value, 'xext more');
  equal(outcomes.EventEmitter.value, 3);
  equal(outcomes['events.once and on'].value, 6);
  equal(outcomes['timers/promises'].value, 'tick');
  equal(outcomes['atob, btoa'].value, 'text');
  equal(outcomes.DOMException.value, '20Error');
  equal(written[0], "text { a: [ 1, 'x', Map(1) { 1 => 2 }, Set(1) { 3 } ], f: [Function: f] } more %s 5\n");
});

await run();
