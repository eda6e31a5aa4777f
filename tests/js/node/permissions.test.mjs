// `--permission`: what a program may reach, and the errors where it may not. Each case is a program of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deepEqual, equal, fail, match, ok, run, test } from '../harness.mjs';

const fixtures = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));

const folder = mkdtempSync(join(tmpdir(), 'twinloop-permissions-'));
const inside = join(folder, 'inside');
const outside = join(folder, 'outside');
for (const each of [inside, outside]) {
  mkdirSync(each);
  writeFileSync(join(each, 'file.txt'), each);
  writeFileSync(join(each, 'lib.cjs'), 'module.exports = 7;');
  writeFileSync(join(each, 'lib.mjs'), 'export default 7;');
}
symlinkSync(outside, join(inside, 'link'));

/** Runs code with these options; its last line of output, parsed. */
function limited(options, code) {
  const prelude = `
    const fs = require('node:fs');
    const told = (error) => [error.code, error.permission, error.resource];
    const attempt = (work) => { try { return work(); } catch (error) { return told(error); } };
    const later = (work) => { try { return Promise.resolve(work()).catch(told); } catch (error) { return ['thrown', ...told(error)]; } };
    const inside = ${JSON.stringify(inside)}, outside = ${JSON.stringify(outside)};
    (async () => {`;
  const program = `${prelude}${code}})().then((value) => console.log(JSON.stringify(value)));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, '-e', program], { encoding: 'utf8', cwd: folder });
  equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('sockets reach the hosts and paths that were granted, whatever a look-up of the program says', () => {
  const outcome = limited(
    ['--permission', '--allow-net=localhost,allowed.example', `--allow-fs-read=${inside}`, `--allow-fs-write=${inside}`],
    `const net = require('node:net');
    const http = require('node:http');
    const failed = (socket) => new Promise((resolve) => socket.on('error', (error) => resolve(error.code)).on('connect', () => resolve('connected')));
    return [
      attempt(() => net.connect(80, '127.0.0.1')),
      attempt(() => net.connect(80, '::1')),
      await failed(http.get('http://denied.example/')),
      attempt(() => net.connect(outside + '/socket')),
      attempt(() => net.connect('\\0abstract')),
      attempt(() => net.createServer().listen(0, '127.0.0.1')),
      attempt(() => net.createServer().listen(outside + '/socket')),
      await failed(net.connect({ port: 1, host: 'allowed.example', lookup: (name, options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) })),
      await failed(net.connect({ port: 1, host: 'allowed.example', family: 4, lookup: (name, options, callback) => callback(null, '127.0.0.1', 4) })),
      await failed(net.connect(inside + '/none')),
      await failed(net.connect(1, 'localhost')),
    ];`,
  );
  deepEqual(outcome, [
    ['ERR_ACCESS_DENIED', 'Net', '127.0.0.1:80'],
    ['ERR_ACCESS_DENIED', 'Net', '[::1]:80'],
    'ERR_ACCESS_DENIED',
    ['ERR_ACCESS_DENIED', 'FileSystemRead', join(outside, 'socket')],
    ['ERR_ACCESS_DENIED', 'Net', '*'],
    ['ERR_ACCESS_DENIED', 'Net', '127.0.0.1:0'],
    ['ERR_ACCESS_DENIED', 'FileSystemRead', join(outside, 'socket')],
    'ERR_ACCESS_DENIED',
    'ERR_ACCESS_DENIED',
    'ENOENT',
    'ECONNREFUSED',
  ]);
});

test('files are read and written where it was granted, in every form', () => {
  const [good, sync, back, promised, written, opened, listed] = limited(
    ['--permission', `--allow-fs-read=${inside}`],
    `return [
      fs.readFileSync(inside + '/file.txt', 'utf8'),
      attempt(() => fs.readFileSync(outside + '/file.txt')),
      await new Promise((resolve) => fs.readFile(outside + '/file.txt', (error) => resolve(told(error)))),
      await later(() => fs.promises.readFile(outside + '/file.txt')),
      attempt(() => fs.writeFileSync(inside + '/new', '')),
      attempt(() => fs.openSync(inside + '/file.txt', 'r+')),
      attempt(() => fs.readdirSync(outside)),
    ];`,
  );
  equal(good, inside);
  const denied = ['ERR_ACCESS_DENIED', 'FileSystemRead', join(outside, 'file.txt')];
  deepEqual([sync, back, promised], [denied, denied, denied]);
  deepEqual(written, ['ERR_ACCESS_DENIED', 'FileSystemWrite', join(inside, 'new')]);
  deepEqual(opened, ['ERR_ACCESS_DENIED', 'FileSystemWrite', join(inside, 'file.txt')]);
  deepEqual(listed, ['ERR_ACCESS_DENIED', 'FileSystemRead', outside]);
  ok(!existsSync(join(inside, 'new')));
});

test('who may not write closes nothing that belongs to the whole process', () => {
  equal(limited(['--permission', `--allow-fs-read=${inside}`], 'return attempt(() => fs.closeSync(1))[0];'), 'EBADF');
});

test('no way round leads out: dots, links, new links, other names, open files', () => {
  const codes = limited(
    ['--permission', `--allow-read=${inside}`, `--allow-write=${inside}`],
    `const ways = [
      () => fs.readFileSync(inside + '/../outside/file.txt'),
      () => fs.readFileSync(inside + '/link/file.txt'),
      () => fs.writeFileSync(inside + '/link/new', ''),
      () => fs.readFileSync('/proc/self/root' + outside + '/file.txt'),
      () => fs.readFileSync(Buffer.from(outside + '/file.txt')),
      () => fs.readFileSync(new URL('file://' + outside + '/file.txt')),
      () => fs.symlinkSync(outside, inside + '/made'),
      () => fs.linkSync(outside + '/file.txt', inside + '/made'),
      () => fs.renameSync(outside + '/file.txt', inside + '/made'),
      () => fs.renameSync(inside + '/file.txt', outside + '/made'),
      () => fs.copyFileSync(outside + '/file.txt', inside + '/made'),
      () => fs.cpSync(outside, inside + '/made', { recursive: true }),
      () => fs.rmSync(outside, { recursive: true }),
      () => fs.mkdtempSync(outside + '/x'),
      () => fs.existsSync(outside),
      () => fs.watch(outside).close(),
      () => fs.statSync(outside, { throwIfNoEntry: false }),
      () => fs.createReadStream(outside + '/file.txt').on('error', () => {}) && fs.openSync(outside + '/file.txt'),
      () => { process.chdir(outside); },
      () => fs.fchmodSync(fs.openSync(inside + '/file.txt'), 0o777),
      () => new (require('node:sqlite').DatabaseSync)(outside + '/db'),
      () => new (require('node:sqlite').DatabaseSync)(':memory:').exec("ATTACH '" + outside + "/db' AS other"),
      () => require(outside + '/lib.cjs'),
    ];
    return [...ways.map((way) => { try { way(); return 'done'; } catch (error) { return error.code; } }),
      ...(await later(() => import(outside + '/lib.mjs'))).slice(0, 1)];`,
  );
  for (const [index, code] of codes.entries()) ok(['ERR_ACCESS_DENIED', 'ERR_SQLITE_ERROR'].includes(code), `way ${index}: ${code}`);
  ok(existsSync(join(outside, 'file.txt')) && existsSync(join(inside, 'file.txt')) && !existsSync(join(inside, 'made')));
});

test('what a program is made of is read like other files, but for its own', () => {
  const main = join(inside, 'main.cjs');
  writeFileSync(main, `try { require('./lib.cjs'); } catch (error) { console.log(error.code); }`);
  const start = (...options) => spawnSync(process.execPath, ['--permission', ...options, main], { encoding: 'utf8' });
  equal(start().stdout, 'ERR_ACCESS_DENIED\n');
  equal(start(`--allow-fs-read=${inside}`).stdout, '');
});

test('hosts are reached as they were granted, after a redirect too', async () => {
  const base = new URL(`http://${fixtures.http}`);
  const allowed = `--allow-net=${base.host}`;
  const other = `http://localhost:${base.port}/`;
  const [good, elsewhere, redirected, socket, name] = limited(
    ['--permission', allowed],
    `const cause = (error) => [error.message, ...told(error.cause)];
    return [
      (await fetch(${JSON.stringify(new URL('/data', base).href)})).ok,
      await fetch(${JSON.stringify(other)}).catch(cause),
      await fetch(${JSON.stringify(new URL(`/redirect-to?url=${encodeURIComponent(other)}`, base).href)}).catch(cause),
      await new Promise((resolve) => { new WebSocket(${JSON.stringify(other.replace('http', 'ws'))}).onerror = (event) => resolve(told(event.error)); }),
      await new Promise((resolve) => require('node:dns').lookup('example.com', (error) => resolve(error.code))),
    ];`,
  );
  equal(good, true);
  const denied = ['ERR_ACCESS_DENIED', 'Net', `localhost:${base.port}`];
  deepEqual(elsewhere, ['fetch failed', ...denied]);
  deepEqual(redirected, ['fetch failed', ...denied]);
  deepEqual(socket, denied);
  equal(name, 'ERR_ACCESS_DENIED');
});

