// What `console` prints, and where.
import { test, run, equal, ok, match } from '../harness.mjs';

/** What `body` makes `console` write: `[stdout, stderr]`. */
function printed(body) {
  const texts = ['', ''];
  const { stdout, stderr } = process;
  const writers = [stdout.write, stderr.write];
  stdout.write = (chunk) => {
    texts[0] += chunk;
    return true;
  };
  stderr.write = (chunk) => {
    texts[1] += chunk;
    return true;
  };
  try {
    body();
  } finally {
    [stdout.write, stderr.write] = writers;
  }
  return texts;
}

function prints(expected, body) {
  const [output, errors] = printed(body);
  equal(output, expected);
  equal(errors, '');
}

test('log, info, debug and dirxml go to stdout; error and warn to stderr', () => {
  for (const name of ['log', 'info', 'debug', 'dirxml']) {
    prints('text\n', () => console[name]('text'));
  }
  for (const name of ['error', 'warn']) {
    const [output, errors] = printed(() => console[name]('text %d', 1));
    equal(output, '');
    equal(errors, 'text 1\n');
  }
});

test('arguments are formatted and joined', () => {
  prints('\n', () => console.log());
  prints('a b\n', () => console.log('a', 'b'));
  prints('1 true null undefined -0 5n\n', () => console.log(1, true, null, undefined, -0, 5n));
  prints("{ a: [ 'x', Map(1) { 1 => [Set] } ] }\n", () => console.log({ a: ['x', new Map([[1, new Set([2])]])] }));
  prints('50% done\n', () => console.log('50%', 'done'));
  prints('a 1 { b: 2 }\n', () => console.log('%s %d %o', 'a', 1, { b: 2 }));
  prints('Symbol(x) [Function: f]\n', () => console.log(Symbol('x'), function f() {}));
});

test('the methods work without console as this', () => {
  const { log } = console;
  prints('x\n', () => log('x'));
  prints('1\n2\n', () => [1, 2].forEach((value) => void console.log(value)));
});

test('groups indent every line', () => {
  prints('title\n  inner\n  two\n  lines\n    deep\n  {\n    a: 1\n  }\nout\n', () => {
    console.group('title');
    console.log('inner');
    console.log('two\nlines');
    console.group();
    console.log('deep');
    console.groupEnd();
    console.log('{\n  a: 1\n}');
    console.groupEnd();
    console.groupEnd();
    console.log('out');
  });
  prints('collapsed\n  x\n', () => {
    console.groupCollapsed('collapsed');
    console.log('x');
    console.groupEnd();
  });
});

test('counters', () => {
  prints('default: 1\ndefault: 2\nx: 1\ndefault: 1\n', () => {
    console.count();
    console.count();
    console.count('x');
    console.countReset();
    console.count();
    console.countReset();
    console.countReset('x');
  });
});

test('timers print a duration', () => {
  const [output] = printed(() => {
    console.time('t');
    console.timeLog('t', { a: 1 }, 'x');
    console.timeEnd('t');
  });
  match(output, /^t: [\d.]+ms \{ a: 1 \} x\nt: [\d.]+ms\n$/);
});

test('assert is silent when it holds', () => {
  prints('', () => console.assert(true, 'x'));
  equal(printed(() => console.assert(false))[1], 'Assertion failed\n');
  equal(printed(() => console.assert(0, 'because %s', 'x'))[1], 'Assertion failed: because x\n');
  equal(printed(() => console.assert(false, { a: 1 }))[1], 'Assertion failed { a: 1 }\n');
});

test('trace shows where it was called', () => {
  const [output, errors] = printed(() => console.trace('here %d', 1));
  equal(output, '');
  match(errors, /^Trace: here 1\n {4}at .*console\.test\.mjs:\d+:\d+/);
  ok(!errors.includes('console.js'), errors);
});

test('dir takes inspect options', () => {
  prints('{ a: { b: [Object] } }\n', () => console.dir({ a: { b: { c: 1 } } }, { depth: 1 }));
  prints("'text'\n", () => console.dir('text'));
});

test('table', () => {
  prints(
    `┌─────────┬───┬─────┬───┐
│ (index) │ a │ b   │ c │
├─────────┼───┼─────┼───┤
│ 0       │ 1 │ 'x' │   │
│ 1       │ 2 │     │ 3 │
└─────────┴───┴─────┴───┘
`,
    () =>
      console.table([
        { a: 1, b: 'x' },
        { a: 2, c: 3 },
      ]),
  );
  prints(
    `┌─────────┬─────┐
│ (index) │ b   │
├─────────┼─────┤
│ 0       │ 'x' │
└─────────┴─────┘
`,
    () => console.table([{ a: 1, b: 'x' }], ['b']),
  );
  prints(
    `┌───────────────────┬─────┬──────────┐
│ (iteration index) │ Key │ Values   │
├───────────────────┼─────┼──────────┤
│ 0                 │ 'k' │ { v: 1 } │
└───────────────────┴─────┴──────────┘
`,
    () => console.table(new Map([['k', { v: 1 }]])),
  );
  prints(
    `┌─────────┬───┬────────┐
│ (index) │ 0 │ Values │
├─────────┼───┼────────┤
│ 0       │ 1 │        │
│ 1       │   │ 'p'    │
│ 2       │   │ '日本' │
└─────────┴───┴────────┘
`,
    () => console.table([[1], 'p', '日本']),
  );
  prints('5\n', () => console.table(5));
});

test('objects of the platform show their members', () => {
  prints("URLSearchParams { 'a' => '1', 'b' => '2' } URLSearchParams {}\n", () => {
    console.log(new URLSearchParams('a=1&b=2'), new URLSearchParams());
  });
  prints('AbortController { signal: AbortSignal { aborted: false } }\n', () => console.log(new AbortController()));
  const [output] = printed(() => console.log(new URL('http://a.b/c?d=1')));
  ok(output.startsWith("URL {\n  href: 'http://a.b/c?d=1',\n  origin: 'http://a.b',\n"), output);
  match(printed(() => console.log(new DOMException('no', 'AbortError')))[0], /^DOMException \[AbortError\]: no\n {4}at /);
  match(printed(() => console.log(new Event('x')))[0], /^Event \{\n {2}type: 'x',/);
  prints('Object [console] {\n', () => {
    const [text] = printed(() => console.log(console));
    process.stdout.write(text.slice(0, text.indexOf('\n') + 1));
  });
});

test('values whose own code fails do not break the print of others', () => {
  const [output] = printed(() =>
    console.log(
      new Proxy(
        { a: 1 },
        {
          get() {
            throw new Error('trap');
          },
        },
      ),
      new Proxy([], { ownKeys: () => [] }),
    ),
  );
  equal(output, '{ a: 1 } []\n');
});

test('console.log needs no iterator of Array (it threw once a program had deleted it)', () => {
  const saved = Array.prototype[Symbol.iterator];
  delete Array.prototype[Symbol.iterator];
  let thrown;
  try {
    console.log('one', { a: 1 });
    console.table([{ a: 1 }]);
  } catch (error) {
    thrown = error;
  } finally {
    Object.defineProperty(Array.prototype, Symbol.iterator, { value: saved, writable: true, configurable: true });
  }
  if (thrown !== undefined) throw thrown;
});

await run();
