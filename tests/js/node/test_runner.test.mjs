// `node:test`: tests, suites and hooks, what of them runs, mocks, snapshots, and files of tests in processes of their own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, run as runFiles } from 'node:test';
import { tap } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'twinloop-test-')));
const file = (name, text) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const { NODE_TEST_CONTEXT: _, ...env } = process.env;
const start = (...words) => spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8', env });
/** The lines of TAP that say how a test ended. */
const results = (text) => text.split('\n').filter((line) => /^ *(?:not )?ok /.test(line));

test('a file of tests tells each result in order, and fails with one of them', () => {
  const path = file(
    'order.mjs',
    `import test, { describe, it, before, after, beforeEach, afterEach } from 'node:test';
    import assert from 'node:assert';
    const order = [];
    test('passes', () => {});
    test('fails', () => assert.strictEqual(1, 2));
    test('has subtests', { concurrency: 2 }, async (t) => {
      t.test('slow', () => new Promise((resolve) => setTimeout(resolve, 20)));
      await t.test('fast', () => {});
    });
    describe('suite', () => {
      before(() => order.push('before'));
      after(() => console.log(order.join(' ')));
      beforeEach(() => order.push('beforeEach'));
      afterEach(() => order.push('afterEach'));
      it('one', () => order.push('one'));
      it.skip('two', () => order.push('two'));
      it('three', { todo: 'later' }, () => { throw new Error('x'); });
    });
    test('times out', { timeout: 5 }, () => new Promise(() => {}));
    test('calls back', (t, done) => setImmediate(done));
    test('has a plan', (t) => { t.plan(1); });
    test('fails as expected', { expectFailure: true }, () => { throw new Error('x'); });
    `,
  );
  const { status, stdout, stderr } = start('--test-reporter=tap', path);
  equal(stderr, '');
  equal(status, 1);
  deepEqual(results(stdout), [
    'ok 1 - passes',
    'not ok 2 - fails',
    '    ok 1 - slow',
    '    ok 2 - fast',
    'ok 3 - has subtests',
    '    ok 1 - one',
    '    ok 2 - two # SKIP',
    '    not ok 3 - three # TODO later',
    'ok 4 - suite',
    'not ok 5 - times out',
    'ok 6 - calls back',
    'not ok 7 - has a plan',
    'ok 8 - fails as expected # EXPECTED FAILURE',
  ]);
  ok(stdout.includes('before beforeEach one afterEach beforeEach afterEach\n'), stdout);
  for (const line of ['# tests 12', '# suites 1', '# pass 7', '# fail 2', '# cancelled 1', '# skipped 1', '# todo 1']) {
    ok(stdout.includes(`${line}\n`), `${line} in ${stdout}`);
  }
});

test('names, patterns and --test-only choose what runs', () => {
  const path = file(
    'choose.mjs',
    `import { describe, it, test } from 'node:test';
    describe('group', () => { it('red', () => {}); it('green', () => {}); });
    test.only('blue', () => {});
    test('red too', () => {});
    `,
  );
  const chosen = (...words) => results(start('--test-reporter=tap', ...words, path).stdout);
  deepEqual(chosen('--test-name-pattern=red'), ['    ok 1 - red', 'ok 1 - group', 'ok 2 - red too']);
  deepEqual(chosen('--test-name-pattern', '/GROUP green/i'), ['    ok 1 - green', 'ok 1 - group']);
  deepEqual(chosen('--test-skip-pattern=red'), ['    ok 1 - green', 'ok 1 - group', 'ok 2 - blue']);
  deepEqual(chosen('--test-only'), ['ok 1 - blue']);
});

