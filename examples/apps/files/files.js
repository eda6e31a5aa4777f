// Hashes, compresses and indexes a folder of files, and goes on where it was: `twinloop files.js pack FOLDER ARCHIVE`.
//
// The walk gives files as there is room for them, a file is read in pieces, and the index is on the disk: so a million files take as much
// memory as ten.
import { isUtf8 } from 'node:buffer';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { Index } from './index.js';
import { isWhole, pack } from './packing.js';

// What stops the job: the next file would fare no better.
const HOPELESS = ['ENOSPC', 'EDQUOT', 'EROFS'];
const AT_ONCE = 2 * availableParallelism();

/** The files of a folder. Links are not followed; what is neither file nor folder is passed over. A name need not be text. */
async function* walk(folder, without, under = Buffer.alloc(0)) {
  const path = Buffer.concat([Buffer.from(`${folder}/`), under]);
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
  entries.sort((one, other) => one.name.compare(other.name));
  for (const entry of entries.filter((each) => each.isFile())) {
    const found = Buffer.concat([path, entry.name]);
    const status = await lstat(found, { bigint: true }).catch(() => undefined); // gone since
    if (status?.isFile()) {
      const name = textOf(Buffer.concat([under, entry.name]));
      yield { path: found, name, size: Number(status.size), changedNs: status.mtimeNs };
    }
  }
  for (const entry of entries.filter((each) => each.isDirectory())) {
    const next = Buffer.concat([under, entry.name, Buffer.from('/')]);
    if (resolve(folder, next.toString()) !== without) yield* walk(folder, without, next);
  }
}

/** A name as text; what is no UTF-8 in it is kept as \xHH. */
function textOf(name) {
  if (isUtf8(name)) return name.toString();
  const parts = name.toString('latin1').matchAll(/[\xc2-\xdf].|[\xe0-\xef]..|[\xf0-\xf4]...|./gs);
  return [...parts].map(([part]) => textOfPart(Buffer.from(part, 'latin1'))).join('');
}

function textOfPart(bytes) {
  if (isUtf8(bytes)) return bytes.toString();
  return `\\x${bytes.toString('hex', 0, 1)}${bytes.length > 1 ? textOf(bytes.subarray(1)) : ''}`;
}

/** Calls `work` for each of the items, a few at a time; an error of one ends it. */
async function each(items, work) {
  const underWay = new Set();
  let fault;
  for await (const item of items) {
    const task = work(item)
      .catch((error) => (fault ??= error))
      .finally(() => underWay.delete(task));
    underWay.add(task);
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    if (fault !== undefined) break;
  }
  await Promise.all(underWay);
  if (fault !== undefined) throw fault;
}

/** The command `pack`; gives the exit code. */
async function packFolder(folder, archive, outer) {
  for (const name of ['objects', 'begun']) mkdirSync(join(archive, name), { recursive: true });
  for (const left of readdirSync(join(archive, 'begun'))) rmSync(join(archive, 'begun', left)); // of a job that was killed
  const index = new Index(archive);
  const without = resolve(archive);
  const bar = new Bar();
  const over = new AbortController();
  const signal = AbortSignal.any([outer, over.signal]);
  let failed = 0;

  async function store(found) {
    signal.throwIfAborted();
    if (!index.has(found)) {
      try {
        index.add(found, await pack(archive, found, signal));
      } catch (error) {
        if (signal.aborted || HOPELESS.includes(error.code) || error.code === 'ERR_SQLITE_ERROR') {
          over.abort(); // the others need not go on
          throw error;
        }
        failed += 1;
        bar.say(`not packed: ${found.name}: ${error.message}`);
      }
    }
    bar.step(found.size);
  }

  try {
    for await (const { size } of walk(folder, without)) {
      outer.throwIfAborted();
      bar.files += 1;
      bar.bytes += size;
    }
    await each(walk(folder, without), store);
    return failed > 0 ? 1 : 0;
  } catch (error) {
    const why = outer.aborted ? '' : `: ${error.message}`;
    bar.say(`stopped${why}. What is packed is kept; the same command goes on from there`);
    return outer.aborted ? 130 : 1;
  } finally {
    try {
      index.write();
    } catch (error) {
      bar.say(`the last files are not in the index, and will be packed again: ${error.message}`);
    }
    bar.end();
    const { files, size, stored } = index.totals();
    console.log(`${files} files of ${megabytes(size)} take ${megabytes(stored)} in ${archive}`);
    index.close();
  }
}

