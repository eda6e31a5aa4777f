// `process` as the system sees it, timers that are counted, errors that say their codes.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chdir, cwd, kill } from 'node:process';
import util from 'node:util';

test('the process tells who it is and what it uses', () => {
  ok(Number.isInteger(process.getuid()) && Number.isInteger(process.getegid()) && Array.isArray(process.getgroups()));
  const mask = process.umask(0o77);
  equal(process.umask(mask), 0o77);
  equal(throws(() => process.umask('9'), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  const before = process.cpuUsage();
  for (const end = Date.now() + 20; Date.now() < end; );
  ok(process.cpuUsage(before).user + process.cpuUsage(before).system > 1000);
  ok(process.resourceUsage().maxRSS > 1000 && process.availableMemory() > 0);
});

test('a signal is sent to what a number names, and NaN names nothing', () => {
  for (const pid of [Number.NaN, null, undefined, '1x', Number.POSITIVE_INFINITY]) {
    equal(throws(() => kill(pid, 0), TypeError).code, 'ERR_INVALID_ARG_TYPE', String(pid));
  }
  equal(kill(process.pid, 0), true);
  equal(kill(0, 0), true);
  equal(throws(() => kill(process.pid, 987), Error).code, 'EINVAL');
  const nobody = throws(() => kill(2 ** 22 + 12345, 0), Error);
  deepEqual([nobody.message, nobody.code, nobody.errno, nobody.syscall], ['kill ESRCH', 'ESRCH', -3, 'kill']);
});

test('signals of one kind that come together are told one by one', async () => {
  let count = 0;
  const arrived = Promise.withResolvers();
  const listener = () => {
    count += 1;
    if (count === 3) arrived.resolve();
  };
  process.on('SIGUSR2', listener);
  // A listener for a signal does not keep the program.
  const alive = setInterval(() => {}, 1000);
  for (let sent = 0; sent < 3; sent += 1) kill(process.pid, 'SIGUSR2');
  await arrived.promise;
  clearInterval(alive);
  process.off('SIGUSR2', listener);
});

test('a signal may be one for real time, which has no name', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  equal(kill(child.pid, 40), true);
  await once(child, 'exit');
  equal(throws(() => kill(child.pid, 40), Error).code, 'ESRCH');
});

test('input that cannot be read is an error as the system tells it', () => {
  const folder = openSync(tmpdir(), 'r');
  const code = `process.stdin.on('error', (e) => console.log(JSON.stringify([e.message, e.code, e.errno, e.syscall]))).resume();`;
  const { stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', stdio: [folder, 'pipe', 'inherit'] });
  closeSync(folder);
  deepEqual(JSON.parse(stdout), ['EISDIR: illegal operation on a directory, read', 'EISDIR', -21, 'read']);
});

test('a folder that is not there is named with the one that stays', () => {
  const here = cwd();
  const error = throws(() => chdir('does-not-exist'), Error);
  deepEqual([error.code, error.syscall, error.path, error.dest], ['ENOENT', 'chdir', here, 'does-not-exist']);
  equal(error.message, `ENOENT: no such file or directory, chdir '${here}' -> 'does-not-exist'`);
});

test('a worker has the options of the command', () => {
  const code = "process.emitWarning('quiet', 'DeprecationWarning', 'DEP1'); process.emitWarning('loud', 'DeprecationWarning', 'DEP2');";
  const program = `new (require('node:worker_threads').Worker)(${JSON.stringify(code)}, { eval: true });`;
  const { stderr } = spawnSync(process.execPath, ['--disable-warning=DEP1', '-e', program], { encoding: 'utf8' });
  ok(stderr.includes('loud') && !stderr.includes('quiet'), stderr);
});

test('what keeps the program alive is counted', () => {
  const count = (kind) => process.getActiveResourcesInfo().filter((each) => each === kind).length;
  const timers = count('Timeout');
  const timer = setTimeout(() => {}, 1000);
  const immediate = setImmediate(() => {});
  deepEqual([count('Timeout') - timers, count('Immediate')], [1, 1]);
  timer.unref();
  equal(count('Timeout'), timers);
  timer.ref();
  clearTimeout(timer);
  clearImmediate(immediate);
  deepEqual([count('Timeout') - timers, count('Immediate')], [0, 0]);
  equal(timer._destroyed, true);
});

test('an uncaught exception is captured before its listeners', async () => {
  const captured = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  equal(process.hasUncaughtExceptionCaptureCallback(), true);
  equal(throws(() => process.setUncaughtExceptionCaptureCallback(() => {}), Error).code, 'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET');
  setTimeout(() => {
    throw new Error('late');
  });
  equal((await captured).message, 'late');
  process.setUncaughtExceptionCaptureCallback(null);
});

test('an error says its code as text, styles nest, thenables are called back', async () => {
  ok(String(throws(() => process.chdir(1), TypeError)).startsWith('TypeError [ERR_INVALID_ARG_TYPE]: '));
  const style = (name, text) => util.styleText(name, text, { validateStream: false });
  equal(style('red', `a${style('blue', 'b')}c`), '\u001b[31ma\u001b[34mb\u001b[31mc\u001b[39m');
  equal(util.stripVTControlCharacters('\u001b]8;;http://a\u001b\\link\u001b]8;;\u001b\\!'), 'link!');
  const call = util.callbackify(() => Object.defineProperty({}, 'then', { value: (resolve) => resolve(7) }));
  equal(await new Promise((resolve) => call((_error, value) => resolve(value))), 7);
});

const runs = (code) => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  return { stdout, stderr, status };
};

test('another program takes the place of this one', () => {
  const code = `process.on('exit', () => console.log('never')); process.execve('/bin/sh', ['sh', '-c', 'echo $0 $X'], { X: 'y' })`;
  equal(runs(code).stdout, 'sh y\n');
  equal(throws(() => process.execve('/bin/sh', ['a\0']), TypeError).code, 'ERR_INVALID_ARG_VALUE');
});

test('users and groups are named or numbered', () => {
  equal(throws(() => process.setuid({}), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => process.setegid('no-such-group'), Error).code, 'ERR_UNKNOWN_CREDENTIAL');
  process.seteuid(process.geteuid());
});

test('a tick that an exit listener asks for never comes', () => {
  equal(runs(`process.on('exit', () => process.nextTick(() => console.log('never')))`).stdout, '');
});

test('listeners get an error for a rejection with something else, and monitors see it first', () => {
  const code = `process.on('uncaughtExceptionMonitor', (error) => console.log('seen', error.code));
    process.on('uncaughtException', (error, origin) => console.log(error.code, origin)); Promise.reject(null);`;
  equal(runs(code).stdout, 'seen ERR_UNHANDLED_REJECTION\nERR_UNHANDLED_REJECTION unhandledRejection\n');
});

test('a value that is no string warns when it is put into the environment, if the command line wants that', () => {
  const code = `process.on('warning', ({ code }) => console.log(code)); process.env.X = undefined; process.env.Y = null; process.env[''] = 1;
    console.log(process.env.X, process.env['']);`;
  const { stdout } = spawnSync(process.execPath, ['--pending-deprecation', '-e', code], { encoding: 'utf8' });
  equal(stdout, 'undefined undefined\nDEP0104\n');
  equal(runs(code).stdout, 'undefined undefined\n');
});

test('warnings go where the environment says, or nowhere', () => {
  const code = `process.emitWarning('careful')`;
  const { stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  ok(/^\(node:\d+\) Warning: careful/.test(stderr), stderr);
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  equal(spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env }).stderr, '');
  const file = join(tmpdir(), `twinloop-warnings-${process.pid}`);
  const elsewhere = { ...process.env, NODE_REDIRECT_WARNINGS: file };
  equal(spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env: elsewhere }).stderr, '');
  ok(readFileSync(file, 'utf8').includes('Warning: careful'));
  rmSync(file);
});