test('an error that comes later belongs to its test', () => {
  const path = file(
    'later.mjs',
    `import test from 'node:test';
    test('fails later', () => new Promise(() => setTimeout(() => { throw new Error('later'); }, 1)));
    test('has ended', () => { setTimeout(() => { throw new Error('too late'); }, 1); });
    test('waits', () => new Promise((resolve) => setTimeout(resolve, 30)));
    test('never ends', () => new Promise(() => {}));
    `,
  );
  const { status, stdout } = start('--test-reporter=tap', path);
  equal(status, 1);
  deepEqual(results(stdout), ['not ok 1 - fails later', 'ok 2 - has ended', 'ok 3 - waits', 'not ok 4 - never ends']);
  ok(stdout.includes('# Error: Test "has ended"') && stdout.includes('too late'), stdout);
  ok(stdout.includes("'Promise resolution is still pending but the event loop has already resolved'"), stdout);
});

test('the command finds files, runs each in a process of its own, and reports them in order', () => {
  file('a.test.mjs', "import test from 'node:test'; test('of a', () => {}); console.log('printed');");
  file('b.test.cjs', "require('node:test')('of b', () => { throw new Error('b'); });");
  file('not-a-suite.mjs', 'throw new Error();');
  file('c.test.mjs', "console.log('no tests');");
  const { status, stdout, stderr } = start('test', '--test-reporter=tap');
  equal(stderr, '');
  equal(status, 1);
  deepEqual(results(stdout), ['ok 1 - of a', 'not ok 2 - of b', `ok 3 - ${join(folder, 'c.test.mjs')}`]);
  ok(stdout.includes('# printed\n') && stdout.includes('# no tests\n'), stdout);
  equal(start('test', 'nothing-here.mjs').status, 1);
  const dots = start('--test', '--test-reporter=dot', '--test-reporter-destination=out.txt', 'a.test.mjs');
  equal(dots.status, 0);
  equal(readFileSync(join(folder, 'out.txt'), 'utf8'), '.\n');
});

test('run() gives the events of files as a stream, also of those in this process', async () => {
  const child = start(
    '--input-type=module',
    '-e',
    `import { run } from 'node:test';
    const names = [];
    run({ files: ['a.test.mjs', 'b.test.cjs'], isolation: 'none' })
      .on('test:pass', ({ name }) => names.push('+' + name))
      .on('test:fail', ({ name, details }) => names.push('-' + name + details.error.cause.message))
      .on('test:summary', ({ counts }) => console.log(names.join(), counts.tests, counts.failed))
      .resume();`,
  );
  equal(child.stdout, 'printed\n+of a,-of bb 2 1\n');
  const lines = await runFiles({ files: [join(folder, 'b.test.cjs')], cwd: folder })
    .compose(tap)
    .toArray();
  deepEqual(results(lines.join('')), ['not ok 1 - of b']);
  throws(() => runFiles({ files: 1 }), TypeError);
});

test('mocks note their calls and bring back what was there', () => {
  const object = {
    factor: 2,
    times: (number) => number * 2,
    get half() {
      return this.factor / 2;
    },
  };
  const { times } = object;
  const mocked = mock.method(object, 'times', () => 0);
  equal(object.times(3), 0);
  mocked.mock.mockImplementationOnce(() => 1);
  deepEqual([object.times(3), object.times(4)], [1, 0]);
  deepEqual(
    mocked.mock.calls.map((call) => call.arguments),
    [[3], [3], [4]],
  );
  mock.getter(object, 'half', () => 7);
  equal(object.half, 7);
  mock.restoreAll();
  equal(object.times, times);
  equal(object.half, 1);
  const once = mock.fn(
    () => 'real',
    () => 'mocked',
    { times: 1 },
  );
  deepEqual([once(), once()], ['mocked', 'real']);
  throws(() => mock.method(object, 'nothing'), TypeError);
});

test('mocked timers stand still until they are moved', async () => {
  const realDate = Date;
  const order = [];
  mock.timers.enable({ now: 1000 });
  setTimeout(() => order.push('timeout'), 20);
  const interval = setInterval(() => order.push('interval'), 8);
  const { promise } = { promise: (await import('node:timers/promises')).setTimeout(30, 'value') };
  equal(Date.now(), 1000);
  mock.timers.tick(20);
  deepEqual(order, ['interval', 'interval', 'timeout']);
  equal(Date.now(), 1020);
  clearInterval(interval);
  mock.timers.runAll();
  equal(await promise, 'value');
  mock.timers.reset();
  equal(Date, realDate);
});

