// What programs do to the loader: hooks, `require.extensions`, `Module` itself; TypeScript, JSX, source maps and what else is no plain JavaScript.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire, findSourceMap, registerHooks, stripTypeScriptTypes } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { deepEqual, equal, match, ok, rejects, run, test } from '../harness.mjs';

const isNode = typeof process.versions.v8 === 'string' && process.release?.name === 'node' && !process.execPath.includes('twinloop');
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'loaders-')));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

/** @param {Record<string, string>} files */
function write(files) {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

/** @param {string} program @param {string[]} options */
function start(program, ...options) {
  const ended = spawnSync(process.execPath, [...options, path.join(folder, program)], { encoding: 'utf8', cwd: folder });
  return { out: ended.stdout, err: ended.stderr, status: ended.status };
}

/** @param {string} text in which an error is thrown at `line` of a source */
function withMap(text, source, line) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const mappings = `AA${digits[(line - 1) * 2]}A`;
  const map = { version: 3, sources: [source], names: [], mappings, sourcesContent: [] };
  return `${text}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`;
}

test('modules are of the class that node:module exports, before and after it is loaded', () => {
  write({
    'main.cjs': `
      const before = require('./child.cjs');
      const Module = module.constructor;
      console.log(JSON.stringify([
        module instanceof Module, Module === require('module'), before.isModule(Module), require.main === module, module.parent,
        module.children.length, module.children[0].parent === module, Object.keys(require.extensions).slice(0, 3),
        require.cache[require.resolve('./child.cjs')].loaded, module.paths[0], module.id,
      ]));`,
    'child.cjs': 'exports.isModule = (Module) => module instanceof Module;',
  });
  const { out, err } = start('main.cjs');
  const expected = [true, true, true, true, null, 1, true, ['.js', '.json', '.node'], true, path.join(folder, 'node_modules'), '.'];
  deepEqual(JSON.parse(out || `"${err}"`), expected);
});

test('require.extensions, _load, _resolveFilename, _compile and wrap are what programs make them', () => {
  write({
    'patched.cjs': `
      const Module = require('module');
      require.extensions['.txt'] = (module, file) => { module.exports = require('fs').readFileSync(file, 'utf8'); };
      const seen = [require('./note')];
      const compile = Module.prototype._compile;
      Module.prototype._compile = function (text, file) { return compile.call(this, text.replace('ONE', '1'), file); };
      seen.push(require('./one.js'));
      Module.prototype._compile = compile;
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (request, ...more) { return resolve.call(this, request === 'alias' ? './two.js' : request, ...more); };
      seen.push(require('alias'));
      const load = Module._load;
      Module._load = function (request) { return request === 'virtual' ? 'v' : load.apply(this, arguments); };
      seen.push(require('virtual'));
      const wrap = Module.wrap;
      Module.wrap = (text) => wrap(text.replace('THREE', '3'));
      seen.push(require('./three.js'));
      console.log(JSON.stringify(seen));`,
    'note.txt': 'text',
    'one.js': 'module.exports = ONE',
    'two.js': 'module.exports = 2',
    'three.js': 'module.exports = THREE',
  });
  const { out, err } = start('patched.cjs');
  equal(out.trim(), '["text",1,2,"v",3]', err);
});

test('what a hook of require does to the program itself holds for it', () => {
  write({
    'hook.cjs': `
      const old = require.extensions['.js'];
      require.extensions['.js'] = (module, file) => {
        const compile = module._compile;
        module._compile = function (text, name) { compile.call(this, text.replace('HERE', JSON.stringify('there')), name); };
        old(module, file);
      };`,
    'hooked.js': 'console.log(HERE, require.main === module);',
  });
  equal(start('hooked.js', '--require', './hook.cjs').out, 'there true\n');
});

