// `node:path` for Windows and globs, `node:os`.
import path from 'node:path';
import windows from 'node:path/win32';
import os from 'node:os';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

test('Windows paths have drives and shares', () => {
  equal(windows, path.win32);
  const cases = [
    [windows.join('c:', 'a', '..', 'b/c'), 'c:\\b\\c'],
    [windows.join('//server', 'share', 'x'), '\\\\server\\share\\x'],
    [windows.normalize('C:/a/./b//c/'), 'C:\\a\\b\\c\\'],
    [windows.normalize('./C:x'), '.\\C:x'],
    [windows.normalize('CON:x'), '.\\CON:x'],
    [windows.resolve('C:\\a', 'D:b', 'C:c'), 'C:\\a\\c'],
    [windows.resolve('//server/share', '..', 'x'), '\\\\server\\share\\x'],
    [windows.relative('C:\\a\\B', 'c:\\A\\d\\e'), '..\\d\\e'],
    [windows.relative('C:\\a', 'D:\\a'), 'D:\\a'],
    [windows.dirname('\\\\server\\share\\x'), '\\\\server\\share\\'],
    [windows.basename('C:file.txt', '.txt'), 'file'],
    [windows.extname('C:\\a.b\\c'), ''],
    [windows.toNamespacedPath('C:\\x'), '\\\\?\\C:\\x'],
    [windows.format({ dir: 'C:\\a', name: 'b', ext: 'c' }), 'C:\\a\\b.c'],
  ];
  for (const [actual, expected] of cases) equal(actual, expected);
  deepEqual(windows.parse('C:\\a\\b.txt'), { root: 'C:\\', dir: 'C:\\a', base: 'b.txt', ext: '.txt', name: 'b' });
});

test('globs match paths', () => {
  const cases = [
    ['a/b/c.js', 'a/**/*.js', true],
    ['a/c.js', 'a/**/*.js', true],
    ['a/.x/c.js', 'a/**/*.js', false],
    ['a/b', 'a/[!b]', false],
    ['a/bc', 'a/{bc,de}', true],
    ['a/b', 'a/?', true],
    ['a/b/c', 'a/*', false],
  ];
  for (const [file, pattern, expected] of cases) equal(path.matchesGlob(file, pattern), expected, `${file} ${pattern}`);
});

test('what a program puts in the place of process.cwd is where paths begin', () => {
  const { cwd } = process;
  process.cwd = () => '/nowhere';
  try {
    equal(path.resolve('a'), '/nowhere/a');
  } finally {
    process.cwd = cwd;
  }
  equal(path.resolve(), process.cwd());
});

test('the machine tells of its processors, network and priorities', () => {
  const [cpu] = os.cpus();
  ok(cpu.model !== '' && cpu.times.idle > 0, JSON.stringify(cpu));
  const [address] = Object.values(os.networkInterfaces()).flat();
  ok(/^(IPv4|IPv6)$/.test(address.family) && address.cidr.startsWith(`${address.address}/`), JSON.stringify(address));
  ok(Number.isInteger(os.getPriority()));
  equal(throws(() => os.getPriority(-1), Error).code, 'ERR_SYSTEM_ERROR');
  equal(throws(() => os.setPriority(0, 20), RangeError).code, 'ERR_OUT_OF_RANGE');
  ok(`${os.hostname}` === os.hostname() && os.userInfo({ encoding: 'buffer' }).username instanceof Uint8Array);
  equal(os.constants.errno.ENOENT, 2);
});

await run();