test('exit calls reallyExit, which a program may replace', () => {
  equal(runs(`process.reallyExit = (code) => console.log('stays', code); process.exit(3);`).stdout, 'stays 3\n');
});

test('the environment may have the options that the set names, in any spelling', () => {
  const flags = process.allowedNodeEnvironmentFlags;
  ok(flags.has('--stack-trace-limit=100') && flags.has('stack_trace_limit') && flags.has('-r') && !flags.has('--cheese'));
  flags.add('--cheese');
  ok(!flags.has('--cheese') && flags.size > 10 && [...flags].length === flags.size);
});

test('a rejection that is handled late is said to be', () => {
  const code = `process.on('unhandledRejection', () => {}); process.on('warning', ({ name }) => console.log(name));
    const late = Promise.reject(1); setTimeout(() => late.catch(() => {}), 5);`;
  equal(runs(code).stdout, 'PromiseRejectionHandledWarning\n');
});

test('only the modes of unhandled rejections that there are are taken', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--unhandled-rejections=odd', '-e', '1'], { encoding: 'utf8' });
  equal(status, 9);
  ok(stderr.includes('invalid value for --unhandled-rejections'), stderr);
  const env = { ...process.env, NODE_OPTIONS: '--unhandled-rejections=odd' };
  ok(spawnSync(process.execPath, ['-e', '1'], { env, encoding: 'utf8' }).stderr.includes('invalid value for --unhandled-rejections'));
});

test('operations on the pool are among the active resources', () => {
  const code = `const fs = require('fs'); for (let i = 0; i < 3; i += 1) fs.stat('.', () => {});
    console.log(process.getActiveResourcesInfo().join(), process._getActiveRequests().length);`;
  equal(runs(code).stdout, 'FSReqCallback,FSReqCallback,FSReqCallback 3\n');
});

test('an option takes globals away', () => {
  const code = 'console.log(typeof WebSocket, typeof localStorage, typeof fetch)';
  const options = ['--no-experimental-websocket', '--no-webstorage', '-e', code];
  equal(spawnSync(process.execPath, options, { encoding: 'utf8' }).stdout, 'undefined undefined function\n');
});

test('the environment is cloned as the object that it looks like', () => {
  process.env.TWINLOOP_CLONED = 'yes';
  const copy = structuredClone({ env: process.env });
  equal(copy.env.TWINLOOP_CLONED, 'yes');
  ok(util.isDeepStrictEqual(copy.env, { ...process.env }));
  delete process.env.TWINLOOP_CLONED;
  equal(copy.env.TWINLOOP_CLONED, 'yes');
});

test('a report names the C library, by which packages choose their binaries', () => {
  const { status, stdout } = spawnSync('getconf', ['GNU_LIBC_VERSION'], { encoding: 'utf8' });
  const version = status === 0 ? stdout.trim().replace('glibc ', '') : undefined;
  equal(process.report.getReport().header.glibcVersionRuntime, version);
});

await run();