test('children and workers are started if it was granted, and may do no more than their parent', () => {
  const child = `require('node:child_process')`;
  deepEqual(
    limited(
      ['--permission'],
      `return [attempt(() => ${child}.spawnSync('ls')), attempt(() => ${child}.spawn('ls')), attempt(() => process.kill(process.ppid, 'SIGCONT')), attempt(() => process.execve('/bin/ls', ['ls'])), attempt(() => new (require('node:worker_threads').Worker)('', { eval: true }))];`,
    ),
    [
      ['ERR_ACCESS_DENIED', 'ChildProcess', 'ls'],
      ['ERR_ACCESS_DENIED', 'ChildProcess', 'ls'],
      ['ERR_ACCESS_DENIED', 'ChildProcess', 'kill'],
      ['ERR_ACCESS_DENIED', 'ChildProcess', '/bin/ls'],
      ['ERR_ACCESS_DENIED', 'WorkerThreads', ''],
    ],
  );
  const named = limited(
    ['--permission', '--allow-run=echo'],
    `return [${child}.spawnSync('echo', ['a']).stdout.toString(), attempt(() => ${child}.spawnSync('ls'))[0]];`,
  );
  deepEqual(named, ['a\n', 'ERR_ACCESS_DENIED']);
  const own = `${child}.spawnSync(process.execPath, ['-p', 'process.permission.has("fs.read", "' + inside + '") + " " + process.permission.has("fs.write") + " " + process.permission.has("child")']).stdout.toString()`;
  equal(limited(['--permission', `--allow-fs-read=${inside}`, '--allow-child-process'], `return ${own};`), 'true false true\n');
  const replaced = `process.execve(process.execPath, [process.execPath, '-p', 'JSON.stringify([process.permission.has("fs.write"), process.permission.has("child")])']);`;
  deepEqual(limited(['--permission', '--allow-child-process'], replaced), [false, true]);
  const worker = `new (require('node:worker_threads').Worker)('require("worker_threads").parentPort.postMessage([process.permission.has("fs.read"), process.permission.has("worker")])', { eval: true }).on('message', resolve)`;
  deepEqual(limited(['--permission', '--allow-worker'], `return await new Promise((resolve) => ${worker});`), [false, true]);
});