test('registerHooks changes what import and require find and read', async () => {
  write({ 'value.cjs': 'exports.value = 1', 'value.mjs': 'export const value = 1', 'twin.mjs': 'export const twin = [1]' });
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      return specifier === 'made:up' ? { url: 'made:up', format: 'module', shortCircuit: true } : next(specifier, context);
    },
    load(url, context, next) {
      if (url === 'made:up') return { format: 'module', source: 'export default "made up"', shortCircuit: true };
      const loaded = next(url, context);
      return /value\.cjs|twin\.mjs/.test(url) ? { ...loaded, source: `${loaded.source}`.replace('1', '2') } : loaded;
    },
  });
  const require = createRequire(import.meta.url);
  equal((await import('made:up')).default, 'made up');
  equal(require(path.join(folder, 'value.cjs')).value, 2);
  equal((await import(pathToFileURL(path.join(folder, 'value.mjs')).href)).value, 1);
  const { twin } = await import(pathToFileURL(path.join(folder, 'twin.mjs')).href);
  equal(twin[0], 2);
  equal(require(path.join(folder, 'twin.mjs')).twin, twin);
  hooks.deregister();
  const failed = await import('made:again').catch((error) => error);
  equal(failed.code, 'ERR_UNSUPPORTED_ESM_URL_SCHEME');
});

test('a folder may be what requests are relative to', () => {
  write({ 'of-a-folder/value.cjs': 'module.exports = 7', 'of-a-folder/node_modules/seven/index.js': 'module.exports = 77' });
  const base = path.join(folder, 'of-a-folder/');
  for (const place of [base, pathToFileURL(base), pathToFileURL(base).href]) {
    const require = createRequire(place);
    deepEqual([require('./value.cjs'), require('seven')], [7, 77]);
  }
});

test('what hooks give is read in the format that they say, whatever the file is called', async () => {
  write({ 'given.odd': '', 'json.odd': '', 'view.tsx': 'export const text: string = typeof (<b />);\nexport const one = "HERE";' });
  write({ 'node_modules/react/package.json': '{ "name": "react" }', 'node_modules/react/jsx-runtime.js': 'exports.jsx = () => 1;' });
  const hooks = registerHooks({
    load(url, context, next) {
      if (url.endsWith('given.odd'))
        return { format: 'commonjs-typescript', source: 'const a: number = 1; exports.a = a;', shortCircuit: true };
      if (url.endsWith('json.odd')) return { format: 'json', source: new TextEncoder().encode('{ "b": 2 }'), shortCircuit: true };
      const loaded = next(url, context);
      return url.endsWith('view.tsx') ? { ...loaded, source: `${loaded.source}`.replace('HERE', 'there') } : loaded;
    },
  });
  const require = createRequire(import.meta.url);
  equal(require(path.join(folder, 'given.odd')).a, 1);
  equal(require(path.join(folder, 'json.odd')).b, 2);
  if (!isNode) {
    const { one, text } = await import(pathToFileURL(path.join(folder, 'view.tsx')).href);
    deepEqual([one, text], ['there', 'number']);
    equal((await import('data:text/typescript,export const c: number = 3')).c, 3);
  }
  hooks.deregister();
});

test('register runs hooks in a thread, which imports wait for', () => {
  write({
    'hooks.mjs': `
      let data;
      export async function initialize(given) { data = given; }
      export async function resolve(specifier, context, next) {
        return specifier === 'made:up' ? { url: specifier, shortCircuit: true } : next(specifier, context);
      }
      export async function load(url, context, next) {
        if (url !== 'made:up') return next(url, context);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { format: 'module', source: 'export default ' + JSON.stringify(data), shortCircuit: true };
      }`,
    'registered.mjs': `
      import { register } from 'node:module';
      register('./hooks.mjs', import.meta.url, { data: [1, 2] });
      console.log(JSON.stringify((await import('made:up')).default), (await import('node:path')).sep);`,
  });
  const { out, err } = start('registered.mjs');
  equal(out, '[1,2] /\n', err);
});

test('what is imported before the program has the program imported as well, as tsx expects', () => {
  write({
    'first.mjs': `
      import { registerHooks } from 'node:module';
      const told = (kind, ...all) => console.log(kind, ...all.map((each) => (typeof each === 'string' ? each.split('/').pop() : each)));
      registerHooks({
        resolve(specifier, context, next) {
          const found = next(specifier, context);
          if (context.parentURL === undefined) told('resolve', specifier, context.conditions.includes('import'));
          return found;
        },
        load(url, context, next) {
          const loaded = next(url, context);
          if (!context.conditions.includes('import')) return loaded;
          told('load', url, loaded.format, loaded.responseURL);
          if (url.endsWith('.odd.ts')) return { ...loaded, format: 'module', source: 'await null; console.log("made", typeof require, import.meta.main ?? true)' };
          return loaded;
        },
      });`,
    'program.odd.ts': 'never',
    'program.mjs': 'await null; console.log("as it is", typeof require);',
    'program.cjs': 'console.log("CommonJS", require.main === module, require("./needed.cjs"));',
    'needed.cjs': 'module.exports = module.parent.filename === __filename.replace("needed", "program");',
  });
  const lines = ['program.odd.ts', 'program.mjs', 'program.cjs'].map((program) => {
    const { out, err } = start(program, '--import', pathToFileURL(path.join(folder, 'first.mjs')).href);
    return [...out.trim().split('\n'), ...(err ? [err] : [])];
  });
  deepEqual(lines, [
    ['resolve program.odd.ts true', 'load program.odd.ts commonjs-typescript program.odd.ts', 'made undefined true'],
    ['resolve program.mjs true', 'load program.mjs module program.mjs', 'as it is undefined'],
    ['resolve program.cjs true', 'load program.cjs commonjs program.cjs', 'CommonJS true true'],
  ]);
});

