// node:repl: what is typed is run and shown, texts of several lines, errors, completion, commands.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import repl from 'node:repl';
import { PassThrough } from 'node:stream';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

/** A prompt, and what it answers. */
function prompt(options) {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.write = (text) => {
    shown += text;
    return true;
  };
  const server = repl.start({ prompt: '', input, output, terminal: false, ...options });
  return {
    server,
    /** What lines answer at once. */
    ask(...lines) {
      shown = '';
      for (const line of lines) server.emit('line', line);
      return shown;
    },
    /** What a line answers in the end. */
    async wait(line, pattern = /\n/) {
      shown = '';
      server.emit('line', line);
      for (let tries = 0; tries < 2000 && !pattern.test(shown); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
      return shown;
    },
    completed: (line) => new Promise((resolve) => server.complete(line, (_, found) => resolve(found))),
  };
}

const cases = [
  [['1 + 1'], '2\n'],
  [['_ * 21'], '42\n'],
  [['const a = { b: [1] }'], 'undefined\n'],
  [['a'], '{ b: [ 1 ] }\n'],
  [['{ a: 1 }'], '{ a: 1 }\n'],
  [['{ a: 1 };'], '1\n'],
  [[''], ''],
  [[' '], 'undefined\n'],
  [['_ = 5'], 'Expression assignment to _ now disabled.\n5\n'],
  [['7', '_'], '7\n5\n'],
  // A text goes on in the next line until it is whole.
  [['function f() {', 'return `', '$', '`}', 'f()'], "| | | undefined\n'\\n$\\n'\n"],
  [["'the\\", "fourth'"], "| 'thefourth'\n"],
  [['/* x', '*/ 1'], '| 1\n'],
  [['({', '.break', '2'], '| 2\n'],
  [['[1,', '2]'], '| [ 1, 2 ]\n'],
  [['class A { x = 1 };', 'new A'], 'undefined\nA { x: 1 }\n'],
  [['await (', '.break'], '| '],
  [['for await (const q of [1]) {', '.break'], '| '],
  [['x => {', '}'], '| [Function (anonymous)]\n'],
  [['("a"', '.charAt(0))'], "| 'a'\n"],
  [['.1 + .2'], '0.30000000000000004\n'],
  [['.foo'], 'Invalid REPL keyword\n'],
  [['throw { a: 1 }'], 'Uncaught { a: 1 }\n'],
  [['throw null'], 'Uncaught null\n'],
  [['_error'], 'null\n'],
];

test('lines answer as at the prompt of Node', () => {
  const { ask, server } = prompt();
  for (const [lines, answer] of cases) equal(ask(...lines), answer, lines.join('\n'));
  server.close();
});

test('mistakes are shown with their line and a caret, and are no end of it', () => {
  const { ask, server } = prompt();
  ok(ask('(2 + 3))').startsWith('(2 + 3))\n       ^\n\nUncaught SyntaxError: '), ask('(2 + 3))'));
  ok(ask('let x y;').startsWith('let x y;\n      ^\n\nUncaught SyntaxError: '));
  ok(/^Uncaught:?\s+SyntaxError: /.test(ask('JSON.parse("{")')));
  ok(ask('throw new Error("boo")').startsWith('Uncaught Error: boo\n'));
  equal(ask('_error.message'), "'boo'\n");
  equal(ask('1'), '1\n');
  server.close();
});

test('what is awaited is waited for, and its declarations stay', async () => {
  const { ask, wait, server } = prompt();
  equal(await wait('await new Promise((resolve) => setTimeout(resolve, 5, 3))'), '3\n');
  equal(await wait('const { sep } = await import("node:path")'), 'undefined\n');
  equal(ask('sep'), "'/'\n");
  ok((await wait('await Promise.reject(new RangeError("late"))')).startsWith('Uncaught RangeError: late'));
  ok((await wait('setTimeout(() => { throw new RangeError("later") }, 1); undefined', /later/)).includes('Uncaught RangeError: later'));
  server.close();
});

test('names and properties are completed without an effect', async () => {
  const { ask, server, completed } = prompt({ terminal: true });
  ask('const own = { one: 1, get two() { throw new Error("called") }, deep: { er: 1 } }; let count = 0');
  deepEqual(await completed('own.o'), [['own.one'], 'own.o']);
  deepEqual(await completed('x = own.de'), [['own.deep'], 'own.de']);
  deepEqual(await completed("own['de' + 'ep'].e"), [["own['de' + 'ep'].er"], "own['de' + 'ep'].e"]);
  deepEqual(await completed('own.two.'), [[], 'own.two.']);
  deepEqual(await completed('(count += 1).toF'), [[], '(count += 1).toF']);
  deepEqual(await completed('"".toUpper'), [['"".toUpperCase'], '"".toUpper']);
  deepEqual(await completed('.he'), [['help'], 'he']);
  ok((await completed('own'))[0].includes('own'));
  ok((await completed('req'))[0].includes('require'));
  ok((await completed('require("node:pa'))[0].includes('node:path'));
  server.close();
});

test('sessions are saved and loaded', () => {
  const file = path.join(os.tmpdir(), `repl-${process.pid}.js`);
  const { ask, server } = prompt();
  ask('const kept = [1,', '2]');
  equal(ask(`.save ${file}`), `Session saved to: ${file}\n`);
  equal(fs.readFileSync(file, 'utf8').trim(), 'const kept = [1,\n2]');
  equal(ask('.clear'), 'Clearing context...\n');
  ok(ask('kept').startsWith('Uncaught ReferenceError'));
  ask(`.load ${file}`);
  equal(ask('kept'), '[ 1, 2 ]\n');
  equal(ask('.load /none/at/all'), 'Failed to load: /none/at/all\n');
  equal(ask('.save'), 'The "file" argument must be specified\n');
  fs.rmSync(file);
  server.close();
});

test('programs have commands, evaluators and writers of their own', async () => {
  const { ask, server } = prompt({
    eval: (text, _context, _file, done) => done(null, text.trim().length),
    writer: (value) => `<${value}>`,
  });
  server.defineCommand('twice', {
    help: 'Twice',
    action(rest) {
      this.clearBufferedCommand();
      this.output.write(rest + rest);
      this.displayPrompt();
    },
  });
  equal(ask('four'), '<4>\n');
  equal(ask('.twice ab'), 'abab');
  ok(ask('.help').includes('.twice   Twice\n'));
  const ended = new Promise((resolve) => server.once('exit', resolve));
  ask('.exit');
  await ended;
  throws(() => repl.start({ breakEvalOnSigint: true, eval() {} }), TypeError, 'Cannot specify both');
});

/** A prompt on a terminal of 80 columns: what it writes for keys, escape codes as `^`. */
function terminal(options) {
  const input = new PassThrough();
  const output = new PassThrough();
  output.columns = 80;
  let shown = '';
  output.write = (text) => {
    shown += text;
    return true;
  };
  const server = repl.start({ input, output, terminal: true, useColors: false, preview: true, ...options });
  const escape = '\x1b';
  return {
    server,
    async type(...keys) {
      shown = '';
      for (const key of keys) {
        input.write(key);
        for (let tries = 0; tries < 3; tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return shown.replaceAll(escape, '^');
    },
  };
}
// Previews of Node need its inspector, and what it writes for a key is not always the same bytes.
const isNode = !process.execPath.includes('twinloop');

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are what is typed
test('a line that is typed shows its value and the rest of a name, without an effect', async () => {
  const { server, type } = terminal();
  for (const [line, shown] of [
    ['1 + 2', '// 3'],
    ['Math.max(1, 4) > 2 && `${1}x`', "// '1x'"],
    ["'abc'.toUpperCase().length", '// 3'],
    ['[1, -2, typeof 3]', "// [ 1, -2, 'number' ]"],
    ['globalThis.queueMicrot', ' // ask'],
  ]) {
    const text = await type(line);
    ok(text.includes(shown), `${line}: ${text}`);
    // It goes with the next key.
    const next = await type('\x15');
    ok(!next.includes(shown), next);
  }
  server.context.hits = 0;
  server.context.hit = () => (server.context.hits += 1);
  Object.defineProperty(server.context, 'trap', {
    get: () => ({
      get it() {
        return server.context.hit();
      },
    }),
  });
  for (const line of [
    'hit()',
    'hits = 3',
    'trap.it',
    'hits++',
    '`${hit()}`',
    "'a'.repeat(1e9)",
    '2n ** 99999999n',
    '1n / 0n',
    'new Date',
  ]) {
    const text = await type(line);
    ok(!text.includes('//'), `${line}: ${text}`);
    await type('\x15');
  }
  equal(server.context.hits, 0);
  if (!isNode) {
    await type('queueMicrot');
    await type('\x1b[C');
    equal(server.line, 'queueMicrotask');
  }
  server.close();
});

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are what is typed

test('the history is searched, by what it begins with and by what it has', async () => {
  const { server, type } = terminal({ preview: false });
  await type('let one = 1\r', '2 + 2\r', 'let two = 2\r');
  await type('le', '\x1b[A');
  equal(server.line, 'let two = 2');
  await type('\x1b[A');
  equal(server.line, 'let one = 1');
  await type('\x1b[A', '\x1b[B', '\x1b[B');
  equal(server.line, 'le');
  await type('\x15');
  ok((await type('\x12')).includes('bck-i-search: _'));
  ok((await type('+', ' ')).includes('bck-i-search: + _'));
  equal(server.line, '2 + 2');
  ok((await type('?')).includes('failed-bck-i-search: + ?_'));
  ok((await type('\r')).includes('\n4\n'));
  await type('\x12', 'let', '\x12', '\x13');
  equal(server.line, 'let two = 2');
  await type('\x03');
  equal(server.line, '');
  server.close();
});

test('a text of several lines is one entry of the history, and is edited as one', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'repl-'));
  const file = path.join(folder, 'history');
  const { server, type } = terminal({ preview: false });
  await new Promise((resolve) => server.setupHistory(file, resolve));
  await type('function f() {\r', 'return 5;\r', '}\r', '7\r');
  deepEqual(server.history, ['7', 'function f() {\nreturn 5;\n}']);
  ok((await type('\x1b[A', '\x1b[A')).endsWith('> function f() {\n| return 5;\n| }^[4G'));
  await type('\x1b[A', '\x1b[C', ...Array(6).fill('\x1b[C'), '\x7f', '6');
  ok(server.line.includes('return 6'), server.line);
  ok((await type('\r', 'f()\r')).endsWith('\n6\n^[1G^[0J> ^[3G'));
  server.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  ok(fs.readFileSync(file, 'utf8').includes('}\rreturn 5;\rfunction f() {\n'));
  const next = terminal({ preview: false });
  await new Promise((resolve) => next.server.setupHistory(file, resolve));
  equal(next.server.history.at(-1), 'function f() {\nreturn 5;\n}');
  next.server.close();
  fs.rmSync(folder, { recursive: true });
});

await run();