test('snapshots are written once and compared afterwards', () => {
  const path = file('snap.test.mjs', "import test from 'node:test'; test('it', (t) => t.assert.snapshot({ a: [1, `\\``] }));");
  equal(start(path).status, 1);
  equal(start('--test-update-snapshots', path).status, 0);
  ok(readFileSync(`${path}.snapshot`, 'utf8').startsWith('exports[`it 1`] = `\n{'));
  equal(start(path).status, 0);
  writeFileSync(`${path}.snapshot`, 'exports[`it 1`] = `other`;\n');
  equal(start(path).status, 1);
});

test('junit is XML', () => {
  const { stdout } = start('--test-reporter=junit', join(folder, 'choose.mjs'));
  ok(/<testsuite name="group"[^>]* tests="2" failures="0"/.test(stdout) && stdout.includes('<testcase name="blue"'), stdout);
});

test('a mocked module stands in the place of the module for import and for require', () => {
  file('plain.cjs', "exports.name = 'plain';");
  file('esm.mjs', "export const name = 'esm'; export default 'its default';");
  file('user.mjs', "import { name } from './esm.mjs'; export { name };");
  const path = file(
    'mocks.mjs',
    `import { mock } from 'node:test';
    import { createRequire, registerHooks } from 'node:module';
    const require = createRequire(import.meta.url);
    const say = (...all) => console.log(JSON.stringify(all));
    const plain = mock.module('./plain.cjs', { exports: { name: 'mock', more: 1 } });
    say(require('./plain.cjs'), (await import('./plain.cjs')).default, require('./plain.cjs') === require('./plain.cjs'));
    plain.restore();
    say(require('./plain.cjs'), (await import('./plain.cjs')).name);
    mock.module('./esm.mjs', { cache: true, exports: { default: 'other', name: 'mock' } });
    const esm = await import('./esm.mjs');
    say({ ...esm }, esm === (await import('./esm.mjs')), (await import('./user.mjs')).name);
    mock.module('node:os', { exports: { cpus: () => 'none' } });
    say(require('os').cpus(), (await import('os')).cpus(), Object.keys(require('node:os')), import.meta.resolve('os').startsWith('node:os'));
    try { mock.module('os', {}); } catch (error) { say(error.code, error.message); }
    mock.module('node:zlib', { exports: { default: null, name: 1 } });
    try { require('zlib'); } catch (error) { say(error.message.startsWith('Cannot create mock')); }
    mock.restoreAll();
    say(typeof require('os').cpus(), (await import('./esm.mjs')).name, typeof (await import('zlib')).gzip);
    for (const options of [null, { cache: 5 }, { exports: null }, { exports: {}, namedExports: {} }]) {
      try { mock.module('os', options); } catch (error) { say(error.code); }
    }
    const hooks = registerHooks({ resolve: (name, context, next) => (name === 'made:up' ? { url: 'node:fs', shortCircuit: true } : next(name, context)) });
    say(import.meta.resolve('made:up'), import.meta.resolve('./none.mjs') === new URL('./none.mjs', import.meta.url).href);
    hooks.deregister();
    `,
  );
  const { status, stdout, stderr } = start('--no-warnings', '--experimental-test-module-mocks', path);
  equal(stderr, '');
  equal(status, 0);
  deepEqual(stdout.trim().split('\n').map(JSON.parse), [
    [{ name: 'mock', more: 1 }, { name: 'mock', more: 1 }, false],
    [{ name: 'plain' }, 'plain'],
    [{ default: 'other', name: 'mock' }, true, 'mock'],
    ['none', 'none', ['cpus'], true],
    ['ERR_INVALID_STATE', "Invalid state: Cannot mock 'os'. The module is already mocked."],
    [true],
    ['object', 'esm', 'function'],
    ['ERR_INVALID_ARG_TYPE'],
    ['ERR_INVALID_ARG_TYPE'],
    ['ERR_INVALID_ARG_TYPE'],
    ['ERR_INVALID_ARG_VALUE'],
    ['node:fs', true],
  ]);
});

