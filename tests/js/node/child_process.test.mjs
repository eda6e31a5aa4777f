// `node:child_process`: children with pipes, to their end at once, with a channel; and Node's errors.
import { exec, execFile, execFileSync, execSync, fork, spawn, spawnSync, ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serialize } from 'node:v8';
import { test, run, equal, ok, deepEqual, throws, rejects } from '../harness.mjs';

const isNode = typeof process.versions.v8 === 'string' && !process.execPath.includes('twinloop');

test('a child reads, writes, and ends in the order of its events', async () => {
  const child = spawn('sh', ['-c', 'cat; echo oops >&2; exit 3']);
  ok(child instanceof ChildProcess && typeof child.pid === 'number');
  const events = [];
  for (const name of ['spawn', 'exit', 'close']) child.on(name, (...given) => events.push([name, ...given]));
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  child.stdin.write('a');
  child.stdin.end('b');
  await once(child, 'close');
  deepEqual(events, [['spawn'], ['exit', 3, null], ['close', 3, null]]);
  equal(out, 'ab');
  equal(err, 'oops\n');
});

test('a megabyte goes through cat in both directions', async () => {
  const child = spawn('cat');
  const sent = Buffer.alloc(1 << 20, 'abcdefg');
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stdin.end(sent);
  await once(child, 'close');
  ok(Buffer.concat(chunks).equals(sent));
  const { stdout } = spawnSync('cat', { input: sent, maxBuffer: 2 << 20 });
  ok(stdout.equals(sent));
});

test('what cannot be started says so later, with its name and arguments', async () => {
  const child = spawn('no-such-program', ['x']);
  equal(child.pid, undefined);
  const [error] = await once(child, 'error');
  deepEqual(
    [error.message, error.code, error.errno, error.syscall, error.path, error.spawnargs],
    ['spawn no-such-program ENOENT', 'ENOENT', -2, 'spawn no-such-program', 'no-such-program', ['x']],
  );
  const result = spawnSync('no-such-program');
  equal(result.error.message, 'spawnSync no-such-program ENOENT');
  deepEqual([result.pid, result.status, result.stdout], [0, null, null]);
});

test('signals, timeouts and abort signals end a child', async () => {
  const killed = spawn('sleep', ['60']);
  equal(killed.kill(), true);
  deepEqual(await once(killed, 'exit'), [null, 'SIGTERM']);
  deepEqual([killed.killed, killed.signalCode, killed.kill()], [true, 'SIGTERM', false]);
  const late = spawn('sleep', ['60'], { timeout: 20, killSignal: 'SIGKILL' });
  deepEqual(await once(late, 'exit'), [null, 'SIGKILL']);
  const controller = new AbortController();
  const stopped = spawn('sleep', ['60'], { signal: controller.signal });
  const failed = once(stopped, 'error');
  controller.abort();
  equal((await failed.catch((error) => [error]))[0].name, 'AbortError');
  const result = spawnSync('sleep', ['60'], { timeout: 20 });
  deepEqual([result.error.code, result.signal, result.status], ['ETIMEDOUT', 'SIGTERM', null]);
});

test('exec and execFile give what was written, or an error that has it', async () => {
  const { stdout } = await promisify(exec)('echo $NAME', { env: { NAME: 'value' } });
  equal(stdout, 'value\n');
  const promise = promisify(execFile)('sh', ['-c', 'echo out; echo err >&2; exit 2']);
  ok(promise.child instanceof ChildProcess);
  const error = await rejects(promise, Error);
  deepEqual([error.code, error.killed, error.signal, error.stdout, error.stderr], [2, false, null, 'out\n', 'err\n']);
  equal(error.message, 'Command failed: sh -c echo out; echo err >&2; exit 2\nerr\n');
  const flood = await rejects(promisify(execFile)('yes', { maxBuffer: 100 }), RangeError);
  deepEqual([flood.code, flood.stdout.length], ['ERR_CHILD_PROCESS_STDIO_MAXBUFFER', 100]);
});

test('the forms that wait have the output, the status and the limits', () => {
  equal(execSync('echo hello', { encoding: 'utf8' }), 'hello\n');
  equal(execFileSync('cat', { input: 'in' }).toString(), 'in');
  const error = throws(() => execSync('echo bad >&2; exit 4', { stdio: 'pipe' }), Error);
  deepEqual([error.status, error.stderr.toString()], [4, 'bad\n']);
  equal(spawnSync('yes', { maxBuffer: 10 }).error.code, 'ENOBUFS');
  equal(spawnSync('sh', ['-c', 'kill -9 $$']).signal, 'SIGKILL');
  equal(spawnSync('pwd', { cwd: '/' }).stdout.toString(), '/\n');
  equal(spawnSync('sh', ['-c', 'echo $0'], { argv0: 'sh' }).stdout.toString(), 'sh\n');
});

