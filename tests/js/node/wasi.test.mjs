// node:wasi: a command, and every kind of system call through its imports, as Node answers them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

process.removeAllListeners('warning');
process.on('warning', () => undefined);
const { WASI } = await import('node:wasi');

const folder = mkdtempSync(join(tmpdir(), 'wasi-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const outside = join(folder, 'outside');
const inside = join(folder, 'inside');
mkdirSync(outside);
mkdirSync(inside);
writeFileSync(join(outside, 'secret'), 'secret');
writeFileSync(join(inside, 'text'), 'Grüße');
symlinkSync('text', join(inside, 'link'));
symlinkSync('../outside/secret', join(inside, 'leak'));
symlinkSync('/sandbox/text', join(inside, 'absolute'));
symlinkSync('/sandbox', join(inside, 'top'));
symlinkSync('/sandboxes/text', join(inside, 'beside'));
symlinkSync(join(inside, 'text'), join(inside, 'host'));

const errno = { success: 0, badf: 8, exist: 20, fault: 21, inval: 28, isdir: 31, noent: 44, notcapable: 76, spipe: 70 };

/** A program's memory and calls, with `/sandbox` as its only folder, which is the number 3. */
function program(options = {}) {
  const wasi = new WASI({ version: 'preview1', preopens: { '/sandbox': inside }, ...options });
  const memory = new WebAssembly.Memory({ initial: 1 });
  wasi.finalizeBindings({ exports: { memory } }, { memory });
  const view = () => new DataView(memory.buffer);
  const put = (address, text) => {
    const bytes = new TextEncoder().encode(text);
    new Uint8Array(memory.buffer).set(bytes, address);
    return bytes.length;
  };
  const text = (address, length) => new TextDecoder().decode(new Uint8Array(memory.buffer, address, length));
  const calls = wasi.wasiImport;
  const every = (1n << 28n) - 1n;
  /** Opens a path, and gives its number or minus what went wrong. */
  const open = (path, flags = 0, how = 1, rights = every) => {
    const length = put(0, path);
    const status = calls.path_open(3, how, 0, length, flags, rights, 0n, 0, 512);
    return status === 0 ? view().getUint32(512, true) : -status;
  };
  const read = (fd, length = 100) => {
    view().setUint32(600, 1024, true);
    view().setUint32(604, length, true);
    equal(calls.fd_read(fd, 600, 1, 608), 0);
    return text(1024, view().getUint32(608, true));
  };
  const write = (fd, what) => {
    view().setUint32(600, 1024, true);
    view().setUint32(604, put(1024, what), true);
    return calls.fd_write(fd, 600, 1, 608);
  };
  return { wasi, memory, view, put, text, calls, open, read, write };
}

test('a command ends with the status that it exits with', async () => {
  const bytes = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    [1, 8, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0],
    [2, 0x24, 1, 0x16, ...new TextEncoder().encode('wasi_snapshot_preview1'), 9, ...new TextEncoder().encode('proc_exit'), 0, 0],
    [3, 2, 1, 1],
    [5, 3, 1, 0, 1],
    [7, 0x13, 2, 6, ...new TextEncoder().encode('memory'), 2, 0, 6, ...new TextEncoder().encode('_start'), 0, 1],
    [0x0a, 8, 1, 6, 0, 0x41, 7, 0x10, 0, 0x0b],
  ].flat();
  const wasi = new WASI({ version: 'preview1', returnOnExit: true });
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes), wasi.getImportObject());
  equal(wasi.start(instance), 7);
  equal(throws(() => wasi.start(instance), Error).code, 'ERR_WASI_ALREADY_STARTED');
});

