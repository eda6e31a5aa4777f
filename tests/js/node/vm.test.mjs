// `node:vm`: contexts whose global stands for an object, and scripts that run in them.
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import vm from 'node:vm';
import { test, run, equal, ok, deepEqual, rejects, throws } from '../harness.mjs';

/** What the call throws; the error may be of another realm. */
function thrown(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  return {};
}

test("what a script declares and assigns is the object's, and the other way round", () => {
  const object = { a: 1 };
  equal(vm.createContext(object), object);
  ok(vm.isContext(object) && !vm.isContext({}));
  equal(vm.runInContext('var b = a + 1; globalThis.c = 3; d = 4; let e = 5; function f() { return e; } this === globalThis', object), true);
  deepEqual({ ...object, f: object.f() }, { a: 1, b: 2, c: 3, d: 4, f: 5 });
  object.g = 6;
  equal(vm.runInContext('b + e + g', object), 13);
  equal(vm.runInContext('typeof nothing', object), 'undefined');
  equal(thrown(() => vm.runInContext('nothing', object)).name, 'ReferenceError');
  object.Date = 'mine';
  equal(vm.runInContext('Date', object), 'mine');
});

test('a context has the language of its own, and nothing of ours', () => {
  const context = vm.createContext();
  ok(vm.runInContext('Array', context) !== Array);
  ok(vm.runInContext('[]', context) instanceof vm.runInContext('Array', context));
  equal(
    vm.runInContext('typeof process + typeof URL + typeof setTimeout + typeof WebAssembly', context),
    'undefinedundefinedundefinedobject',
  );
  const plain = vm.createContext(vm.constants.DONT_CONTEXTIFY);
  equal(vm.runInContext('var q = 1; globalThis.z = 2; q + z', plain), 3);
  deepEqual([plain.q, plain.z], [1, 2]);
});

test('promises of a context are awaited outside, and its jobs run in it', async () => {
  equal(
    await vm.runInNewContext(
      '(async () => { await null; return await new Promise((resolve) => later(() => resolve(Array)), 1) === Array; })()',
      { later: setTimeout },
    ),
    true,
  );
  const error = await vm.runInNewContext('Promise.reject(new RangeError("there"))').catch((reason) => reason);
  ok(!(error instanceof RangeError) && error.name === 'RangeError');
});

test('scripts run in any context, with their file in the stack', () => {
  const script = new vm.Script('count = (typeof count === "undefined" ? 0 : count) + 1', { filename: 'counts.js' });
  const object = vm.createContext();
  equal(script.runInContext(object) + script.runInContext(object) + script.runInNewContext(), 4);
  equal(vm.runInThisContext('typeof process'), 'object');
  ok(thrown(() => vm.runInNewContext('\n\nnull.x', {}, { filename: 'faulty.js', lineOffset: 10 })).stack.includes('faulty.js:13'));
  equal(throws(() => new vm.Script('var ;'), SyntaxError).name, 'SyntaxError');
  const cached = script.createCachedData();
  equal(new vm.Script('other', { cachedData: cached }).cachedDataRejected, true);
});

test('a script that does not end is ended, and can be caught', () => {
  const runs = [
    () => vm.runInThisContext('for (;;);', { timeout: 10 }),
    () => vm.runInNewContext('for (;;);', {}, { timeout: 10 }),
    () => vm.runInThisContext('for (;;);', { timeout: 10, breakOnSigint: true }),
  ];
  for (const run of runs) {
    equal(thrown(run).code, 'ERR_SCRIPT_EXECUTION_TIMEOUT');
  }
  equal(vm.runInThisContext('1 + 1', { timeout: 1000 }), 2);
});