test('a hook that never answers fails the import, and the program goes on', () => {
  write({
    'never.mjs':
      'export function resolve(specifier, context, next) { return specifier === "x:y" ? new Promise(() => {}) : next(specifier, context); }',
    'waits.mjs': `
      import { register } from 'node:module';
      register('./never.mjs', import.meta.url);
      await import('x:y').catch((error) => console.log(error.code));`,
  });
  equal(start('waits.mjs').out, 'ERR_ASYNC_LOADER_REQUEST_NEVER_SETTLED\n');
});

test('the source map of a file is found, and read without an option', () => {
  write({ 'lib/made.cjs': withMap('exports.fail = () => { throw new Error("x"); };', '../source.ts', 7) });
  const file = path.join(folder, 'lib/made.cjs');
  const { fail } = createRequire(import.meta.url)(file);
  let stack = '';
  try {
    fail();
  } catch (error) {
    stack = error.stack;
  }
  if (isNode) return;
  ok(stack.includes(`${path.join(folder, 'source.ts')}:7:1`), stack);
  const entry = findSourceMap(file)?.findEntry(0, 0);
  deepEqual([entry?.originalSource, entry?.originalLine], ['../source.ts', 6]);
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites[0].getFileName();
  try {
    fail();
  } catch (error) {
    equal(error.stack, file);
  }
  Error.prepareStackTrace = prepare;
});

test('the source map of what hooks give is found too', () => {
  write({ 'lib/given.cjs': '' });
  const file = path.join(folder, 'lib/given.cjs');
  const source = withMap('exports.fail = () => { throw new Error("x"); };', '../source.ts', 7);
  const hooks = registerHooks({
    load: (url, context, next) => (url.endsWith('given.cjs') ? { format: 'commonjs', source, shortCircuit: true } : next(url, context)),
  });
  const { fail } = createRequire(import.meta.url)(file);
  hooks.deregister();
  if (isNode) return;
  let stack = '';
  try {
    fail();
  } catch (error) {
    stack = error.stack;
  }
  ok(stack.includes(`${path.join(folder, 'source.ts')}:7:1`), stack);
});

// pyodide looks for its WebAssembly beside the file that its stack names; its map made that one of a source that nobody installs.
test('stacks have the places of the files of packages, and those of their sources where a program asks for them', () => {
  write({
    'node_modules/mapped/index.js': withMap('module.exports = () => { throw new Error("x"); };', 'source.ts', 7),
    'asks.cjs': `
      require('node:module').setSourceMapsSupport(true, { nodeModules: process.argv[2] === 'all' });
      try {
        require('mapped')();
      } catch (error) {
        console.log(error.stack.split('\\n')[1].replace(/.*mapped./, ''));
      }`,
  });
  match(start('asks.cjs').out, /^index\.js:1:/);
  const all = spawnSync(process.execPath, [path.join(folder, 'asks.cjs'), 'all'], { encoding: 'utf8' });
  match(all.stdout, /^source\.ts:7:/);
});

test('an ES module that was required is not read again', () => {
  write({
    'once.js': 'export const a = {};',
    'twice.cjs': `
      const first = require('./once.js');
      require('fs').writeFileSync(__dirname + '/once.js', 'exports.a = 1');
      console.log(require('./once.js').a === first.a);`,
  });
  const { out, err } = start('twice.cjs');
  equal(out, 'true\n', err);
});

