// node:fs and node:fs/promises. Runs on Node too, which is the oracle.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { Buffer } from 'node:buffer';
import * as promises from 'node:fs/promises';
import os from 'node:os';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { deepEqual, equal, match, ok, rejects, run, test, throws } from '../harness.mjs';

const folder = await promises.mkdtemp(`${os.tmpdir()}/twinloop-fs-`);
const at = (name) => `${folder}/${name}`;

test('writeFile and readFile, text and bytes', async () => {
  await promises.writeFile(at('text'), 'grüße');
  equal(await promises.readFile(at('text'), 'utf8'), 'grüße');
  equal(await promises.readFile(at('text'), { encoding: 'utf-8' }), 'grüße');
  const bytes = await promises.readFile(at('text'));
  ok(bytes instanceof Uint8Array);
  equal(bytes.length, 7);
  equal(bytes.toString(), 'grüße');
  await promises.writeFile(at('bytes'), new Uint8Array([0, 255, 0]).subarray(1, 2));
  deepEqual([...(await promises.readFile(at('bytes')))], [255]);
});

test('a file of any size is read whole, also where the memory of its bytes is made in another way', async () => {
  for (const size of [0, 1, 63, 64, 65, 66, 1000, 65_535, 65_536, 65_537]) {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i += 1) bytes[i] = i * 31 + 1;
    await promises.writeFile(at('sized'), bytes);
    for (let round = 0; round < 3; round += 1) {
      const read = await promises.readFile(at('sized'));
      equal(read.length, size);
      equal(read.buffer.byteLength >= size, true);
      equal(Buffer.compare(read, bytes), 0);
    }
  }
});