test('wrong options and instances are refused as Node does', () => {
  for (const options of [undefined, {}, { version: 1 }, { version: 'preview1', args: 1 }, { version: 'preview1', stdin: 'x' }]) {
    equal(throws(() => new WASI(options), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  }
  equal(throws(() => new WASI({ version: 'preview9' }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  equal(throws(() => new WASI({ version: 'preview1' }).start({ exports: {} }), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => new WASI({ version: 'preview1' }).wasiImport.random_get(0, 1), Error).code, 'ERR_WASI_NOT_STARTED');
});

test('arguments and variables lie one behind the other', () => {
  const { calls, view, text } = program({ args: ['a', 'Grüße'], env: { X: '1', Y: 'zwei' } });
  equal(calls.args_sizes_get(0, 4), errno.success);
  deepEqual([view().getUint32(0, true), view().getUint32(4, true)], [2, 10]);
  equal(calls.args_get(16, 100), errno.success);
  equal(text(view().getUint32(20, true), 7), 'Grüße');
  equal(calls.environ_sizes_get(0, 4), errno.success);
  deepEqual([view().getUint32(0, true), view().getUint32(4, true)], [2, 11]);
  equal(calls.environ_get(16, 100), errno.success);
  equal(text(view().getUint32(20, true), 6), 'Y=zwei');
});

test('files are read, written, sought and told', () => {
  const { calls, view, open, read, write } = program();
  const fd = open('text');
  ok(fd > 3);
  equal(read(fd, 3), 'Gr\ufffd');
  equal(calls.fd_seek(fd, 0n, 0, 512), errno.success);
  equal(read(fd), 'Grüße');
  equal(calls.fd_tell(fd, 512), errno.success);
  equal(view().getBigUint64(512, true), 7n);
  equal(calls.fd_seek(fd, -100n, 1, 512), errno.inval);
  equal(calls.fd_close(fd), errno.success);
  equal(calls.fd_close(fd), errno.badf);
  const made = open('made', 1);
  equal(write(made, 'first'), errno.success);
  equal(write(made, ' second'), errno.success);
  equal(readFileSync(join(inside, 'made'), 'utf8'), 'first second');
  equal(calls.fd_filestat_set_size(made, 5n), errno.success);
  equal(calls.fd_filestat_get(made, 512), errno.success);
  deepEqual([view().getUint8(528), view().getBigUint64(544, true)], [4, 5n]);
  equal(open('made', 1 | 4), -errno.exist);
  equal(open('nothing'), -errno.noent);
});

test('a path does not leave its folder, nor does a link', () => {
  const { calls, open, put, read } = program();
  equal(open('../outside/secret'), -errno.notcapable);
  equal(open('/etc/passwd'), -errno.notcapable);
  equal(open('leak'), -errno.notcapable);
  equal(open('a/../../outside/secret') < 0, true);
  equal(read(open('link')), 'Grüße');
  // A link from the top on leads through the folders that the program sees, as in Node.
  equal(read(open('absolute')), 'Grüße');
  equal(read(open('top/text')), 'Grüße');
  equal(open('beside'), -errno.notcapable);
  equal(open('host'), -errno.notcapable);
  put(0, '../outside/secretnew');
  equal(calls.path_rename(3, 0, 17, 3, 17, 3), errno.notcapable);
});

test('folders are made, listed and removed', () => {
  const { calls, memory, put, view } = program();
  const length = put(0, 'sub');
  equal(calls.path_create_directory(3, 0, length), errno.success);
  equal(calls.path_create_directory(3, 0, length), errno.exist);
  equal(calls.fd_readdir(3, 2048, 4096, 0n, 512), errno.success);
  const end = 2048 + view().getUint32(512, true);
  const names = [];
  for (let place = 2048; place < end; ) {
    const size = view().getUint32(place + 16, true);
    names.push(new TextDecoder().decode(new Uint8Array(memory.buffer, place + 24, size)));
    place += 24 + size;
  }
  for (const name of ['link', 'sub', 'text']) ok(names.includes(name), name);
  equal(calls.path_remove_directory(3, 0, length), errno.success);
  equal(calls.path_remove_directory(3, 0, length), errno.noent);
});

test('what is no number of a file, and an address outside of the memory, are errors', () => {
  const { calls } = program();
  equal(calls.fd_read(99, 0, 1, 8), errno.badf);
  equal(calls.fd_prestat_get(99, 0), errno.badf);
  equal(calls.clock_time_get(99, 0n, 0), errno.inval);
  ok(calls.random_get(1 << 20, 16) !== errno.success);
  ok(calls.fd_write(1, 1 << 20, 1, 0) !== errno.success);
});

test('clocks run, sleeps end, bytes are random, and the folder has its name', () => {
  const { calls, text, view } = program();
  equal(calls.clock_time_get(0, 0n, 0), errno.success);
  ok(Math.abs(Number(view().getBigUint64(0, true) / 1_000_000n) - Date.now()) < 5000);
  equal(calls.fd_prestat_get(3, 0), errno.success);
  const length = view().getUint32(4, true);
  equal(calls.fd_prestat_dir_name(3, 64, length), errno.success);
  equal(text(64, length), '/sandbox');
  equal(calls.random_get(0, 32), errno.success);
  ok(new Set(new Uint8Array(view().buffer, 0, 32)).size > 5);
  // A subscription to the monotonic clock: 20 ms from now.
  new Uint8Array(view().buffer, 0, 48).fill(0);
  view().setBigUint64(0, 5n, true);
  view().setUint32(16, 1, true);
  view().setBigUint64(24, 20_000_000n, true);
  const before = performance.now();
  equal(calls.poll_oneoff(0, 256, 1, 512), errno.success);
  ok(performance.now() - before >= 19);
  deepEqual([view().getUint32(512, true), view().getBigUint64(256, true), view().getUint16(264, true)], [1, 5n, 0]);
  equal(calls.sched_yield(), errno.success);
});

test('standard output can be another file', () => {
  const path = join(folder, 'output');
  const fd = openSync(path, 'w');
  const { write } = program({ stdout: fd });
  equal(write(1, 'printed\n'), errno.success);
  closeSync(fd);
  equal(readFileSync(path, 'utf8'), 'printed\n');
});

await run();