/** The command `check`: reads all that is stored. What is damaged is forgotten, so that the next `pack` stores it again. */
async function check(archive, signal) {
  const index = new Index(archive);
  const hashes = [...index.hashes()].map(({ sha256 }) => sha256);
  const damaged = [];
  await each(hashes, async (sha256) => {
    if (!(await isWhole(archive, sha256, signal))) damaged.push(sha256);
  });
  for (const sha256 of damaged.sort()) {
    for (const { name } of index.find(sha256)) console.log(`damaged: ${name}`);
    index.forget(sha256);
  }
  console.log(`${hashes.length - damaged.length} of ${hashes.length} are whole`);
  index.close();
  return damaged.length > 0 ? 1 : 0;
}

/** The command `find`: the files with a text in their name, or with a hash. */
function find(archive, text = '') {
  const index = new Index(archive);
  for (const { name, size, stored, sha256 } of index.find(text)) {
    console.log(`${sha256.slice(0, 12)}  ${`${size}`.padStart(12)} ${`${stored}`.padStart(12)}  ${name}`);
  }
  index.close();
  return 0;
}

/** How far the job is: a bar on a terminal, a line for each tenth elsewhere. */
class Bar {
  files = 0;
  bytes = 0;
  #filesDone = 0;
  #bytesDone = 0;
  #begun = performance.now();
  #shown = 0;

  step(size) {
    this.#filesDone += 1;
    this.#bytesDone += size;
    const share = this.#filesDone / Math.max(this.files, this.#filesDone);
    const text = () => `${this.#filesDone} of ${this.files} files, ${megabytes(this.#bytesDone)} of ${megabytes(this.bytes)}`;
    const now = performance.now();
    if (process.stderr.isTTY && (now - this.#shown > 100 || share === 1)) {
      this.#shown = now;
      const left = ((now - this.#begun) * (1 - share)) / share / 1000;
      process.stderr.write(`\r\x1b[K[${'#'.repeat(40 * share).padEnd(40)}] ${text()}, ${left.toFixed(0)} s left`);
    } else if (!process.stderr.isTTY && (share - this.#shown >= 0.1 || share === 1)) {
      this.#shown = share;
      process.stderr.write(`${`${(share * 100).toFixed(0)}%`.padStart(4)}  ${text()}\n`);
    }
  }

  say(text) {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  end() {
    if (process.stderr.isTTY) process.stderr.write('\n');
  }
}

const megabytes = (size) => `${(size / 1e6).toFixed(1)} MB`;

function usage(message) {
  console.error(`files.js: ${message}
twinloop files.js pack FOLDER ARCHIVE    store what is new or changed in a folder
twinloop files.js check ARCHIVE          read all that is stored
twinloop files.js find ARCHIVE [TEXT]    list files by a part of their name, or by their hash`);
  return 2;
}

/** What SQLite says, which has other words for a full disk where its list of readers finds no room (SQLITE_IOERR_SHMSIZE). */
const reasonOf = ({ errcode, message }) => (errcode === 4874 ? 'database or disk is full' : message);

async function main(words) {
  try {
    return await run(words);
  } catch (error) {
    // What the system or SQLite says of the archive is its fault or the disk's, and not the program's.
    if (error.errno === undefined && error.code !== 'ERR_SQLITE_ERROR') throw error;
    const isPack = words[0] === 'pack';
    console.error(`files.js: ${words[isPack ? 2 : 1]}: ${reasonOf(error)}`);
    return 1;
  }
}

async function run([command, ...words]) {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => controller.abort());
  if (command === 'pack' && words.length === 2) {
    const [folder, archive] = words;
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return usage(`${folder} is no folder`);
    return await packFolder(folder, archive, controller.signal);
  }
  if (!(command === 'check' && words.length === 1) && !(command === 'find' && [1, 2].includes(words.length)))
    return usage('what is to be done?');
  const [archive, text] = words;
  if (!existsSync(join(archive, 'index.sqlite'))) return usage(`${archive} is no archive`);
  if (command === 'find') return find(archive, text);
  try {
    return await check(archive, controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    console.error('stopped');
    return 130;
  }
}

process.exitCode = await main(process.argv.slice(2));