test('every encoding', async () => {
  await promises.writeFile(at('encoded'), new Uint8Array([0x61, 0xff, 0x62, 0x00]));
  const texts = {
    hex: '61ff6200',
    base64: 'Yf9iAA==',
    base64url: 'Yf9iAA',
    latin1: 'aÿb\0',
    binary: 'aÿb\0',
    ascii: 'a\x7fb\0',
    utf16le: '\uff61b',
  };
  for (const [encoding, text] of Object.entries(texts)) equal(await promises.readFile(at('encoded'), encoding), text);
  await promises.writeFile(at('encoded'), '6162', 'hex');
  equal(await promises.readFile(at('encoded'), 'latin1'), 'ab');
  await rejects(promises.readFile(at('encoded'), 'nonsense'), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('appendFile and flags', async () => {
  await promises.writeFile(at('log'), 'a');
  await promises.appendFile(at('log'), 'b');
  await promises.writeFile(at('log'), 'c', { flag: 'a' });
  equal(await promises.readFile(at('log'), 'utf8'), 'abc');
  const error = await rejects(promises.writeFile(at('log'), 'x', { flag: 'wx' }));
  equal(error.code, 'EEXIST');
});

test('writeFile takes an iterable', async () => {
  await promises.writeFile(
    at('pieces'),
    (async function* () {
      yield 'a';
      yield new Uint8Array([98]);
    })(),
  );
  equal(await promises.readFile(at('pieces'), 'utf8'), 'ab');
});

test('an error tells what Node tells', async () => {
  const error = await rejects(promises.readFile(at('missing')));
  ok(error instanceof Error);
  equal(error.message, `ENOENT: no such file or directory, open '${at('missing')}'`);
  deepEqual([error.code, error.errno, error.syscall, error.path], ['ENOENT', -2, 'open', at('missing')]);
  const cases = [
    [promises.stat(at('missing')), 'stat', 'ENOENT'],
    [promises.lstat(at('missing')), 'lstat', 'ENOENT'],
    [promises.readdir(at('missing')), 'scandir', 'ENOENT'],
    [promises.unlink(at('missing')), 'unlink', 'ENOENT'],
    [promises.rmdir(at('missing')), 'rmdir', 'ENOENT'],
    [promises.mkdir(folder), 'mkdir', 'EEXIST'],
    [promises.access(at('missing')), 'access', 'ENOENT'],
    [promises.realpath(at('missing')), 'realpath', 'ENOENT'],
    [promises.readlink(at('text')), 'readlink', 'EINVAL'],
  ];
  for (const [promise, syscall, code] of cases) {
    const failure = await rejects(promise);
    deepEqual([failure.syscall, failure.code], [syscall, code]);
  }
  const both = await rejects(promises.rename(at('missing'), at('other')));
  equal(both.message, `ENOENT: no such file or directory, rename '${at('missing')}' -> '${at('other')}'`);
  equal(both.dest, at('other'));
  const directory = await rejects(promises.readFile(folder));
  equal(directory.message, 'EISDIR: illegal operation on a directory, read');
});

test('wrong arguments have their codes', async () => {
  await rejects(promises.readFile({}), { code: 'ERR_INVALID_ARG_TYPE' });
  await rejects(promises.readFile('a\0b'), { code: 'ERR_INVALID_ARG_VALUE' });
  await rejects(promises.writeFile(at('x'), 5), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => fs.readFileSync(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => fs.readFile('x'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('paths may be URLs and bytes', async () => {
  await promises.writeFile(new URL(`file://${folder}/by%20url`), 'x');
  equal(await promises.readFile(new TextEncoder().encode(at('by url')), 'utf8'), 'x');
});

test('stat', async () => {
  await promises.writeFile(at('stat'), '12345');
  const stats = await promises.stat(at('stat'));
  ok(stats instanceof fs.Stats);
  deepEqual([stats.size, stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()], [5, true, false, false]);
  ok(stats.mtime instanceof Date);
  ok(Math.abs(stats.mtimeMs - Date.now()) < 60_000);
  equal(stats.mode & 0o170000, 0o100000);
  ok((await promises.stat(folder)).isDirectory());
  equal((await promises.stat(at('stat'), { bigint: true })).size, 5n);
  equal(fs.statSync(at('missing'), { throwIfNoEntry: false }), undefined);
});

test('directories', async () => {
  equal(await promises.mkdir(at('a/b/c'), { recursive: true }), at('a'));
  equal(await promises.mkdir(at('a/b/c'), { recursive: true }), undefined);
  await promises.writeFile(at('a/one'), '1');
  await promises.writeFile(at('a/b/two'), '2');
  deepEqual((await promises.readdir(at('a'))).sort(), ['b', 'one']);
  deepEqual((await promises.readdir(at('a'), { recursive: true })).sort(), ['b', 'b/c', 'b/two', 'one']);
  const entries = await promises.readdir(at('a'), { withFileTypes: true });
  deepEqual(entries.map((entry) => [entry.name, entry.isFile(), entry.isDirectory()]).sort(), [
    ['b', false, true],
    ['one', true, false],
  ]);
  equal((await rejects(promises.rmdir(at('a')))).code, 'ENOTEMPTY');
  equal((await rejects(promises.rm(at('a')))).code, 'ERR_FS_EISDIR');
  await promises.rm(at('a'), { recursive: true });
  equal(fs.existsSync(at('a')), false);
  equal((await rejects(promises.rm(at('a')))).code, 'ENOENT');
  await promises.rm(at('a'), { force: true });
});

test('the names of a directory come in the order of their bytes, as programs count on', async () => {
  const names = ['B', 'a', 'b', 'c', 'é'];
  fs.mkdirSync(at('ordered'));
  for (const name of ['c', 'a', 'é', 'B', 'b']) fs.writeFileSync(at(`ordered/${name}`), '');
  deepEqual(fs.readdirSync(at('ordered')), names);
  deepEqual(await promises.readdir(at('ordered')), names);
  deepEqual(
    fs.readdirSync(at('ordered'), { withFileTypes: true }).map((entry) => entry.name),
    names,
  );
  fs.rmSync(at('ordered'), { recursive: true });
});

test('rename, copyFile, unlink, symlink, link', async () => {
  await promises.writeFile(at('from'), 'content');
  await promises.copyFile(at('from'), at('copy'));
  equal((await rejects(promises.copyFile(at('from'), at('copy'), fs.constants.COPYFILE_EXCL))).code, 'EEXIST');
  await promises.rename(at('from'), at('to'));
  await promises.symlink('to', at('link'));
  equal(await promises.readlink(at('link')), 'to');
  equal(await promises.realpath(at('link')), await promises.realpath(at('to')));
  ok((await promises.lstat(at('link'))).isSymbolicLink());
  await promises.link(at('to'), at('hard'));
  equal((await promises.stat(at('hard'))).nlink, 2);
  await promises.unlink(at('link'));
  await promises.access(at('to'), fs.constants.R_OK);
});

test('truncate, chmod, utimes', async () => {
  await promises.writeFile(at('changed'), '123456');
  await promises.truncate(at('changed'), 3);
  await promises.chmod(at('changed'), 0o600);
  await promises.utimes(at('changed'), 1, new Date(2000));
  const stats = await promises.stat(at('changed'));
  deepEqual([stats.size, stats.mode & 0o777, stats.atimeMs, stats.mtimeMs], [3, 0o600, 1000, 2000]);
});

test('a FileHandle reads, writes and closes', async () => {
  const handle = await promises.open(at('handle'), 'w+');
  ok(handle.fd > 2);
  deepEqual((await handle.write('hello world')).bytesWritten, 11);
  const { bytesRead, buffer } = await handle.read(new Uint8Array(5), 0, 5, 6);
  deepEqual([bytesRead, new TextDecoder().decode(buffer)], [5, 'world']);
  await handle.write(new Uint8Array([72]), 0, 1, 0);
  const all = await handle.read({ position: 0 });
  equal(all.bytesRead, 11);
  equal((await handle.stat()).size, 11);
  await handle.truncate(5);
  await handle.sync();
  await handle.datasync();
  equal((await handle.read({ position: 5 })).bytesRead, 0);
  await handle.close();
  equal(handle.fd, -1);
  equal(await promises.readFile(at('handle'), 'utf8'), 'Hello');
  equal((await rejects(handle.read(new Uint8Array(1)))).code, 'EBADF');
});

test('readFile and writeFile of a FileHandle begin at its position', async () => {
  await promises.writeFile(at('position'), 'abcdef');
  const handle = await promises.open(at('position'), 'r+');
  await handle.read(new Uint8Array(2));
  equal(await handle.readFile('utf8'), 'cdef');
  await handle.close();
  const writing = await promises.open(at('position'), 'w');
  await writing.writeFile('xy');
  await promises.writeFile(writing, 'z');
  await writing.close();
  equal(await promises.readFile(at('position'), 'utf8'), 'xyz');
});

test('a FileHandle disposes of itself', async () => {
  const handle = await promises.open(at('position'));
  if (Symbol.asyncDispose === undefined) return handle.close();
  await handle[Symbol.asyncDispose]();
  equal(handle.fd, -1);
});

test('the functions that wait', () => {
  fs.mkdirSync(at('sync/deep'), { recursive: true });
  fs.writeFileSync(at('sync/file'), 'x');
  fs.appendFileSync(at('sync/file'), 'y');
  equal(fs.readFileSync(at('sync/file'), 'utf8'), 'xy');
  deepEqual(fs.readdirSync(at('sync')).sort(), ['deep', 'file']);
  equal(fs.statSync(at('sync/file')).size, 2);
  ok(fs.existsSync(at('sync')));
  const descriptor = fs.openSync(at('sync/file'), 'r');
  const buffer = new Uint8Array(1);
  equal(fs.readSync(descriptor, buffer, 0, 1, 1), 1);
  equal(buffer[0], 121);
  fs.closeSync(descriptor);
  throws(() => fs.closeSync(descriptor), { code: 'EBADF' });
  fs.rmSync(at('sync'), { recursive: true });
  ok(!fs.existsSync(at('sync')));
  throws(() => fs.readFileSync(at('sync')), { code: 'ENOENT', message: /^ENOENT: no such file or directory, open / });
});

test('the functions with a callback', async () => {
  const call = (name, ...given) => new Promise((resolve) => fs[name](...given, (error, ...results) => resolve([error, ...results])));
  deepEqual(await call('writeFile', at('callback'), 'x'), [null]);
  deepEqual(await call('readFile', at('callback'), 'utf8'), [null, 'x']);
  equal((await call('readFile', at('missing')))[0].code, 'ENOENT');
  const [error, descriptor] = await call('open', at('callback'), 'r');
  equal(error, null);
  const buffer = new Uint8Array(4);
  const [, count, same] = await call('read', descriptor, buffer, 0, 4, 0);
  deepEqual([count, same === buffer], [1, true]);
  await call('close', descriptor);
  equal(await new Promise((resolve) => fs.exists(at('callback'), resolve)), true);
});

test('an aborted signal rejects with an AbortError', async () => {
  const error = await rejects(promises.readFile(at('callback'), { signal: AbortSignal.abort() }));
  deepEqual([error.name, error.code], ['AbortError', 'ABORT_ERR']);
});

test('mkdtemp makes a folder with six more characters', async () => {
  const made = await promises.mkdtemp(at('temporary-'));
  match(made, /temporary-.{6}$/);
  ok((await promises.stat(made)).isDirectory());
});

test('many files at a time', async () => {
  const names = Array.from({ length: 200 }, (_, index) => at(`many-${index}`));
  await Promise.all(names.map((name, index) => promises.writeFile(name, `${index}`)));
  const texts = await Promise.all(names.map((name) => promises.readFile(name, 'utf8')));
  ok(texts.every((text, index) => text === `${index}`));
});

test('modules have a default export and named ones', () => {
  equal(fs.promises.readFile, promises.readFile);
  equal(promises.default.readFile, promises.readFile);
  equal(promises.constants.O_RDONLY, 0);
});

test('a tree is copied with links and modes, filtered, and never into itself', async () => {
  fs.mkdirSync(at('tree/inner'), { recursive: true });
  fs.writeFileSync(at('tree/one.js'), '1', { mode: 0o755 });
  fs.writeFileSync(at('tree/inner/two.ts'), '2');
  fs.symlinkSync('one.js', at('tree/link'));
  fs.cpSync(at('tree'), at('tree-again'), { recursive: true });
  deepEqual(fs.readdirSync(at('tree-again'), { recursive: true }).sort(), ['inner', 'inner/two.ts', 'link', 'one.js']);
  equal(fs.statSync(at('tree-again/one.js')).mode & 0o777, 0o755);
  equal(fs.readlinkSync(at('tree-again/link')), at('tree/one.js'));
  await promises.cp(at('tree'), at('filtered'), { recursive: true, filter: (source) => !source.endsWith('.ts') });
  deepEqual(fs.readdirSync(at('filtered/inner')), []);
  throws(() => fs.cpSync(at('tree'), at('tree/inner/again'), { recursive: true }), Error);
  throws(() => fs.cpSync(at('tree'), at('elsewhere')), Error);
  await rejects(() => promises.cp(at('tree-again/one.js'), at('filtered/one.js'), { force: false, errorOnExist: true }), Error);
});

test('patterns find files', async () => {
  deepEqual(fs.globSync('**/*.{js,ts}', { cwd: at('tree') }).sort(), ['inner/two.ts', 'one.js']);
  deepEqual(fs.globSync('[!o]*', { cwd: at('tree') }).sort(), ['inner', 'link']);
  deepEqual(fs.globSync('**/*', { cwd: at('tree'), exclude: (name) => name === 'inner' }).sort(), ['link', 'one.js']);
  const found = [];
  for await (const name of promises.glob('@(one|three).js', { cwd: at('tree') })) found.push(name);
  deepEqual(found, ['one.js']);
});

test('a folder is read entry by entry, and closed', async () => {
  const names = [];
  for await (const entry of await promises.opendir(at('tree'))) names.push(entry.name);
  deepEqual(names.sort(), ['inner', 'link', 'one.js']);
  const dir = fs.opendirSync(at('tree'));
  ok(dir.readSync() !== null);
  dir.closeSync();
  throws(() => dir.readSync(), Error);
  await rejects(() => promises.opendir(at('nowhere')), Error);
});

test('vectors, owners, times of links, file systems, folders that go away', async () => {
  const descriptor = fs.openSync(at('vector'), 'w+');
  equal(fs.writevSync(descriptor, [Buffer.from('ab'), Buffer.from('cde')]), 5);
  const parts = [Buffer.alloc(3), Buffer.alloc(4)];
  equal(fs.readvSync(descriptor, parts, 0), 5);
  equal(Buffer.concat(parts).toString(), 'abcde\0\0');
  fs.fchownSync(descriptor, -1, -1);
  fs.futimesSync(descriptor, 1, 2);
  equal(fs.fstatSync(descriptor).mtimeMs, 2000);
  fs.closeSync(descriptor);
  fs.lutimesSync(at('tree/link'), 3, 4);
  equal(fs.lstatSync(at('tree/link')).mtimeMs, 4000);
  fs.chownSync(at('vector'), -1, -1);
  ok(fs.statfsSync(folder).blocks > 0);
  equal(typeof fs.statfsSync(folder, { bigint: true }).bsize, 'bigint');
  equal(await (await fs.openAsBlob(at('vector'))).text(), 'abcde');
  const gone = fs.mkdtempDisposableSync(at('gone-'));
  gone[Symbol.dispose]();
  equal(fs.existsSync(gone.path), false);
});

test('a file that is watched tells of its change', async () => {
  fs.writeFileSync(at('watched'), '1');
  const change = new Promise((resolve) => {
    fs.watchFile(at('watched'), { interval: 5 }, (now, before) => resolve([now.size, before.size]));
  });
  setTimeout(() => fs.writeFileSync(at('watched'), '22'), 30);
  deepEqual(await change, [2, 1]);
  fs.unwatchFile(at('watched'));
});

test('a file is copied by streams, whole and in parts', async () => {
  const from = at('stream-from');
  const to = at('stream-to');
  const bytes = Buffer.alloc(300_001, 'abcde');
  fs.writeFileSync(from, bytes);
  await pipeline(fs.createReadStream(from), fs.createWriteStream(to));
  ok(fs.readFileSync(to).equals(bytes));
  equal(await text(fs.createReadStream(from, { start: 2, end: 6, encoding: 'utf8' })), 'cdeab');
  await pipeline(fs.createReadStream(from, { end: 4 }), fs.createWriteStream(to, { flags: 'r+', start: 1 }));
  equal(fs.readFileSync(to, 'utf8').slice(0, 8), 'aabcdebc');
});

test("streams of files: events in order, Node's errors, a descriptor that is kept", async () => {
  const seen = [];
  const stream = fs.createWriteStream(at('events'), { flush: true });
  for (const event of ['open', 'ready', 'finish', 'close']) stream.on(event, () => seen.push(event));
  stream.write('a');
  stream.end('b');
  await new Promise((resolve) => stream.on('close', resolve));
  deepEqual(seen, ['open', 'ready', 'finish', 'close']);
  equal(stream.bytesWritten, 2);
  const missing = fs.createReadStream(at('missing'));
  const error = await new Promise((resolve) => missing.on('error', resolve));
  equal(error.code, 'ENOENT');
  throws(() => fs.createReadStream(at('events'), { start: 2, end: 1 }), RangeError);
  throws(() => fs.createReadStream({}), TypeError);
  const descriptor = fs.openSync(at('events'), 'r');
  equal(await text(fs.createReadStream('', { fd: descriptor, autoClose: false })), 'ab');
  fs.closeSync(descriptor);
});

test('a stream that is destroyed while it reads closes its descriptor after', async () => {
  const before = fs.readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 50; round += 1) {
    const stream = fs.createReadStream(at('stream-from'));
    stream.once('data', () => stream.destroy());
    await new Promise((resolve) => stream.on('close', resolve));
  }
  ok(fs.readdirSync('/proc/self/fd').length <= before + 1);
});

test('lines of a file come as they are asked for, not all of the file', async () => {
  await promises.writeFile(at('lines'), '0123456789abcde\n'.repeat(200_000));
  const file = await promises.open(at('lines'));
  const lines = file.readLines();
  let count = 0;
  for await (const line of lines) {
    equal(line, '0123456789abcde');
    count += 1;
    if (count === 100) break;
  }
  ok(lines.input.bytesRead < 1_000_000);
  await file.close();
});

test('a file that an AbortSignal is for is not used after the abort', async () => {
  const controller = new AbortController();
  const writing = promises.writeFile(at('aborted'), ['a', 'b'], { signal: controller.signal });
  controller.abort();
  equal((await rejects(writing, Error)).name, 'AbortError');
});

test('reading takes its arguments in the forms that Node has, and refuses others', async () => {
  fs.writeFileSync(at('forms'), 'abcd');
  const file = fs.openSync(at('forms'));
  const bytes = Buffer.alloc(4);
  equal(fs.readSync(file, bytes, { position: 2n ** 63n - 5n }), 0);
  equal(fs.readSync(file, bytes, { offset: 1, length: 2, position: 0 }), 2);
  equal(bytes.toString('latin1', 1, 3), 'ab');
  equal(throws(() => fs.readSync(file, bytes, 42n), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => fs.readSync(file, 4, 0, 1, 0), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  fs.closeSync(file);
  equal(throws(() => fs.accessSync(at('forms'), 'r'), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => fs.copyFileSync(at('forms'), at('x'), 'r'), TypeError).code, 'ERR_INVALID_ARG_TYPE');
});

test('a stat may find nothing without an error, also with a callback', async () => {
  equal(
    await new Promise((answer) => fs.stat(at('nothing'), { throwIfNoEntry: false }, (error, stats) => answer(error ?? stats))),
    undefined,
  );
});

test('the path behind a pipe says that it is one', async () => {
  const { execFileSync } = await import('node:child_process');
  const code = `console.log(require('fs').realpathSync('/dev/stdin'))`;
  ok(/\/pipe:|\/socket:/.test(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8', input: 'x' })));
});

test('a file of more than 2 GiB is not read as a whole', async () => {
  fs.writeFileSync(at('huge'), '');
  fs.truncateSync(at('huge'), 2 ** 31);
  equal(throws(() => fs.readFileSync(at('huge')), RangeError).code, 'ERR_FS_FILE_TOO_LARGE');
  equal((await rejects(promises.readFile(at('huge')), RangeError)).code, 'ERR_FS_FILE_TOO_LARGE');
  fs.rmSync(at('huge'));
});

test('a folder is not read synchronously while it is read otherwise', async () => {
  const folder = await promises.opendir(at('.'));
  const entry = folder.read();
  equal(throws(() => folder.readSync(), Error).code, 'ERR_DIR_CONCURRENT_OPERATION');
  await entry;
  folder.closeSync();
});

test('a stream that does not close itself stays open after an error, and tries again when a file is full', async () => {
  const stays = fs.createReadStream(null, { fd: 13337, autoClose: false });
  await new Promise((answer) => stays.on('error', answer).resume());
  ok(!stays.destroyed && !stays.closed);
  let tries = 0;
  const write = (...given) => {
    tries += 1;
    if (tries > 1) return fs.write(...given);
    return given.at(-1)(Object.assign(new Error(), { code: 'EAGAIN' }), 0);
  };
  const stream = fs.createWriteStream(at('again'), { fs: { open: fs.open, close: fs.close, write } });
  await new Promise((answer) => stream.end('text', answer));
  equal(tries, 2);
  equal(fs.readFileSync(at('again'), 'utf8'), 'text');
});

test('what is read from the cache is what a thread would read', async () => {
  const size = 300_000;
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i += 1) bytes[i] = (i * 31 + (i >> 8)) & 255;
  await promises.writeFile(at('cached'), bytes);
  const file = await promises.open(at('cached'), 'r');
  // More at once than a turn has time for, and than is read at once.
  const places = Array.from({ length: 500 }, (_, i) => [(i * 7919) % size, i % 50 === 0 ? 200_000 : 1 + ((i * 131) % 70_000)]);
  const read = await Promise.all(places.map(([from, length]) => file.read(Buffer.alloc(length + 3), 2, length, from)));
  for (const [i, { bytesRead, buffer }] of read.entries()) {
    const [from, length] = places[i];
    equal(bytesRead, Math.min(length, size - from));
    equal(Buffer.compare(buffer.subarray(2, 2 + bytesRead), bytes.subarray(from, from + bytesRead)), 0);
    deepEqual([buffer[0], buffer[1], buffer[length + 2]], [0, 0, 0]);
  }
  // The place of the file moves on, stays at its end, and finds what comes to it.
  let whole = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
    equal(Buffer.compare(buffer.subarray(0, bytesRead), bytes.subarray(whole, whole + bytesRead)), 0);
    whole += bytesRead;
    if (bytesRead === 0) break;
  }
  equal(whole, size);
  await promises.appendFile(at('cached'), 'more');
  equal((await file.read(Buffer.alloc(10), 0, 10, null)).bytesRead, 4);
  equal((await file.read(Buffer.alloc(10), 0, 10, size + 100)).bytesRead, 0);
  await promises.truncate(at('cached'), 5);
  equal((await file.read(Buffer.alloc(10), 0, 10, 0)).bytesRead, 5);
  await promises.unlink(at('cached'));
  equal((await file.read(Buffer.alloc(10), 0, 10, 1)).bytesRead, 4);
  await file.close();
  await rejects(file.read(Buffer.alloc(1)), Error);
  // What says nothing of its size.
  const made = await promises.open('/proc/self/status', 'r');
  match((await made.read(Buffer.alloc(100))).buffer.toString(), /^Name:/);
  await made.close();
  equal((await promises.readFile('/proc/self/comm')).length > 0, true);
});

test('what is written to a pipe goes to who reads it', async () => {
  equal(spawnSync('mkfifo', [at('pipe')]).status, 0);
  for (const read of [(path) => text(fs.createReadStream(path)), (path) => promises.readFile(path, 'utf8')]) {
    const writer = spawn('sh', ['-c', 'echo written > "$0"', at('pipe')]);
    const ended = new Promise((done) => writer.on('close', done));
    // It waits for a reader by then.
    await new Promise((done) => setTimeout(done, 100));
    equal(await read(at('pipe')), 'written\n');
    await ended;
  }
});

test('what the system has in its cache needs no thread, and comes behind the immediates all the same', async () => {
  if (!process.versions.twinloop) return;
  await promises.writeFile(at('in-cache'), 'x'.repeat(100_000));
  await promises.writeFile(at('small'), 'small');
  await promises.writeFile(
    at('child.mjs'),
    `import fs from 'node:fs';
     const [,, large, small] = process.argv;
     const order = [];
     fs.open(large, 'r', (error, number) => { order.push('open'); fs.close(number, () => order.push('close')); });
     fs.readFile(small, 'utf8', (error, text) => order.push(text));
     setImmediate(() => order.push('immediate'));
     process.nextTick(() => order.push('tick'));
     let length = 0;
     for await (const piece of fs.createReadStream(large)) length += piece.length;
     const threads = fs.readdirSync('/proc/self/task').map((id) => fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim());
     console.log(JSON.stringify([length, order.slice(0, 2), order.sort(), threads.includes('twinloop-blocki')]));`,
  );
  const { stdout } = spawnSync(process.execPath, [at('child.mjs'), at('in-cache'), at('small')], { encoding: 'utf8' });
  deepEqual(JSON.parse(stdout), [100_000, ['tick', 'immediate'], ['close', 'immediate', 'open', 'small', 'tick'], false]);
});

test('a stream over a file has an encoding that there is', () => {
  equal(throws(() => fs.createReadStream('a', 'none'), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  equal(throws(() => fs.createWriteStream('a', { encoding: 'none' }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
});

test('times are told to the nanosecond, as numbers and as instants', () => {
  const path = `${fs.mkdtempSync(`${os.tmpdir()}/times-`)}/file`;
  fs.writeFileSync(path, '');
  const big = fs.statSync(path, { bigint: true });
  const seconds = spawnSync('stat', ['-c', '%.9Y', path], { encoding: 'utf8' }).stdout.trim();
  equal(`${big.mtimeNs / 1000000000n}.${`${big.mtimeNs % 1000000000n}`.padStart(9, '0')}`, seconds);
  equal(big.mtimeMs, big.mtimeNs / 1000000n);
  const stats = fs.statSync(path);
  if (!('mtimeInstant' in stats)) return;
  for (const kind of ['atime', 'mtime', 'ctime', 'birthtime']) {
    ok(stats[`${kind}Instant`] instanceof Temporal.Instant);
    equal(stats[`${kind}Instant`].epochNanoseconds, big[`${kind}Ns`]);
    equal(big[`${kind}Instant`].epochNanoseconds, big[`${kind}Ns`]);
  }
  stats.mtimeInstant = 5;
  equal(stats.mtimeInstant, 5);
});

await run();
await promises.rm(folder, { recursive: true, force: true });