test('an uncaught error shows the line of the source', () => {
  write({
    'source.ts': 'one\ntwo\nthrow three\n',
    'mapped.cjs': withMap('throw new Error("x");', 'source.ts', 3),
    'plain.cjs': '\n\tfunction f() { throw new TypeError("boom"); }\nf();',
    'thrown.cjs': 'throw { a: 1 }',
    'syntax.mjs': 'export const a = ;',
  });
  if (isNode) return;
  match(start('mapped.cjs').err, /source\.ts:3\nthrow three\n\^\n\nError: x\n {4}at .*source\.ts:3:1/);
  match(
    start('plain.cjs').err,
    /plain\.cjs:2\n\tfunction f\(\) { throw new TypeError\("boom"\); }\n\t {15}\^\n\nTypeError: boom\n {4}at f /,
  );
  match(start('thrown.cjs').err, /^\n.*thrown\.cjs:1\nthrow { a: 1 }\n\^\n{ a: 1 }\n$/);
  match(start('syntax.mjs').err, /syntax\.mjs:1\nexport const a = ;\n {17}\^\n\nSyntaxError: /);
  match(start('thrown.cjs', '--trace-uncaught').err, /Thrown at:\n {4}at .*thrown\.cjs:1:\d+/);
});

test('TypeScript that has a meaning at run time', () => {
  write({
    'ts/legacy/tsconfig.json':
      '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true, "target": "es2020" } }',
    'ts/legacy/main.ts': `
      const seen: unknown[] = [];
      Reflect.metadata = (key: string, value: any) => { seen.push(key, [value].flat().map((it) => it?.name)); return () => {}; };
      const mark = (...given: any[]) => { seen.push(given.length); };
      @mark class A { constructor(@mark private a: string) {} @mark b!: Date; @mark c(d: number): void {} }
      console.log(JSON.stringify(seen), Object.keys(new A('x')).join());`,
    'ts/main.ts': `
      namespace Outer { export const one = 1; export namespace Inner { export function two() { return one + 1; } } }
      import two = Outer.Inner.two;
      import fs = require('node:fs');
      enum E { A = 1 << 2, B = A | 1, C = 'x'.length }
      class P { accessor q: number = 5; constructor(readonly r: string) {} }
      console.log(two(), typeof fs.readFileSync, E.B, E[4], E.C, new P('r').q, new P('r').r);
      export {};`,
    'ts/standard.ts': `
      const log: unknown[] = [];
      function bound(value: any, context: any) { context.addInitializer(function (this: any) { this[context.name] = value.bind(this); }); }
      function twice(_: unknown, context: any) { log.push(context.kind, context.name); return (value: number) => value * 2; }
      function logged(value: any, { kind, name }: any) { log.push(kind, name); return { get() { return value.get.call(this) + 1; } }; }
      function named(name: string) { return (Class: any, context: any) => { log.push(context.kind, context.name); return class extends Class { label = name; }; }; }
      @named('n') class A {
        @twice field = 4;
        @logged accessor other = 1;
        @bound method() { return this.field; }
        @twice static shared = 3;
      }
      const a: any = new A();
      const { method } = a;
      console.log(JSON.stringify([method(), a.other, (A as any).shared, a.label, A.name, log]));`,
  });
  if (isNode) return;
  const legacy = start('ts/legacy/main.ts');
  equal(
    legacy.out,
    '["design:type",["Date"],3,"design:type",["Function"],"design:paramtypes",["Number"],"design:returntype",[null],3,"design:paramtypes",["String"],3,1] a\n',
    legacy.err,
  );
  const main = start('ts/main.ts');
  equal(main.out, '2 function 5 A 1 5 r\n', main.err);
  const standard = start('ts/standard.ts');
  equal(standard.out, '[8,2,6,"n","",["accessor","other","field","shared","field","field","class","A"]]\n', standard.err);
});