test("descriptors beyond the third, nothing, and another child's pipe", async () => {
  const child = spawn('sh', ['-c', 'cat <&3 >&4'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  deepEqual([child.stdin, child.stdout], [null, null]);
  child.stdio[3].end('three');
  const chunks = [];
  child.stdio[4].on('data', (chunk) => chunks.push(chunk));
  await once(child, 'close');
  equal(Buffer.concat(chunks).toString(), 'three');
  const first = spawn('sh', ['-c', 'echo from the first'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const second = spawn('cat', { stdio: [first.stdout, 'pipe', 'inherit'] });
  let text = '';
  second.stdout.on('data', (chunk) => (text += chunk));
  await once(second, 'close');
  equal(text, 'from the first\n');
});

for (const serialization of ['json', 'advanced']) {
  test(`a forked program sends and is sent messages: ${serialization}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twinloop-fork-'));
    const file = join(folder, 'forked.mjs');
    writeFileSync(
      file,
      `process.on('message', (message) => process.send({ got: message, connected: process.connected, fd: process.env.NODE_CHANNEL_FD ?? 'hidden' }));
       process.on('disconnect', () => process.exit(7));`,
    );
    const child = fork(file, { serialization });
    equal(child.connected, true);
    child.send({ list: [1, 'é€', null] });
    deepEqual(await once(child, 'message'), [{ got: { list: [1, 'é€', null] }, connected: true, fd: 'hidden' }, undefined]);
    child.disconnect();
    equal(child.connected, false);
    deepEqual(await once(child, 'exit'), [7, null]);
    const [error] = await new Promise((resolve) => child.send('late', (...given) => resolve(given)));
    equal(error.code, 'ERR_IPC_CHANNEL_CLOSED');
    rmSync(folder, { recursive: true });
  });
}

test('wrong arguments throw what they throw in Node', () => {
  const code = (call) => throws(call, Error).code;
  equal(
    code(() => spawn('')),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => spawn('a\0b')),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => spawn('true', 'x')),
    'ERR_INVALID_ARG_TYPE',
  );
  equal(
    code(() => spawn('true', { stdio: 'x' })),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => spawn('true', { timeout: -1 })),
    'ERR_OUT_OF_RANGE',
  );
  equal(
    code(() => spawn('true', { killSignal: 'SIGNOT' })),
    'ERR_UNKNOWN_SIGNAL',
  );
  equal(
    code(() => spawnSync('true', { stdio: 'ipc' })),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => spawnSync('true', { stdio: ['ipc'] })),
    'ERR_IPC_SYNC_FORK',
  );
  equal(
    code(() => fork('x', { stdio: ['pipe'] })),
    'ERR_CHILD_PROCESS_IPC_REQUIRED',
  );
  equal(
    code(() => execFile('true', 1, 2, 3)),
    'ERR_INVALID_ARG_TYPE',
  );
});

test('a package that puts a spawn of its own in the place of both sees every child', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spawns-'));
  const program = join(folder, 'program.cjs');
  writeFileSync(
    program,
    `const { ChildProcess, execSync, fork, spawnSync } = require('child_process');
    const seen = [];
    const wrap = (spawn) => function (options) {
      seen.push(options.file, options.args.length);
      options.envPairs.push('ADDED=1');
      return spawn.call(this, options);
    };
    const binding = process.binding('spawn_sync');
    binding.spawn = wrap(binding.spawn);
    ChildProcess.prototype.spawn = wrap(ChildProcess.prototype.spawn);
    seen.push(execSync('echo $ADDED', { encoding: 'utf8' }), spawnSync('nothing-of-this-name').error.code);
    fork(__dirname + '/child.cjs').on('message', (message) => console.log(JSON.stringify([...seen, message])));`,
  );
  writeFileSync(join(folder, 'child.cjs'), 'process.send(process.env.ADDED)');
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  deepEqual(JSON.parse(stdout || `"${stderr}"`), ['/bin/sh', 3, 'nothing-of-this-name', 1, '1\n', 'ENOENT', process.execPath, 2, '1']);
});

test('messages that come in pieces, or several at once, are what was sent, in both formats', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pieces-'));
  const small = [1, 'é€😀', { a: [null] }];
  const sent = [...small, 'é'.repeat(3 << 20), ...small];
  // The bytes that a channel sends, each of the first in a write of its own.
  writeFileSync(
    join(folder, 'kid.sh'),
    'for n in $(seq 0 59); do dd if="$1" bs=1 skip=$n count=1 2>/dev/null >&$NODE_CHANNEL_FD; done\ntail -c +61 "$1" >&$NODE_CHANNEL_FD\n',
  );
  for (const serialization of /** @type {const} */ (['json', 'advanced'])) {
    const framed = sent.map((value) => {
      if (serialization === 'json') return Buffer.from(`${JSON.stringify(value)}\n`);
      const content = serialize(value);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(content.length);
      return Buffer.concat([head, content]);
    });
    writeFileSync(join(folder, serialization), Buffer.concat(framed));
    const options = { serialization, execPath: '/bin/sh', execArgv: [] };
    const child = fork(join(folder, 'kid.sh'), [join(folder, serialization)], options);
    /** @type {any[]} */
    const heard = [];
    child.on('message', (message) => heard.push(typeof message === 'string' && message.length > 10 ? message.length : message));
    await once(child, 'disconnect');
    deepEqual(heard, [1, 'é€😀', { a: [null] }, 3 << 20, 1, 'é€😀', { a: [null] }], serialization);
  }
  rmSync(folder, { recursive: true });
});

test('a message that cannot be read is an exception of its own, and takes no other along', () => {
  // Node forgets what came together with it.
  if (isNode) return;
  const folder = mkdtempSync(join(tmpdir(), 'broken-'));
  const program = join(folder, 'program.cjs');
  writeFileSync(join(folder, 'kid.sh'), `printf '1\\n{broken\\n2\\n' >&$NODE_CHANNEL_FD`);
  writeFileSync(
    program,
    `const seen = [];
    process.on('uncaughtException', (error) => seen.push(error.name));
    const child = require('child_process').fork(__dirname + '/kid.sh', { execPath: '/bin/sh', execArgv: [] });
    child.on('message', (message) => seen.push(message)).on('disconnect', () => console.log(JSON.stringify(seen)));`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  deepEqual(JSON.parse(stdout || `"${stderr}"`), [1, 'SyntaxError', 2]);
});

test('what is sent to a child that has just died is no error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-fork-'));
  writeFileSync(
    join(folder, 'parent.cjs'),
    `const { fork, spawnSync } = require('child_process');
    if (process.argv[2] === 'child') {
      process.send('here');
      setInterval(() => {}, 1000);
    } else {
      const server = require('net').createServer().listen(0, '127.0.0.1');
      const child = fork(__filename, ['child']);
      child.on('error', (error) => console.log(error.code)).on('exit', () => console.log('exit'));
      child.once('message', () => {
        child.kill('SIGKILL');
        while (!/\\) Z/.test(require('fs').readFileSync('/proc/' + child.pid + '/stat', 'utf8'))) spawnSync('true');
        console.log(child.connected, child.send('a handle', server), child.send('none'));
        setTimeout(() => server.close(), 100);
      });
    }`,
  );
  const { stdout } = spawnSync(process.execPath, [join(folder, 'parent.cjs')], { encoding: 'utf8' });
  equal(stdout, 'true true true\nexit\n');
  rmSync(folder, { recursive: true });
});

test('a thread of a forked program has no channel, and leaves the program its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'threads-'));
  const program = join(folder, 'program.cjs');
  writeFileSync(
    program,
    `const { isMainThread, parentPort, Worker } = require('worker_threads');
    if (!isMainThread) parentPort.postMessage([typeof process.send, process.connected ?? null]);
    else if (process.argv[2]) {
      new Worker(__filename).on('message', (seen) => process.send(seen, () => process.disconnect()));
    } else require('child_process').fork(__filename, ['child']).on('message', (seen) => console.log(JSON.stringify(seen)));`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  deepEqual(JSON.parse(stdout || `"${stderr}"`), ['undefined', null]);
});

test('code of the command line is not the code of who is forked by it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fork-'));
  const file = join(folder, 'kid.cjs');
  writeFileSync(file, 'process.send(process.execArgv)');
  const code = `require('child_process').fork(${JSON.stringify(file)}).on('message', (flags) => console.log(JSON.stringify(flags)))`;
  const child = spawnSync(process.execPath, ['--no-warnings', '-e', code], { timeout: 20000, encoding: 'utf8' });
  equal(child.stdout.trim(), '["--no-warnings"]');
  rmSync(folder, { recursive: true });
});

await run();