test('the environment is open until it is named', () => {
  const seen = (...options) =>
    limited(
      ['--permission', ...options],
      `return [typeof process.env.HOME, 'PATH' in process.env, Object.keys(process.env).includes('PATH')];`,
    );
  const before = process.env.HOME;
  process.env.HOME ??= '/';
  deepEqual(seen(), ['string', true, true]);
  deepEqual(seen('--allow-env=HOME'), ['string', false, false]);
  deepEqual(seen('--deny-env=PATH'), ['string', false, false]);
  if (before === undefined) delete process.env.HOME;
});

test('a program asks what it may, and gives up what it has', () => {
  equal(process.permission, undefined);
  const asked = limited(
    ['--permission', `--allow-fs-read=${inside}`, `--allow-fs-read=${outside}`, '--allow-net=example.com'],
    `const has = (...given) => process.permission.has(...given);
    const first = [has('fs.read'), has('fs.read', inside + '/x'), has('fs', inside), has('net', 'example.com:80'), has('net', 'example.org:80'), has('child'), has('nothing')];
    process.permission.drop('fs.read', outside);
    const second = [has('fs.read', outside), has('fs.read', inside), attempt(() => fs.readFileSync(outside + '/file.txt'))[0]];
    process.permission.drop('fs');
    return [first, second, has('fs.read', inside), attempt(() => has(1))[0], attempt(() => process.permission.drop('fs', {}))[0]];`,
  );
  deepEqual(asked, [
    [false, true, false, true, false, false, false],
    [false, true, 'ERR_ACCESS_DENIED'],
    false,
    'ERR_INVALID_ARG_TYPE',
    'ERR_INVALID_ARG_TYPE',
  ]);
});

test('a program that is watched is limited, and who watches it is not', async () => {
  const main = join(inside, 'watched.cjs');
  writeFileSync(main, "console.log('writes', process.permission.has('fs.write'));");
  const watching = spawn(process.execPath, ['--watch', '--permission', `--allow-fs-read=${inside}`, main], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = '';
  for await (const chunk of watching.stdout) {
    seen += chunk;
    if (seen.includes('writes')) break;
  }
  watching.kill();
  match(seen, /writes false/);
});

test('options that could not keep their word are refused', () => {
  const start = (...words) => spawnSync(process.execPath, words, { encoding: 'utf8' });
  const alone = start('--allow-read=/tmp', '-e', '');
  equal(alone.status, 2);
  match(alone.stderr, /--allow-read .* needs --permission/);
  const python = start('--experimental-permission', '-e', 'import os from "python:os"; console.log(os.name)');
  equal(python.status, 2);
  match(python.stderr, /--permission limits JavaScript alone/);
  match(
    start('--permission', '--allow-child-process', '-e', '').stderr,
    /SecurityWarning: The flag --allow-child-process must be used with extreme caution/,
  );
});

test('a file with a second name inside is not written through it', () => {
  const shared = join(outside, 'shared.txt');
  writeFileSync(shared, 'before');
  linkSync(shared, join(outside, 'second.txt'));
  equal(
    limited(
      ['--permission', `--allow-read=${folder}`, `--allow-write=${inside}`],
      `return attempt(() => fs.linkSync(${JSON.stringify(shared)}, inside + '/third'))[0];`,
    ),
    'ERR_ACCESS_DENIED',
  );
});

await run();
rmSync(folder, { recursive: true });