test('JSX by the automatic runtime, by the classic one, and as a comment or tsconfig.json say', () => {
  const runtime = 'exports.jsx = exports.jsxs = (type, props) => [NAME, type, props]; exports.Fragment = "fragment";';
  write({
    'jsx/node_modules/react/package.json': '{ "name": "react" }',
    'jsx/node_modules/react/jsx-runtime.js': runtime.replace('NAME', '"react"'),
    'jsx/node_modules/preact/package.json': '{ "name": "preact" }',
    'jsx/node_modules/preact/jsx-runtime.js': runtime.replace('NAME', '"preact"'),
    'jsx/auto.tsx':
      'interface P { a: number }\nconst A = (props: P) => <b>{props.a}</b>;\nconsole.log(JSON.stringify(<><A a={1} /></>), new Error("x").stack.match(/auto.tsx:3/) !== null);',
    'jsx/plain.jsx': 'console.log(JSON.stringify(<i id="x" />))',
    'jsx/pragma.tsx': '/** @jsxImportSource preact */\nexport const a = <b />;\nconsole.log(a[0])',
    'jsx/classic/tsconfig.json': '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h" } }',
    'jsx/classic/main.tsx': 'const h = (...given: any[]) => given;\nconsole.log(JSON.stringify(<b c="d">e</b>))',
    'jsx/classic/plain.jsx': 'const h = (...given) => given;\nconsole.log(JSON.stringify(<b c="d">e</b>))',
    'jsx/classic/import.tsx': '/** @jsxImportSource preact */\nconsole.log(JSON.stringify(<b />))',
    'jsx/classic/automatic.tsx': '/* @jsxRuntime automatic */\nconsole.log(JSON.stringify(<b />))',
    'jsx/kept/tsconfig.json': '{ "compilerOptions": { "jsx": "preserve", "jsxFactory": "h", "jsxFragmentFactory": "F" } }',
    'jsx/kept/main.tsx': 'const h = (...given: any[]) => given, F = "f";\nconsole.log(JSON.stringify(<><b /></>))',
    'jsx/source/tsconfig.json': '{ "compilerOptions": { "jsx": "React-JSX", "jsxImportSource": "preact" } }',
    'jsx/source/main.tsx': 'console.log(JSON.stringify(<b />))',
    'jsx/source/own.tsx':
      '// for one file\n/** @jsx h */\n/** @jsxFrag F */\nconst h = (...given: any[]) => given, F = "f";\nconsole.log(JSON.stringify(<><b /></>))',
    'jsx/factory.jsx': 'let late;\n/** @jsx wrong */\nconsole.log(JSON.stringify(<b />))',
    'jsx/alone.jsx': '/** @jsx h */\n"use strict";\nconst h = (...given) => given;\nconsole.log(JSON.stringify(<b />))',
    'jsx/runtime.jsx':
      '/** @jsxRuntime classic */\nconst React = { createElement: (...given) => given };\nconsole.log(JSON.stringify(<b />))',
  });
  if (isNode) return;
  equal(start('jsx/auto.tsx').out, '["react","fragment",{"children":["react",null,{"a":1}]}] true\n');
  equal(start('jsx/plain.jsx').out, '["react","i",{"id":"x"}]\n');
  equal(start('jsx/pragma.tsx').out, 'preact\n');
  equal(start('jsx/classic/main.tsx').out, '["b",{"c":"d"},"e"]\n');
  equal(start('jsx/classic/plain.jsx').out, '["b",{"c":"d"},"e"]\n');
  equal(start('jsx/classic/import.tsx').out, '["preact","b",{}]\n');
  equal(start('jsx/classic/automatic.tsx').out, '["react","b",{}]\n');
  equal(start('jsx/kept/main.tsx').out, '["f",null,["b",null]]\n');
  equal(start('jsx/source/main.tsx').out, '["preact","b",{}]\n');
  equal(start('jsx/source/own.tsx').out, '["f",null,["b",null]]\n');
  equal(start('jsx/factory.jsx').out, '["react","b",{}]\n');
  equal(start('jsx/alone.jsx').out, '["b",null]\n');
  equal(start('jsx/runtime.jsx').out, '["b",null]\n');
});

test('names by tsconfig.json, by an import map, by NODE_PATH', () => {
  write({
    'base.json': '{ "compilerOptions": { "baseUrl": "./src", "paths": { "@/*": ["./*"] } } }',
    'tsconfig.json': '{ // with a comment\n "extends": "./base.json" }',
    'src/lib.ts': 'export const lib = "lib";',
    'paths.ts': 'import { lib } from "@/lib"; console.log(lib);',
    'map.json': '{ "imports": { "lib": "./src/lib.ts", "more/": "./src/" }, "scopes": { "./inner/": { "lib": "./inner.mjs" } } }',
    'inner.mjs': 'export const lib = "inner";',
    'inner/a.mjs': 'export * from "lib";',
    'map.mjs':
      'import { lib } from "lib"; import * as more from "more/lib.ts"; import * as a from "./inner/a.mjs"; console.log(lib, more.lib, a.lib);',
  });
  if (isNode) return;
  equal(start('paths.ts').out, 'lib\n');
  equal(start('map.mjs', '--import-map', path.join(folder, 'map.json')).out, 'lib lib inner\n');
  match(start('map.mjs', '--import-map', path.join(folder, 'nothing.json')).err, /cannot read the import map/);
});