for (const isolation of ['process', 'none']) {
  test(`a runner that watches runs again what a change touches, isolation ${isolation}`, async () => {
    const name = (text) => `watch-${isolation}-${text}`;
    const part = file(name('part.cjs'), 'exports.value = 1;');
    file(name('one.test.cjs'), `require('node:test')('uses part ' + require('./${name('part.cjs')}').value, () => {});`);
    const two = file(name('two.test.cjs'), "require('node:test')('alone', () => {});");
    const words = ['--test', '--watch', '--test-reporter=tap', `--test-isolation=${isolation}`, `${name('*.test.cjs')}`];
    const child = spawn(process.execPath, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let next = () => {};
    child.stdout.setEncoding('utf8').on('data', (more) => {
      text += more;
      next();
    });
    /** What a run told, once it has ended. */
    const ran = () =>
      new Promise((resolve) => {
        next = () => {
          if (!/^# duration_ms /m.test(text)) return;
          const told = results(text).map((line) => line.slice(line.indexOf('-') + 2));
          text = '';
          resolve(told.sort());
        };
        next();
      });
    try {
      deepEqual(await ran(), ['alone', 'uses part 1']);
      writeFileSync(part, 'exports.value = 2;');
      deepEqual(await ran(), isolation === 'none' ? ['alone', 'uses part 2'] : ['uses part 2']);
      writeFileSync(two, "require('node:test')('alone, changed', () => {});");
      deepEqual(await ran(), isolation === 'none' ? ['alone, changed', 'uses part 2'] : ['alone, changed']);
      file(name('three.test.cjs'), "require('node:test')('new', () => {});");
      deepEqual(await ran(), isolation === 'none' ? ['alone, changed', 'new', 'uses part 2'] : ['new']);
    } finally {
      child.kill();
    }
  });
}

test('what is set up globally is there before all tests, and torn down after them', () => {
  file(
    'setup.mjs',
    "export function globalSetup() { console.log('# up'); } export async function globalTeardown() { console.log('# down'); }",
  );
  file('bad_setup.mjs', "export function globalSetup() { throw new Error('no setup'); }");
  file('preload.mjs', "console.log('# preloaded'); import { before } from 'node:test'; before(() => console.log('# before all'));");
  const path = file('needs_setup.test.mjs', "import test from 'node:test'; test('needs', () => console.log('# test'));");
  const order = (...words) =>
    start(...words, path)
      .stdout.split('\n')
      // A file's output is a comment of TAP.
      .map((line) => line.replace('# \\# ', '# '))
      .filter((line) => /^# (?:up|down|test|preloaded|before all)$/.test(line));
  const setup = `--test-global-setup=${join(folder, 'setup.mjs')}`;
  const preload = `--import=${join(folder, 'preload.mjs')}`;
  const tap = '--test-reporter=tap';
  deepEqual(order(tap, setup), ['# up', '# test', '# down']);
  deepEqual(order('--test', tap, setup), ['# up', '# test', '# down']);
  deepEqual(order('--test', '--test-isolation=none', tap, setup, preload), ['# up', '# preloaded', '# before all', '# test', '# down']);
  for (const words of [[], ['--test']]) {
    const { status, stdout, stderr } = start(...words, tap, `--test-global-setup=${join(folder, 'bad_setup.mjs')}`, path);
    equal(status, 1);
    ok(stderr.includes('no setup') && !/# test$/m.test(stdout), stdout);
  }
});

test('without isolation `only` needs no option', () => {
  const only = file('only_a.test.mjs', "import test from 'node:test'; test('left out', () => {}); test.only('chosen', () => {});");
  const other = file('only_b.test.mjs', "import test from 'node:test'; test('left out too', () => {});");
  deepEqual(results(start('--test', '--test-isolation=none', '--test-reporter=tap', only, other).stdout), ['ok 1 - chosen']);
  deepEqual(results(start('--test', '--test-isolation=none', '--test-reporter=tap', other).stdout), ['ok 1 - left out too']);
});

test('a time limit of the runner is one for each test', () => {
  const path = file(
    'slow.test.mjs',
    "import test from 'node:test'; test('slow', () => new Promise((resolve) => setTimeout(resolve, 2000))); test('fast', () => {});",
  );
  deepEqual(results(start('--test', '--test-timeout=50', '--test-reporter=tap', path).stdout), ['not ok 1 - slow', 'ok 2 - fast']);
});

test('a test expects the failures of its subtests as its own', () => {
  const path = file(
    'expects.mjs',
    `import test, { suite } from 'node:test';
    suite('suite', { expectFailure: true }, () => { test('throws', () => { throw new Error('x'); }); test('does not', () => {}); });`,
  );
  deepEqual(results(start('--test-reporter=tap', path).stdout).slice(0, 2), [
    '    ok 1 - throws # EXPECTED FAILURE',
    '    not ok 2 - does not # EXPECTED FAILURE',
  ]);
});

test('what passed in a run before is not run again, as a file of state says', () => {
  const path = file(
    'again.mjs',
    `import { describe, it, test } from 'node:test';
    test('passes', (t) => console.log('ran passes', t.attempt));
    test('fails once', (t) => { if (t.attempt < 1) throw new Error('no'); });
    test('outer', async (t) => {
      await t.test('inner', (t) => { t.plan(1); t.assert.ok(1); console.log('ran inner'); });
    });
    test('half', async (t) => {
      await t.test('good', () => console.log('ran good'));
      await t.test('bad', (t) => { if (t.attempt < 1) throw new Error('no'); });
    });
    describe('suite', () => { describe('deep', () => { it('deepest', () => console.log('ran deepest')); }); });
    for (let i = 0; i < 3; i += 1) test('loop ' + i, (t) => { if (i === 1 && t.attempt < 2) throw new Error('no'); });
    test('expected', { expectFailure: true }, () => { throw new Error('as it should'); });
    `,
  );
  const state = join(folder, 'state.json');
  const again = () => start('--test', '--test-reporter=tap', `--test-rerun-failures=${state}`, path);
  const ran = (text) => text.match(/ran \w+(?: \d)?/g) ?? [];
  const first = again();
  equal(first.status, 1);
  deepEqual(ran(first.stdout), ['ran passes 0', 'ran inner', 'ran good', 'ran deepest']);
  const second = again();
  equal(second.status, 1);
  // Around what failed everything runs; the rest is told as it was.
  deepEqual(ran(second.stdout), []);
  deepEqual(results(second.stdout), [
    'ok 1 - passes',
    'ok 2 - fails once',
    '    ok 1 - inner',
    'ok 3 - outer',
    '    ok 1 - good',
    '    ok 2 - bad',
    'ok 4 - half',
    '        ok 1 - deepest',
    '    ok 1 - deep',
    'ok 5 - suite',
    'ok 6 - loop 0',
    'not ok 7 - loop 1',
    'ok 8 - loop 2',
    'ok 9 - expected # EXPECTED FAILURE',
  ]);
  equal(again().status, 0);
  const runs = JSON.parse(readFileSync(state, 'utf8'));
  const shown = runs.map((passed) => Object.values(passed).map((one) => [one.name, one.passed_on_attempt, one.children.length]));
  deepEqual(shown[0], [
    ['passes', 0, 0],
    ['inner', 0, 0],
    ['outer', 0, 1],
    ['good', 0, 0],
    ['deepest', 0, 0],
    ['deep', 0, 1],
    ['suite', 0, 1],
    ['loop 0', 0, 0],
    ['loop 2', 0, 0],
    ['expected', 0, 0],
  ]);
  deepEqual(
    shown[2].filter(([, attempt]) => attempt > 0),
    [
      ['fails once', 1, 0],
      ['bad', 1, 0],
      ['half', 1, 2],
      ['loop 1', 2, 0],
    ],
  );
  ok(Object.keys(runs[0]).every((place) => /^again\.mjs:\d+:\d+(?::\(\d\))?$/.test(place)));
  // Without a runner the file's own process writes it.
  rmSync(state);
  equal(start(`--test-rerun-failures=${state}`, path).status, 1);
  equal(JSON.parse(readFileSync(state, 'utf8')).length, 1);
  writeFileSync(state, 'nothing');
  ok(again().status !== 0);
});

test('the order of tests is drawn by a seed, the same as in Node, and told as it was', () => {
  const text = `import { describe, it, test } from 'node:test';
    for (const name of 'abcdef') test(name, () => {});
    describe('suite', () => { for (const name of '1234') it(name, () => {}); });
    test('both', { concurrency: 2 }, async (t) => { await Promise.all([...'ghijk'].map((name) => t.test(name, async () => { await null; }))); });
    test('one by one', async (t) => { await t.test('first', () => {}); await t.test('second', () => {}); });`;
  const paths = ['drawn.mjs', 'drawn_too.mjs'].map((name) => file(name, text));
  const names = (stdout) => results(stdout).map((line) => line.replace(/ok \d+ - /, ''));
  const ran = (...words) => {
    const { status, stdout, stderr } = start('--test', '--test-reporter=tap', ...words);
    equal([status, stderr].join(), '0,');
    return stdout;
  };
  if (process.versions.twinloop === undefined && !process.allowedNodeEnvironmentFlags.has('--test-randomize')) return;
  const told = ran('--test-random-seed=42', ...paths);
  ok(told.includes('# Randomized test order seed: 42\n'));
  deepEqual(names(told).slice(0, 19), [
    'f',
    'd',
    '    j',
    '    h',
    '    k',
    '    i',
    '    g',
    'both',
    '    3',
    '    2',
    '    4',
    '    1',
    'suite',
    'a',
    'e',
    'b',
    '    first',
    '    second',
    'one by one',
  ]);
  const again = ran('--test-random-seed=42', ...paths);
  deepEqual(names(again), names(told));
  const drawn = ran('--test-randomize', ...paths);
  const seed = /# Randomized test order seed: (\d+)/.exec(drawn)[1];
  deepEqual(names(ran(`--test-random-seed=${seed}`, ...paths)), names(drawn));
  deepEqual(names(drawn).sort(), names(told).sort());
  // In one process as well.
  equal(names(ran('--test-isolation=none', '--test-random-seed=3', ...paths)).length, 40);
  equal(start('--test', '--test-random-seed=x', paths[0]).status === 0, false);
  for (const given of [
    { randomize: 5 },
    { randomSeed: -1 },
    { randomSeed: 5, watch: true },
    { randomize: true, rerunFailuresFilePath: 'x' },
  ]) {
    throws(() => runFiles({ files: [], ...given }), Error);
  }
});

test('mocked timers and dates end with their test', () => {
  const path = file(
    'dates.mjs',
    `import test from 'node:test'; const real = Date;
    test('one', (t) => { t.mock.timers.enable({ apis: ['Date'] }); t.assert.throws(() => new t.mock.constructor().timers.enable(), { code: 'ERR_INVALID_STATE' }); });
    test('two', (t) => { t.assert.strictEqual(Date, real); });`,
  );
  deepEqual(results(start('--test-reporter=tap', path).stdout), ['ok 1 - one', 'ok 2 - two']);
});

test('a file that never ends makes room when it changes', async () => {
  const path = file('endless.test.cjs', "require('node:test')('endless', () => new Promise((resolve) => setTimeout(resolve, 1e8)));");
  const controller = new AbortController();
  const stream = runFiles({ files: [path], watch: true, signal: controller.signal });
  const told = [];
  for await (const { type, data } of stream) {
    if (type === 'test:dequeue' && data.name === 'endless') writeFileSync(path, "require('node:test')('ends', () => {});");
    if (type === 'test:pass' || type === 'test:fail') told.push(`${type} ${data.name}`);
    if (type === 'test:watch:drained') controller.abort();
  }
  deepEqual(told, ['test:pass ends']);
});

test('coverage has lines, branches and functions as Node counts them, over all files, and thresholds', () => {
  const project = mkdtempSync(join(folder, 'covered-'));
  mkdirSync(join(project, 'src/deep'), { recursive: true });
  writeFileSync(
    join(project, 'src/a.mjs'),
    `// é
export function used(x) {
  if (x > 1) {
    return 'big';
  } else {
    return 'small';
  }
}

export function unused(y) {
  const inner = () => y + 1;
  return inner();
}

export class Thing {
  constructor() {
    this.a = 1;
  }
  method() {
    return this.a;
  }
  other() {
    try {
      return this.b.c;
    } catch {
      return null;
    }
  }
}
/* node:coverage ignore next 3 */
export function ignored() {
  return 1;
}
export const arrow = (a) => a * 2;
switch (globalThis.nothing) {
  case 1:
    console.log('one');
    break;
  default:
    break;
}
`,
  );
  writeFileSync(
    join(project, 'src/deep/b.cjs'),
    `'use strict';
exports.early = function early(x) {
  if (x) return 1;
  const y = 2;
  return y;
};
exports.é = () => {
  throw new Error('never');
};
`,
  );
  const head = "import { test } from 'node:test'; import { used, Thing } from './src/a.mjs'; import b from './src/deep/b.cjs';";
  writeFileSync(
    join(project, 'x.test.mjs'),
    `${head}\ntest('one', () => { used(2); new Thing().other.call({ b: { c: 1 } }); b.early(1); });`,
  );
  writeFileSync(join(project, 'y.test.mjs'), `${head}\ntest('two', () => { used(2); new Thing().method(); b.early(1); });`);
  const covered = (/** @type {string[]} */ ...words) =>
    spawnSync(process.execPath, ['--test', '--experimental-test-coverage', '--test-reporter=tap', ...words], {
      cwd: project,
      encoding: 'utf8',
      env,
    });
  const table = (/** @type {string} */ text) => text.split('\n').filter((line) => / \| /.test(line));
  const expected = [
    '# file      | line % | branch % | funcs % | uncovered lines',
    '# src       |        |          |         | ',
    '#  a.mjs    |  78.05 |    62.50 |   71.43 | 6-7 11-13 26-27 37-38',
    '#  deep     |        |          |         | ',
    '#   b.cjs   |  66.67 |    66.67 |   50.00 | 4-5 8',
    '# all files |  76.00 |    63.64 |   66.67 | ',
  ];
  for (const isolation of ['process', 'none']) {
    const { stdout, status } = covered(`--test-isolation=${isolation}`);
    deepEqual(table(stdout), expected);
    equal(status, 0);
  }
  const { stdout, status } = covered(
    '--test-coverage-lines=90',
    '--test-coverage-exclude=**/*.test.mjs',
    '--test-coverage-include=src/*.mjs',
  );
  equal(table(stdout).at(-1), '# all files |  78.05 |    62.50 |   71.43 | ');
  ok(stdout.includes('# Error: 78.05% line coverage does not meet threshold of 90%.'), stdout);
  equal(status, 1);
});

test('NODE_V8_COVERAGE has a report of each process in the folder, as the tools that read it want it', () => {
  const reports = join(folder, 'reports');
  const path = file('covered.cjs', 'exports.a = () => 1;\nexports.b = () => 2;\nexports.a();\nexports.a();\n');
  const { status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', env: { ...env, NODE_V8_COVERAGE: reports } });
  deepEqual([status, stderr], [0, '']);
  const [name, ...more] = readdirSync(reports);
  deepEqual([/^coverage-\d+-\d+-\d\.json$/.test(name), more], [true, []]);
  const { result } = JSON.parse(readFileSync(join(reports, name), 'utf8'));
  const { functions } = result.find((script) => script.url === pathToFileURL(path).href);
  deepEqual(
    functions.map(({ functionName, ranges }) => [functionName, ranges[0].startOffset, ranges[0].endOffset, ranges[0].count]),
    [
      ['', 0, 68, 1],
      ['exports.a', 12, 19, 2],
      ['exports.b', 33, 40, 0],
    ],
  );
});

await run();
rmSync(folder, { recursive: true });