test('functions are compiled with parameters, extensions and a context', () => {
  equal(vm.compileFunction('return a + b', ['a', 'b'])(1, 2), 3);
  equal(vm.compileFunction('return a + b + c', ['c'], { contextExtensions: [{ a: 1, b: 1 }, { b: 2 }] })(3), 6);
  equal(vm.compileFunction('return a + Array.isArray([])', [], { parsingContext: vm.createContext({ a: 1 }) })(), 2);
  equal(throws(() => vm.compileFunction('}'), SyntaxError).name, 'SyntaxError');
});

test('a hundred contexts come and go', () => {
  for (let index = 0; index < 100; index += 1) equal(vm.runInNewContext('x * 2', { x: index }), index * 2);
});

test('wrong arguments throw what they throw in Node', () => {
  const code = (call) => throws(call, Error).code;
  equal(
    code(() => vm.createContext(1)),
    'ERR_INVALID_ARG_TYPE',
  );
  equal(
    code(() => vm.runInContext('1', {})),
    'ERR_INVALID_ARG_TYPE',
  );
  equal(
    code(() => new vm.Script('1', { lineOffset: 'x' })),
    'ERR_INVALID_ARG_TYPE',
  );
  equal(
    code(() => vm.runInThisContext('1', { timeout: 0 })),
    'ERR_OUT_OF_RANGE',
  );
  equal(
    code(() => vm.compileFunction('', [1])),
    'ERR_INVALID_ARG_TYPE',
  );
});

// Node wants a flag for these; here they are there.
if (vm.SourceTextModule !== undefined) {
  test('modules import what the program links them to', async () => {
    const context = vm.createContext({ seen: [] });
    const values = new vm.SyntheticModule(['a', 'a b'], () => values.setExport('a', 1), { context });
    const inner = new vm.SourceTextModule(
      'import { a, "a b" as other } from "values"; export const sum = () => a + other; seen.push("inner")',
      {
        context,
      },
    );
    values.setExport('a b', 2);
    const outer = new vm.SourceTextModule(
      'import { sum } from "inner" with { kind: "x" }; export default sum; export const at = import.meta.at',
      {
        context,
        identifier: 'vm:outer',
        initializeImportMeta: (meta, module) => {
          meta.at = module.identifier;
        },
      },
    );
    deepEqual(outer.dependencySpecifiers, ['inner']);
    equal(outer.moduleRequests[0].attributes.kind, 'x');
    equal(outer.status, 'unlinked');
    await outer.link(async (specifier) => (specifier === 'inner' ? inner : values));
    equal(inner.status, 'linked');
    equal(await outer.evaluate(), undefined);
    equal(outer.status, 'evaluated');
    equal(outer.namespace.default(), 3);
    equal(outer.namespace.at, 'vm:outer');
    values.setExport('a', 10);
    equal(outer.namespace.default(), 12);
    deepEqual([...context.seen], ['inner']);
  });

  test('modules keep the error that ended them, and may run out of time', async () => {
    const failing = new vm.SourceTextModule('throw new Error("no")');
    await failing.link(() => {});
    const reason = await failing.evaluate().catch((error) => error);
    equal(reason.message, 'no');
    equal(failing.status, 'errored');
    equal(failing.error, reason);
    const endless = new vm.SourceTextModule('for (;;);');
    await endless.link(() => {});
    equal((await endless.evaluate({ timeout: 20 }).catch((error) => error)).code, 'ERR_SCRIPT_EXECUTION_TIMEOUT');
    const wrong = new vm.SourceTextModule('import "x"');
    equal((await wrong.link(() => ({})).catch((error) => error)).code, 'ERR_VM_MODULE_NOT_MODULE');
  });
}