test('text, bytes, JSON and WebAssembly are imported', async () => {
  write({ 'data.txt': 'hé', 'data.json': '{ "a": 1 }' });
  // (module (func (export "f") (result i32) i32.const 42))
  const wasm = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11];
  fs.writeFileSync(path.join(folder, 'data.wasm'), new Uint8Array(wasm));
  write({
    'imports.mjs': `
      import text from './data.txt' with { type: 'text' };
      import bytes from './data.txt' with { type: 'bytes' };
      import json from './data.json' with { type: 'json' };
      import { f } from './data.wasm';
      import source module from './data.wasm';
      const again = await import('./data.txt', { with: { type: 'bytes' } });
      console.log(text, bytes.join(), bytes instanceof Uint8Array, json.a, f(), module instanceof WebAssembly.Module, again.default === bytes);`,
    'unknown.mjs': "import './data.txt' with { type: 'nonsense' };",
  });
  if (isNode) return;
  const { out, err } = start('imports.mjs');
  equal(out, 'hé 104,195,169 true 1 42 true true\n', err);
  match(start('unknown.mjs').err, /unknown import type/);
  const require = createRequire(import.meta.url);
  equal(require(path.join(folder, 'data.wasm')).f(), 42);
  fs.copyFileSync(path.join(folder, 'data.wasm'), path.join(folder, 'hooked.wasm'));
  const hooks = registerHooks({ load: (url, context, next) => next(url, context) });
  equal(require(path.join(folder, 'hooked.wasm')).f(), 42);
  hooks.deregister();
});

test('stripTypeScriptTypes transforms where it is asked to', () => {
  process.removeAllListeners('warning');
  equal(stripTypeScriptTypes('let a: number = 1'), 'let a         = 1');
  const transformed = stripTypeScriptTypes('namespace A { export const b = 1 }', { mode: 'transform', sourceMap: true, sourceUrl: 'a.ts' });
  match(transformed, /sourceMappingURL=data:application\/json;base64,/);
});

test('folders that a program adds to module.paths are looked in, before the usual ones and behind', () => {
  write({
    'paths.cjs': `
      const all = () => ['known', 'other'].map((name) => { try { return require(name); } catch (error) { return error.code; } });
      const usual = module.paths;
      const seen = [all()];
      module.paths = usual.concat([__dirname + '/lib']);
      seen.push(all());
      module.paths = [__dirname + '/lib'].concat(usual);
      seen.push(all(), require.resolve('known'));
      console.log(JSON.stringify(seen));`,
    'node_modules/known/index.js': 'module.exports = "usual";',
    'lib/known.js': 'module.exports = "own";',
    'lib/other.js': 'module.exports = "other";',
  });
  const { out, err } = start('paths.cjs');
  const expected = [['usual', 'MODULE_NOT_FOUND'], ['usual', 'other'], ['own', 'other'], path.join(folder, 'lib/known.js')];
  deepEqual(JSON.parse(out || `"${err}"`), expected);
});

test('a package that cannot be imported is named without its subpath, one that is there with its path', async () => {
  write({ 'node_modules/there/package.json': '{ "name": "there" }', 'imports.mjs': 'export const load = (name) => import(name);' });
  const { load } = await import(pathToFileURL(path.join(folder, 'imports.mjs')).href);
  for (const [name, start] of [
    ['absent', "Cannot find package 'absent' imported from "],
    ['absent/sub/path', "Cannot find package 'absent' imported from "],
    ['@absent/one/sub', "Cannot find package '@absent/one' imported from "],
    ['there/sub', `Cannot find module '${path.join(folder, 'node_modules/there/sub')}' imported from `],
  ]) {
    const error = await load(name).catch((error) => error);
    equal(error.code, 'ERR_MODULE_NOT_FOUND');
    ok(error.message.startsWith(start), error.message);
  }
});

