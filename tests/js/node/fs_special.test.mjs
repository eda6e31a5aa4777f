// node:fs on what is no regular file: named pipes, /proc, /dev/stdin, and the descriptors that a program was started with. Runs on Node too, which is the oracle.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { Buffer } from 'node:buffer';
import * as promises from 'node:fs/promises';
import os from 'node:os';
import { text } from 'node:stream/consumers';
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';

const folder = await promises.mkdtemp(`${os.tmpdir()}/twinloop-fs-`);
let pipes = 0;

/** A new named pipe. */
function pipe() {
  pipes += 1;
  const path = `${folder}/pipe${pipes}`;
  equal(spawnSync('mkfifo', [path]).status, 0);
  return path;
}

/** A shell that runs this with the path as `$0`; resolves when it has ended. */
function shell(command, path) {
  const child = spawn('sh', ['-c', command, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  return text(child.stdout);
}

/** This program with other code, and a pipe for its input: what it prints, and its errors. */
function program(code, input) {
  fs.writeFileSync(`${folder}/input`, input);
  fs.writeFileSync(`${folder}/program.mjs`, code);
  return spawnSync('sh', ['-c', 'cat input | "$0" program.mjs', process.execPath], { cwd: folder, encoding: 'utf8' });
}

const slowly = '(echo one; sleep 0.1; echo two) > "$0"';

test('a pipe is read to the end of its writer, who may come later and say little at a time', async () => {
  const readers = {
    stream: (path) => text(fs.createReadStream(path)),
    'stream in small pieces': (path) => text(fs.createReadStream(path, { highWaterMark: 1 })),
    whole: (path) => promises.readFile(path, 'utf8'),
    callback: (path) => new Promise((done, fail) => fs.readFile(path, 'utf8', (error, value) => (error ? fail(error) : done(value)))),
    handle: async (path) => {
      const handle = await promises.open(path);
      try {
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    },
    lines: async (path) => {
      const handle = await promises.open(path);
      let found = '';
      for await (const line of handle.readLines()) found += `${line}\n`;
      return found;
    },
    sync: (path) => fs.readFileSync(path, 'utf8'),
  };
  for (const [name, read] of Object.entries(readers)) {
    const path = pipe();
    const writer = shell(`sleep 0.05; ${slowly}`, path);
    deepEqual([name, await read(path)], [name, 'one\ntwo\n']);
    await writer;
  }
});

test('who writes to a pipe waits for its reader', async () => {
  const long = 'x'.repeat(300_000);
  const writers = [
    (path) => new Promise((done, fail) => fs.createWriteStream(path).on('error', fail).on('close', done).end(long)),
    (path) => promises.writeFile(path, long),
    (path) => promises.appendFile(path, long),
    (path) => fs.writeFileSync(path, long),
  ];
  for (const write of writers) {
    const path = pipe();
    const reader = shell('sleep 0.05; wc -c < "$0"', path);
    await write(path);
    equal(Number(await reader), 300_000);
  }
});

test('a pipe has no places, and one that is opened without waiting says so', async () => {
  const path = pipe();
  const writer = shell('echo hello > "$0"', path);
  const handle = await promises.open(path);
  await rejects(handle.read(Buffer.alloc(5), 0, 5, 0), { code: 'ESPIPE' });
  await handle.close();
  await writer;
  const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;
  throws(() => fs.openSync(path, O_WRONLY | O_NONBLOCK), { code: 'ENXIO' });
  const reading = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  const writing = fs.openSync(path, O_WRONLY | O_NONBLOCK);
  throws(() => fs.readSync(reading, Buffer.alloc(4)), { code: 'EAGAIN' });
  fs.closeSync(reading);
  fs.closeSync(writing);
});

test('waiting for a pipe can be given up', async () => {
  for (const read of [
    (path, signal) => promises.readFile(path, { signal }),
    (path, signal) => new Promise((_, fail) => fs.createReadStream(path, { signal }).on('error', fail)),
  ]) {
    const path = pipe();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await rejects(
      (async () => {
        const reading = read(path, controller.signal);
        // Whatever waits for the pipe in a thread ends with its writer.
        const writer = shell('sleep 0.2; echo late > "$0"', path);
        try {
          await reading;
        } finally {
          await writer;
        }
      })(),
      { name: 'AbortError' },
    );
  }
});

test('files of /proc have no size, and all that they say is read', async () => {
  for (const read of [
    async (path) => fs.readFileSync(path, 'utf8'),
    (path) => promises.readFile(path, 'utf8'),
    (path) => text(fs.createReadStream(path)),
  ]) {
    const said = await read('/proc/self/status');
    ok(said.startsWith('Name:') && said.includes('VmRSS:'));
    ok((await read('/proc/self/cmdline')).includes('fs_special.test.mjs'));
    equal(await read('/dev/null'), '');
  }
  equal((await text(fs.createReadStream('/dev/zero', { end: 99_999 }))).length, 100_000);
});

test('standard input is read by its number and by its names', () => {
  const ways = {
    '/dev/stdin': `fs.readFileSync('/dev/stdin', 'utf8')`,
    'its promise': `await fs.promises.readFile('/dev/stdin', 'utf8')`,
    'its stream': `await text(fs.createReadStream('/dev/stdin'))`,
    '/proc': `fs.readFileSync('/proc/self/fd/0', 'utf8')`,
    number: `fs.readFileSync(0, 'utf8')`,
    'stream of a number': `await text(fs.createReadStream('', { fd: 0 }))`,
  };
  for (const [name, way] of Object.entries(ways)) {
    const code = `import fs from 'node:fs'; import { text } from 'node:stream/consumers'; process.stdout.write(String((${way}).length));`;
    for (const input of ['one\ntwo\n', 'x'.repeat(1_000_000), '']) {
      const { stdout, stderr } = program(code, input);
      deepEqual([name, stdout, stderr], [name, String(input.length), '']);
    }
  }
});

test('a stream over standard input closes it, without an error', () => {
  const code = `import fs from 'node:fs';
    const said = [];
    const failed = (call) => { try { call(); } catch (error) { said.push(error.code); } };
    fs.createReadStream('', { fd: 0 }).on('error', (error) => said.push(error.message)).on('close', () => {
      // In Node the next file that is opened may have its number.
      if (process.versions.twinloop) failed(() => fs.fstatSync(0)), failed(() => fs.closeSync(0)), fs.closeSync(fs.openSync('/dev/null'));
      else said.push('EBADF', 'EBADF');
      console.log(said.join());
    }).resume();`;
  const { stdout, stderr } = program(code, 'text');
  deepEqual([stdout, stderr], ['EBADF,EBADF\n', '']);
});

test('a descriptor that a program was started with ends for its parent when the program closes it', async () => {
  for (const number of [1, 3]) {
    const code = `import fs from 'node:fs';
      fs.writeSync(${number}, 'ready');
      fs.closeSync(${number});
      try { fs.writeSync(${number}, 'more'); } catch (error) { fs.writeSync(2, error.code); }
      process.stdin.resume();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    const stderr = text(child.stderr);
    // It runs until its own input ends.
    equal(await text(child.stdio[number]), 'ready');
    equal(child.exitCode, null);
    child.stdin.end();
    await new Promise((done) => child.on('exit', done));
    equal(await stderr, 'EBADF');
  }
});

await run();
await promises.rm(folder, { recursive: true });