test('dynamic imports of scripts need a word from the program', async () => {
  const code = (promise) => promise.then(() => undefined).catch((error) => error.code);
  equal(await code(vm.runInThisContext('import("node:fs")')), 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING');
  const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  equal(typeof (await vm.runInThisContext('import("node:fs")', { importModuleDynamically })).readFileSync, 'function');
});

test('an error of a script shows its line, unless nobody wants to see it', () => {
  const lines = thrown(() => vm.runInNewContext('1;\n  throw new Error("no")', {}, 'mine.js')).stack.split('\n');
  deepEqual(lines.slice(0, 5), ['mine.js:2', '  throw new Error("no")', '  ^', '', 'Error: no']);
  const tabbed = thrown(() => vm.runInThisContext('\tthrow new Error("no")', 'mine.js')).stack;
  deepEqual(tabbed.split('\n').slice(1, 3), ['\tthrow new Error("no")', '\t^']);
  ok(thrown(() => new vm.Script('a b', 'bad.js')).stack.startsWith('bad.js:1\na b\n'));
  const plain = thrown(() => vm.runInNewContext('throw new Error("no")', {}, { filename: 'mine.js', displayErrors: false }));
  ok(plain.stack.startsWith('Error: no\n'));
  const moved = thrown(() => vm.runInNewContext(' throw new Error()', {}, { filename: 'at.js', lineOffset: 32, columnOffset: 123 }));
  ok(moved.stack.includes('at.js:33:131'), moved.stack);
});

test('a context may run its microtasks after its scripts alone, within their time', async () => {
  const microtaskMode = 'afterEvaluate';
  const log = [];
  const context = vm.createContext({ log }, { microtaskMode });
  vm.runInContext('Promise.resolve().then(() => log.push(1)); log.push(0)', context);
  deepEqual(log, [0, 1]);
  const promise = vm.runInContext(
    'Promise.resolve().then(() => log.push(2)); new Promise((resolve) => { globalThis.go = resolve; })',
    context,
  );
  vm.runInContext('0', context);
  promise.then(() => log.push('outside'));
  context.go();
  const { promise: turned, resolve } = Promise.withResolvers();
  setImmediate(resolve);
  await turned;
  const endless = 'Promise.resolve().then(() => { for (;;); })';
  equal(thrown(() => vm.runInNewContext(endless, {}, { microtaskMode, timeout: 20 })).code, 'ERR_SCRIPT_EXECUTION_TIMEOUT');
  deepEqual(log.slice(0, 3), [0, 1, 2]);
});

test('such microtasks, and those beside them, run in the asynchronous context that they began in', async () => {
  const storage = new AsyncLocalStorage();
  const log = [];
  const note = (what) => log.push([what, storage.getStore()]);
  const context = vm.createContext({ note, storage }, { microtaskMode: 'afterEvaluate' });
  const script = `
    Promise.resolve().then(() => note('as the script'));
    storage.run('own', () => Promise.resolve().then(() => note('of its own')));
    globalThis.later = () => Promise.resolve().then(() => note('from outside'));
    0`;
  storage.run('script', () => {
    Promise.resolve().then(() => note('before'));
    vm.runInContext(script, context);
    note('after');
  });
  deepEqual(log.splice(0), [
    ['as the script', 'script'],
    ['of its own', 'own'],
    ['after', 'script'],
  ]);
  storage.run('caller', () => context.later());
  storage.run('behind', () => Promise.resolve().then(() => note('behind')));
  await new Promise((resolve) => setImmediate(resolve));
  vm.runInContext('0', context);
  note('end');
  deepEqual(log, [
    ['before', 'script'],
    ['behind', 'behind'],
    ['from outside', 'caller'],
    ['end', undefined],
  ]);
});

test('a module that has not run is shown with what it will have', async () => {
  if (vm.SourceTextModule === undefined) return;
  const module = new vm.SourceTextModule('export const a = 1; export var b = 2;');
  await module.link(() => {});
  equal(inspect(module.namespace), '[Module: null prototype] { a: <uninitialized>, b: undefined }');
});

test('a callback for dynamic imports gives a module, a namespace, or a promise of either', async () => {
  const load = (given) => new vm.Script('import("x")', { importModuleDynamically: () => given }).runInThisContext();
  equal(typeof (await load(import('node:path'))).join, 'function');
  const module = new vm.SourceTextModule('export default 5');
  await module.link(() => {});
  await module.evaluate();
  deepEqual([(await load(module)).default, (await load(Promise.resolve(module))).default], [5, 5]);
  equal((await rejects(load(5), Error)).code, 'ERR_VM_MODULE_NOT_MODULE');
  equal((await rejects(load(Promise.reject(new Error('no'))), Error)).message, 'no');
  const context = vm.createContext({});
  const inside = vm.runInContext('import("x")', context, { importModuleDynamically: async () => await import('node:fs') });
  equal(typeof (await inside).readFileSync, 'function');
});

test('stacks in a context have the line with name and message, and prepareStackTrace', () => {
  const context = vm.createContext({});
  const heads = vm.runInContext(
    `function fail() { const error = new TypeError('said'); Error.captureStackTrace(error, fail); return error; }
    const other = { message: 'of an object' };
    Error.captureStackTrace(other);
    [fail().stack, new RangeError('new').stack, other.stack].map((stack) => stack.split('\\n')[0]);`,
    context,
  );
  deepEqual([...heads], ['TypeError: said', 'RangeError: new', 'Error: of an object']);
  const prepared = vm.runInContext(
    'Error.prepareStackTrace = (error, sites) => [error.message, sites.length > 0]; new Error("p").stack',
    context,
  );
  deepEqual([...prepared], ['p', true]);
  // One outside counts for contexts that have none: Jest maps the stacks of its tests so.
  Error.prepareStackTrace = (error, sites) => [`outside ${error.message}`, sites.length > 0];
  try {
    deepEqual(vm.runInContext('new Error("q").stack', vm.createContext({})), ['outside q', true]);
    deepEqual([...vm.runInContext('new Error("p").stack', context)], ['p', true]);
  } finally {
    delete Error.prepareStackTrace;
  }
  equal(typeof new Error('outside').stack, 'string');
});

test('a context may be forbidden to make code of strings or of WebAssembly', async () => {
  const noStrings = vm.createContext({}, { codeGeneration: { strings: false } });
  for (const code of [
    'eval("1")',
    '(0, eval)("1")',
    'new Function("return 1")',
    '(async () => {}).constructor("")',
    'globalThis.eval("1")',
  ]) {
    let thrown;
    try {
      vm.runInContext(code, noStrings);
    } catch (error) {
      thrown = error;
    }
    deepEqual([thrown?.name, thrown?.message], ['EvalError', 'Code generation from strings disallowed for this context'], code);
  }
  // What is no string is no code, and scripts are not made at run time.
  equal(vm.runInContext('eval([1]).length', noStrings), 1);
  throws(() => vm.runInNewContext('eval("1")', {}, { contextCodeGeneration: { strings: false } }), { name: 'EvalError' });
  const bytes = 'new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])';
  const noWasm = vm.createContext({}, { codeGeneration: { wasm: false } });
  equal(vm.runInContext('eval("1 + 1")', noWasm), 2);
  for (const code of [`new WebAssembly.Module(${bytes})`, `WebAssembly.compile(${bytes})`, `WebAssembly.instantiate(${bytes})`]) {
    const name = await (async () => vm.runInContext(code, noWasm))().then(
      () => 'made',
      (error) => error.name,
    );
    equal(name, 'CompileError', code);
  }
  equal(new Function('return 1')(), 1);
  ok(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module);
  equal(vm.runInNewContext('eval("2")', {}, { contextCodeGeneration: { strings: true } }), 2);
});

test('measureMemory tells what is taken', async () => {
  const { total } = await vm.measureMemory();
  ok(total.jsMemoryEstimate > 0 && total.jsMemoryRange[0] <= total.jsMemoryRange[1]);
  const detailed = await vm.measureMemory({ mode: 'detailed', execution: 'eager' });
  ok(detailed.current.jsMemoryEstimate > 0 && Array.isArray(detailed.other));
  throws(() => vm.measureMemory({ mode: 'all' }), { code: 'ERR_INVALID_ARG_VALUE' });
});

await run();