test('WebAssembly that is imported has the strings of the engine, and no names that are kept', async () => {
  // (import "wasm:js-string" "length" (func (param externref) (result i32))) (export "f" (func 0))
  const strings = [0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 111, 1, 127, 2, 25, 1, 14];
  strings.push(...Buffer.from('wasm:js-string'), 6, ...Buffer.from('length'), 0, 0, 7, 5, 1, 1, 102, 0, 0);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wasm-'));
  fs.writeFileSync(path.join(folder, 'strings.wasm'), new Uint8Array(strings));
  equal((await import(path.join(folder, 'strings.wasm'))).f('four'), 4);
  // (func (result i32) i32.const 42) (export "wasm:f" (func 0))
  const kept = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 10, 1, 6];
  kept.push(...Buffer.from('wasm:f'), 0, 0, 10, 6, 1, 4, 0, 65, 42, 11);
  fs.writeFileSync(path.join(folder, 'kept.wasm'), new Uint8Array(kept));
  ok((await rejects(import(path.join(folder, 'kept.wasm')), Error)) instanceof WebAssembly.LinkError);
  fs.rmSync(folder, { recursive: true });
});

test('compiled files are kept where the program says, and what is damaged or changed is compiled again', () => {
  const files = {
    'cached/main.cjs': `
      const { never, thrown } = require('./needed.cjs');
      import('./needed.mjs').then(({ place, own }) => {
        console.log(thrown(), place, own.toString().length, never.toString(), require.main === module);
      });`,
    'cached/needed.cjs': `exports.thrown = () => {
        const { stack } = new Error('é');
        return stack.split('\\n')[1].split('/').pop();
      };
      exports.never = function never() { return 'not called before'; };`,
    'cached/needed.mjs': `
      const { basename } = await import('node:path');
      export const place = basename(import.meta.url);
      export const own = () => [1, 2, 3];`,
  };
  write(files);
  const cache = path.join(folder, 'cache of compiled files');
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const again = () => {
    const { stdout, stderr } = spawnSync(process.execPath, [path.join(folder, 'cached/main.cjs')], { encoding: 'utf8', env });
    return [stdout, stderr.match(/was accepted/g)?.length ?? 0, stderr.match(/writing cache .*success/g)?.length ?? 0];
  };
  const plain = start('cached/main.cjs').out;
  match(plain, /^needed\.cjs:2:\d+\)? needed\.mjs 15 function never\(\) /);
  deepEqual(again(), [plain, 0, 3]);
  deepEqual(again(), [plain, 3, 0]);
  const [own] = fs.readdirSync(cache);
  const kept = fs.readdirSync(path.join(cache, own)).map((name) => path.join(cache, own, name));
  equal(kept.length, 3);
  for (const damage of [
    (bytes) => bytes.subarray(0, bytes.length - 1),
    (bytes) => bytes.fill(bytes.at(-1) ^ 1, bytes.length - 1),
    (bytes) => bytes.fill(0xff, 0, 8),
    (bytes) => bytes.fill(0xff, 16, 24),
    () => new Uint8Array(0),
  ]) {
    for (const file of kept) fs.writeFileSync(file, damage(fs.readFileSync(file)));
    deepEqual(again(), [plain, 0, 3]);
    deepEqual(again(), [plain, 3, 0]);
  }
  write({ 'cached/needed.mjs': files['cached/needed.mjs'].replace('[1, 2, 3]', '[1, 2, 3, 4]') });
  const changed = plain.replace(' 15 ', ' 18 ');
  deepEqual(again(), [changed, 2, 1]);
  deepEqual(again(), [changed, 3, 0]);
  env.NODE_DISABLE_COMPILE_CACHE = '1';
  deepEqual(again(), [changed, 0, 0]);
});

