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

await run();
