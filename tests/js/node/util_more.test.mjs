// `node:util`: arguments of commands, MIME types, `.env` files, error numbers, differences, call sites; `node:tty`.
import * as util from 'node:util';
import tty from 'node:tty';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

test('arguments of a command become options and positionals', () => {
  const options = {
    verbose: { type: 'boolean', short: 'v', multiple: true },
    out: { type: 'string', short: 'o', default: 'x' },
    color: { type: 'boolean' },
  };
  const parsed = util.parseArgs({
    args: ['-vv', '-ofile', 'a', '--no-color', '--', '--b'],
    options,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  deepEqual({ ...parsed.values }, { verbose: [true, true], out: 'file', color: false });
  deepEqual(parsed.positionals, ['a', '--b']);
  deepEqual(
    parsed.tokens.map((token) => [token.kind, token.index]),
    [
      ['option', 0],
      ['option', 0],
      ['option', 1],
      ['positional', 2],
      ['option', 3],
      ['option-terminator', 4],
      ['positional', 5],
    ],
  );
  equal(util.parseArgs({ args: [], options }).values.out, 'x');
  for (const [args, code] of [
    [['--nothing'], 'ERR_PARSE_ARGS_UNKNOWN_OPTION'],
    [['--out'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE'],
    [['--verbose=1'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE'],
    [['--out', '-v'], 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE'],
    [['a'], 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL'],
  ]) {
    equal(throws(() => util.parseArgs({ args, options }), TypeError).code, code);
  }
});

test('MIME types are parsed, changed and written', () => {
  const type = new util.MIMEType(' Text/HTML ; charset="a \\"b" ; charset=c; bad ');
  equal(type.essence, 'text/html');
  equal(type.params.get('charset'), 'a "b');
  equal(`${type}`, 'text/html;charset="a \\"b"');
  type.subtype = 'plain';
  type.params.set('x', 'y');
  type.params.delete('charset');
  equal(JSON.stringify(type), '"text/plain;x=y"');
  deepEqual([...type.params], [['x', 'y']]);
  equal(throws(() => new util.MIMEType('text'), TypeError).code, 'ERR_INVALID_MIME_SYNTAX');
  throws(() => type.params.set('a b', ''), TypeError);
});

test('.env files have quotes, comments and values of several lines', () => {
  const text = `A=1 # comment\nB="two\nlines"\nexport C='#3'\n# D=4\nE=\`"x"\`\nF=\n G = g \nH="a\\nb"\nnothing\nI="open`;
  deepEqual({ ...util.parseEnv(text) }, { A: '1', B: 'two\nlines', C: '#3', E: '"x"', F: '', G: 'g', H: 'a\nb', I: '"open' });
});

test('_extend takes the last property first, which is the order of fields that proxies send', () => {
  deepEqual(Object.keys(util._extend({ z: 1, a: 0 }, { a: 1, b: 2, c: 3 })), ['z', 'a', 'c', 'b']);
  equal(util._extend('a', null), 'a');
});

test('error numbers have names and texts', () => {
  equal(util.getSystemErrorName(-2), 'ENOENT');
  equal(util.getSystemErrorMessage(-2), 'no such file or directory');
  deepEqual(util.getSystemErrorMap().get(-13), ['EACCES', 'permission denied']);
  equal(throws(() => util.getSystemErrorName(1), RangeError).code, 'ERR_OUT_OF_RANGE');
});

test('the difference of two lists is the shortest', () => {
  deepEqual(util.diff(['1', '2', '3'], ['1', '3', '4']), [
    [0, '1'],
    [1, '2'],
    [0, '3'],
    [-1, '4'],
  ]);
  deepEqual(util.diff('ab', 'ab'), []);
  const long = Array.from({ length: 1000 }, (_, index) => `${index}`);
  equal(
    util.diff(
      long,
      long.map((line) => `x${line}`),
    ).length,
    2000,
  );
});

test('call sites tell of the caller', () => {
  const [site] = util.getCallSites(1);
  ok(site.scriptName.endsWith('util_more.test.mjs') && site.lineNumber > 50, JSON.stringify(site));
  throws(() => util.getCallSites(0), RangeError);
});

test('the environment tells how many colours a terminal shows', () => {
  const { getColorDepth, hasColors } = tty.WriteStream.prototype;
  const cases = [
    [{ TERM: 'dumb' }, 1],
    [{ TERM: 'xterm' }, 4],
    [{ TERM: 'xterm-256color' }, 8],
    [{ COLORTERM: 'truecolor' }, 24],
    [{ FORCE_COLOR: '3' }, 24],
    [{ CI: '1', GITHUB_ACTIONS: '1' }, 24],
    [{ TERM: 'xterm', NO_COLOR: '1' }, 1],
  ];
  for (const [environment, depth] of cases) equal(getColorDepth.call({ getColorDepth }, environment), depth, JSON.stringify(environment));
  equal(hasColors.call({ getColorDepth }, 256, { TERM: 'xterm' }), false);
  equal(tty.isatty(99), false);
});

await run();
