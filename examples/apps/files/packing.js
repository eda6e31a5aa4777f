// What happens to one file: it is read once, in pieces, hashed and compressed on the way, and stored under its hash. Reading, compressing
// and writing are done by the threads behind node:fs and node:zlib; the loop hashes, and hands the pieces on.
//
// Files with the same content are stored once. A file takes its place whole or not at all: what was begun lies in `begun` until then.
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

const PIECE = 256 * 1024;
const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

function placeOf(archive, sha256) {
  return join(archive, 'objects', sha256.slice(0, 2), `${sha256.slice(2)}.gz`);
}

/** Stores a file. */
export async function pack(archive, { path }, signal) {
  const begun = join(archive, 'begun', randomUUID());
  // The walk saw a file; a pipe that has taken its name meanwhile would keep a reader waiting for ever.
  const source = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    if (!(await source.stat()).isFile()) throw new Error('it is no file any more');
    const digest = new Digest();
    const target = createWriteStream(begun);
    const pieces = source.createReadStream({ highWaterMark: PIECE, autoClose: false });
    await pipeline(pieces, digest.update, createGzip(), target, { signal });
    const sha256 = digest.hex();
    const place = placeOf(archive, sha256);
    await mkdir(dirname(place), { recursive: true });
    await rename(begun, place);
    return { sha256, size: digest.size, stored: target.bytesWritten };
  } finally {
    await source.close();
    await rm(begun, { force: true });
  }
}

/** Whether what is stored under a hash is what has that hash. */
export async function isWhole(archive, sha256, signal) {
  const digest = new Digest();
  try {
    await pipeline(createReadStream(placeOf(archive, sha256)), createGunzip(), digest.update, drop, { signal });
    return digest.hex() === sha256;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** The hash and the size of what passes. */
class Digest {
  size = 0;
  #hash = createHash('sha256');

  update = async function* (pieces) {
    for await (const piece of pieces) {
      this.#hash.update(piece);
      this.size += piece.length;
      yield piece;
    }
  }.bind(this);

  hex() {
    return this.#hash.digest('hex');
  }
}

async function drop(pieces) {
  for await (const _ of pieces);
}
