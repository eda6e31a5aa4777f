// node:readline: the lines of a stream, questions, and a line that is edited.
import readline from 'node:readline';
import * as promises from 'node:readline/promises';
import { PassThrough, Readable } from 'node:stream';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

test('lines come whatever ends them and wherever chunks are cut', async () => {
  const lines = [];
  const input = Readable.from(['one\r', '\ntwo\nthr', 'ee\r\n', Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1), '\nlast']);
  for await (const line of readline.createInterface({ input })) lines.push(line);
  deepEqual(lines, ['one', 'two', 'three', 'é', 'last']);
});

test('a question gets the next line', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const ask = promises.createInterface({ input, output });
  const answer = ask.question('name? ');
  input.write('Ada\n');
  equal(await answer, 'Ada');
  equal(output.read().toString(), 'name? ');
  const controller = new AbortController();
  const never = ask.question('again? ', { signal: controller.signal });
  controller.abort();
  equal((await never.catch((error) => error)).name, 'AbortError');
  ask.close();
  throws(() => ask.prompt(), Error, 'readline was closed');
});

test('a line is edited by keys, and remembered', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  output.resume();
  const editor = readline.createInterface({
    input,
    output,
    terminal: true,
    completer: (line) => [['complete'].filter((word) => word.startsWith(line)), line],
  });
  const lines = [];
  editor.on('line', (line) => lines.push(line));
  const type = (text) =>
    new Promise((resolve) => {
      input.write(text);
      setTimeout(resolve, 5);
    });
  await type('helo\u001b[Dl\r');
  await type('one two\u0017three\r');
  await type('\u001b[A\u001b[A\u0005!\r');
  await type('com');
  await type('\t');
  await type('\r');
  await type('😀\u007fx\r');
  deepEqual(lines, ['hello', 'one three', 'hello!', 'complete', 'x']);
  deepEqual(editor.history.slice(0, 2), ['x', 'complete']);
  await type('\u0004');
  equal(editor.closed, true);
});

test('a terminal without a size is edited on one line, and a line can be left', async () => {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { columns: 0 });
  const editor = readline.createInterface({ input, output, terminal: true });
  editor.setPrompt('> ');
  editor.prompt();
  input.write('abc');
  await new Promise((resolve) => setTimeout(resolve, 5));
  editor.clearLine();
  deepEqual([editor.line, editor.cursor], ['', 0]);
  ok(output.read().toString().endsWith('\r\n'));
  editor.close();
});

test('keys have names', async () => {
  const input = new PassThrough();
  readline.emitKeypressEvents(input);
  const keys = [];
  input.on('keypress', (text, key) => keys.push([text, key.name, key.ctrl, key.meta, key.shift]));
  input.write('aB\u0001\u001b[1;5C\u001bx\u001bOP');
  await new Promise((resolve) => setTimeout(resolve, 5));
  deepEqual(keys, [
    ['a', 'a', false, false, false],
    ['B', 'b', false, false, true],
    ['\u0001', 'a', true, false, false],
    [undefined, 'right', true, false, false],
    [keys[4][0], 'x', false, true, false],
    [undefined, 'f1', false, false, false],
  ]);
});

test('keys of several terminals, with what is held', async () => {
  const input = new PassThrough();
  readline.emitKeypressEvents(input);
  const seen = [];
  input.on('keypress', (_, { name, ctrl, meta, shift }) =>
    seen.push(`${ctrl ? 'ctrl-' : ''}${meta ? 'meta-' : ''}${shift ? 'shift-' : ''}${name}`),
  );
  input.write('\x1b[1;5A\x1bOa\x1b[[A\x1b[3$\x1b[3P\x1b\x1b \x1b[Z');
  await new Promise((resolve) => setImmediate(resolve));
  deepEqual(seen, ['ctrl-up', 'ctrl-up', 'f1', 'shift-delete', 'meta-f1', 'meta-space', 'shift-tab']);
  const lines = readline.createInterface({ input: new PassThrough() })[Symbol.asyncIterator]();
  ok(lines[Symbol.for('nodejs.watermarkData')].high > 0);
});

test('Interface may be called without new, and extended', () => {
  const { Interface } = readline;
  const input = new PassThrough();
  const lines = Interface({ input });
  ok(lines instanceof Interface && lines.constructor === Interface && Object.getPrototypeOf(lines) === Interface.prototype);
  class Own extends Interface {}
  const own = new Own({ input });
  ok(own instanceof Own && own instanceof Interface);
  lines.close();
  own.close();
});

await run();
