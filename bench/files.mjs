// What work with files costs; prints one JSON object of milliseconds a run. Runs unchanged on Twinloop, Node, Bun and Deno.
//
// Usage: files.mjs [FILES [MIB [TEXT...]]]     how many small files (10,000 by default) and how large a big one is (256 MiB); only cases whose name contains one of the texts
//
// Everything is in the page cache: what counts is the way there.

import * as fs from "node:fs";
import * as promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const [files = "10000", mebibytes = "256", ...wanted] = process.argv.slice(2);
const COUNT = Number(files);
const BIG = Number(mebibytes) * 1024 * 1024;
const SMALL = Buffer.alloc(2048, "a line of a small file\n");
const folder = fs.mkdtempSync(join(tmpdir(), "files-"));
const paths = Array.from({ length: COUNT }, (_, index) => join(folder, "many", `${index}.txt`));

function equal(is, shall) {
  if (is !== shall) throw new Error(`${is} instead of ${shall}`);
}

/** `work` for each path, so many at once. */
async function all(atOnce, work) {
  let next = 0;
  const lane = async () => {
    while (next < paths.length) await work(paths[next++]);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

fs.mkdirSync(join(folder, "many"));
const big = join(folder, "big");
fs.writeFileSync(big, Buffer.alloc(BIG, "0123456789abcde\n"));

const cases = {
  "written, one by one": () => all(1, (path) => promises.writeFile(path, SMALL)),
  "written, 64 at once": () => all(64, (path) => promises.writeFile(path, SMALL)),
  "read, one by one": () => all(1, async (path) => equal((await promises.readFile(path)).length, 2048)),
  "read, 64 at once": () => all(64, async (path) => equal((await promises.readFile(path)).length, 2048)),
  "read as text, 64 at once": () => all(64, async (path) => equal((await promises.readFile(path, "utf8")).length, 2048)),
  "read with callbacks, all at once": () =>
    new Promise((resolve, reject) => {
      let left = paths.length;
      for (const path of paths) {
        fs.readFile(path, (error, data) => {
          if (error) reject(error);
          else if (data.length === 2048 && --left === 0) resolve();
        });
      }
    }),
  "read synchronously"() {
    for (const path of paths) equal(fs.readFileSync(path).length, 2048);
  },
  "opened, read, closed": () =>
    all(64, async (path) => {
      const file = await promises.open(path);
      equal((await file.read(Buffer.allocUnsafe(2048), 0, 2048, 0)).bytesRead, 2048);
      await file.close();
    }),
  "stat, 64 at once": () => all(64, async (path) => equal((await promises.stat(path)).size, 2048)),
  async "readdir with types"() {
    for (let round = 0; round < 10; round += 1) equal((await promises.readdir(join(folder, "many"), { withFileTypes: true })).length, COUNT);
  },
  async "a big file read"() {
    equal((await promises.readFile(big)).length, BIG);
  },
  async "a big file read as text"() {
    equal((await promises.readFile(big, "latin1")).length, BIG);
  },
  async "a big file copied"() {
    await promises.copyFile(big, join(folder, "copy"));
  },
  async "a big file, line by line"() {
    let lines = 0;
    const file = await promises.open(big);
    for await (const line of file.readLines()) {
      if (line.length > 0) lines += 1;
      // A sixteenth says enough.
      if (lines === BIG / 256) break;
    }
    await file.close();
    equal(lines, BIG / 256);
  },
  "removed, 64 at once": () => all(64, (path) => promises.unlink(path)),
};

const results = {};
try {
  for (const [name, run] of Object.entries(cases)) {
    // What the others need is written in any case.
    if (wanted.length > 0 && !wanted.some((part) => name.includes(part)) && name !== "written, one by one") continue;
    try {
      const start = performance.now();
      await run();
      results[name] = performance.now() - start;
    } catch (error) {
      console.error(`${name}: ${error}`);
      results[name] = null;
    }
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}
console.log(JSON.stringify(results));