test('threads take compiled files from the cache and share them', () => {
  write({
    'threads/main.cjs': `
      const { once } = require('node:events');
      const { Worker } = require('node:worker_threads');
      const start = async () => (await once(new Worker(__dirname + '/large.cjs'), 'exit'))[0];
      (async () => {
        const used = [];
        for (let count = 0; count < 40; count += 1) {
          if (await start() !== 0) throw new Error('a thread failed');
          used.push(process.memoryUsage().rss / 1048576);
        }
        console.log(JSON.stringify({ grown: used.at(-1) - used[9] }));
      })();`,
    // Functions that run are what a compiled file holds.
    'threads/large.cjs': Array.from(
      { length: 12000 },
      (_, n) => `(function f${n}(a) { return [a, ${n}, 'text ${n}', { key${n}: a }].length; })(1);`,
    ).join('\n'),
  });
  const cache = path.join(folder, 'cache of threads');
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const again = () => {
    const { stdout, stderr } = spawnSync(process.execPath, [path.join(folder, 'threads/main.cjs')], { encoding: 'utf8', env });
    const count = (/** @type {RegExp} */ pattern) => stderr.match(pattern)?.length ?? 0;
    return {
      ...JSON.parse(stdout || `"${stderr}"`),
      found: count(/large\.cjs was accepted/g),
      written: count(/large\.cjs\.\.\. success/g),
    };
  };
  again();
  const { grown, found } = again();
  equal(found, 40);
  if (!isNode) {
    const [own] = fs.readdirSync(cache);
    const sizes = fs.readdirSync(path.join(cache, own)).map((name) => fs.statSync(path.join(cache, own, name)).size);
    const once = Math.max(...sizes) / 1048576;
    ok(once > 3, `the compiled file has ${once} MB`);
    ok(grown < once * 10, `30 threads that each kept a file of ${once} MB would have grown by more than ${grown} MB`);
  }
});

test('a folder for compiled files that cannot be had is named, with the reason', () => {
  write({ taken: '', 'refused.cjs': '' });
  const env = { ...process.env, NODE_COMPILE_CACHE: path.join(folder, 'taken'), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const { stderr, status } = spawnSync(process.execPath, [path.join(folder, 'refused.cjs')], { encoding: 'utf8', env });
  equal(status, 0);
  if (!isNode) match(stderr, /Cannot create cache directory .*taken.*: Not a directory/);
});

test('enableCompileCache says what came of it, and flushCompileCache writes at once', () => {
  write({
    'enables.cjs': `
      const { constants, enableCompileCache, flushCompileCache, getCompileCacheDir } = require('node:module');
      const fs = require('node:fs');
      const { ALREADY_ENABLED, ENABLED, FAILED } = constants.compileCacheStatus;
      const told = [];
      for (const wrong of [0, null, true, { directory: 1 }]) {
        try { enableCompileCache(wrong); } catch (error) { told.push(error.code); }
      }
      fs.writeFileSync('no folder', '');
      const failed = enableCompileCache('no folder');
      told.push(failed.status === FAILED, typeof failed.message, getCompileCacheDir());
      told.push(enableCompileCache({ directory: 'mine' }).status === ENABLED, getCompileCacheDir().startsWith(fs.realpathSync('mine')));
      told.push(enableCompileCache('other').status === ALREADY_ENABLED, fs.existsSync('other'));
      require('./flushed.cjs');
      flushCompileCache();
      told.push(fs.readdirSync(getCompileCacheDir()).length);
      console.log(JSON.stringify(told));`,
    'flushed.cjs': '',
  });
  const { out, err } = start('enables.cjs');
  const wrong = 'ERR_INVALID_ARG_TYPE';
  deepEqual(JSON.parse(out || `"${err}"`), [wrong, wrong, wrong, wrong, true, 'string', null, true, true, true, false, 1]);
});

test('a compile cache that others could put their code into is not used', () => {
  if (isNode) return;
  write({
    'guards.cjs': `
      const { enableCompileCache, getCompileCacheDir } = require('node:module');
      const [where] = process.argv.slice(2);
      console.log(JSON.stringify([enableCompileCache(where).message?.split(' /')[0], getCompileCacheDir()]));`,
  });
  const enabled = (base) => JSON.parse(spawnSync(process.execPath, [path.join(folder, 'guards.cjs'), base], { encoding: 'utf8' }).stdout);
  const [, made] = enabled(path.join(folder, 'own'));
  const name = path.basename(made);
  for (const way of ['open', 'linked']) fs.mkdirSync(path.join(folder, way));
  fs.mkdirSync(path.join(folder, 'open', name));
  fs.chmodSync(path.join(folder, 'open', name), 0o777);
  fs.symlinkSync(made, path.join(folder, 'linked', name));
  const refused = 'Skipping compile cache because others can write to';
  deepEqual(enabled(path.join(folder, 'open')), [refused, null]);
  deepEqual(enabled(path.join(folder, 'linked')), [refused, null]);
});

await run();
