// `node:console`: the class over any streams.
import globalConsole, { Console } from 'node:console';
import { test, run, equal, ok, throws } from '../harness.mjs';

function recorder() {
  const out = [];
  return { out, stream: { write: (text) => out.push(text) > 0, listenerCount: () => 0, once() {}, removeListener() {} } };
}

test('each method writes to its stream, in groups and with counters', () => {
  const { out, stream } = recorder();
  const errors = recorder();
  const own = new Console({ stdout: stream, stderr: errors.stream, groupIndentation: 3 });
  const { log } = own;
  log('%s is %d', 'a', 1, { b: 2 });
  own.group('G');
  own.info('two\nlines');
  own.groupEnd();
  own.count();
  own.count();
  own.dir({ a: { b: { c: {} } } }, { depth: 0 });
  own.error('e');
  own.assert(false, 'told %s', 'so');
  own.assert(true, 'not told');
  equal(out.join(''), 'a is 1 { b: 2 }\nG\n   two\n   lines\ndefault: 1\ndefault: 2\n{ a: [Object] }\n');
  equal(errors.out.join(''), 'e\nAssertion failed: told so\n');
});

test('a console needs streams, and options that go together', () => {
  equal(throws(() => new Console({}), TypeError).code, 'ERR_CONSOLE_WRITABLE_STREAM');
  const { stream } = recorder();
  equal(throws(() => new Console({ stdout: stream, colorMode: 1 }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  equal(throws(() => new Console({ stdout: stream, groupIndentation: 1001 }), RangeError).code, 'ERR_OUT_OF_RANGE');
});

test('the global console is one, and has the class', () => {
  ok(globalConsole === console && console.Console === Console && console instanceof Console);
  ok(new Console(recorder().stream) instanceof Console);
  equal({} instanceof Console, false);
});

test('what a stream throws is not the program’s concern, unless it says so', () => {
  const broken = {
    once() {},
    removeListener() {},
    write() {
      throw new Error('broken');
    },
  };
  new Console({ stdout: broken }).log('x');
  throws(() => new Console({ stdout: broken, ignoreErrors: false }).log('x'), Error);
});

test('what replaces the write of a stream of the process gets warnings and cleared screens as well', async () => {
  const { stdout, stderr } = process;
  const usual = [stdout.write, stderr.write, stdout.isTTY];
  let shown = '';
  let told = '';
  stdout.write = (text) => {
    shown += text;
    return true;
  };
  stderr.write = (text) => {
    told += text;
    return true;
  };
  stdout.isTTY = true;
  globalConsole.clear();
  globalConsole.log('x');
  process.emitWarning('careful');
  await new Promise((resolve) => setImmediate(resolve));
  stdout.write = usual[0];
  stderr.write = usual[1];
  stdout.isTTY = usual[2];
  equal(shown, '\x1b[1;1H\x1b[0Jx\n');
  ok(told.includes('Warning: careful'));
});

await run();
