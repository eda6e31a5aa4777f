// What streams cost, of Node and of the web: chunks, bytes, bodies, files; prints one JSON object of milliseconds a run. Runs unchanged on
// Twinloop, Node, Bun and Deno.
//
// Usage: streams.mjs [CHUNKS [MIB [TEXT...]]]     how many chunks (1,000,000 by default) and how many MiB (1024) flow; only cases whose name contains one of the texts
//
// "a chunk" passes small objects, so that the machinery counts; "bytes" passes pieces of 64 KiB, so that copies count.

import { closeSync, createReadStream, createWriteStream, ftruncateSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { PassThrough, Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

const [chunks = "1000000", mebibytes = "1024", ...wanted] = process.argv.slice(2);
const COUNT = Number(chunks);
const BYTES = Number(mebibytes) * 1024 * 1024;
const PIECE = new Uint8Array(65_536).fill(97);

function equal(is, shall) {
  if (is !== shall) throw new Error(`${is} instead of ${shall}`);
}

function* numbers() {
  for (let index = 0; index < COUNT; index += 1) yield index;
}

function webNumbers() {
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      if (index === COUNT) controller.close();
      else controller.enqueue(index++);
    },
  });
}

function webPieces() {
  let left = BYTES;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) controller.close();
      else controller.enqueue(PIECE);
      left -= PIECE.length;
    },
  });
}

function nodePieces() {
  let left = BYTES;
  return new Readable({
    read() {
      this.push(left > 0 ? PIECE : null);
      left -= PIECE.length;
    },
  });
}

/** A file with a hole, so that no disk is measured. */
function withFile(run) {
  const path = join(tmpdir(), `streams-${process.pid}`);
  const file = openSync(path, "w");
  ftruncateSync(file, BYTES);
  closeSync(file);
  return run(path).finally(() => rmSync(path));
}

const cases = {
  async "web: read, a chunk"() {
    const reader = webNumbers().getReader();
    let sum = 0;
    for (let step = await reader.read(); !step.done; step = await reader.read()) sum += step.value;
    equal(sum, (COUNT * (COUNT - 1)) / 2);
  },

  async "web: for await, a chunk"() {
    let sum = 0;
    for await (const value of webNumbers()) sum += value;
    equal(sum, (COUNT * (COUNT - 1)) / 2);
  },

  async "web: pipeThrough and pipeTo, a chunk"() {
    let sum = 0;
    const doubled = new TransformStream({ transform: (value, controller) => controller.enqueue(value * 2) });
    await webNumbers().pipeThrough(doubled).pipeTo(new WritableStream({ write: (value) => void (sum += value) }));
    equal(sum, COUNT * (COUNT - 1));
  },

  async "web: pipeTo, bytes"() {
    let length = 0;
    await webPieces().pipeTo(new WritableStream({ write: (piece) => void (length += piece.length) }));
    equal(length, BYTES);
  },

  async "web: Response of a stream, bytes"() {
    // A quarter: it is all in memory at the end.
    let left = BYTES / 4;
    const body = new ReadableStream({
      pull(controller) {
        if (left <= 0) controller.close();
        else controller.enqueue(PIECE);
        left -= PIECE.length;
      },
    });
    equal((await new Response(body).arrayBuffer()).byteLength, BYTES / 4);
  },

  async "web: Blob.stream(), bytes"() {
    const blob = new Blob(Array.from({ length: BYTES / 4 / PIECE.length }, () => PIECE));
    let length = 0;
    for await (const piece of blob.stream()) length += piece.length;
    equal(length, BYTES / 4);
  },

  async "node: pipeline with a transform, a chunk"() {
    let sum = 0;
    const doubled = new Transform({ objectMode: true, transform: (value, _, done) => done(null, value * 2) });
    const sink = new Writable({
      objectMode: true,
      write(value, _, done) {
        sum += value;
        done();
      },
    });
    await pipeline(Readable.from(numbers()), doubled, sink);
    equal(sum, COUNT * (COUNT - 1));
  },

  async "node: for await, a chunk"() {
    let sum = 0;
    for await (const value of Readable.from(numbers())) sum += value;
    equal(sum, (COUNT * (COUNT - 1)) / 2);
  },

  async "node: pipeline, bytes"() {
    let length = 0;
    const sink = new Writable({
      write(piece, _, done) {
        length += piece.length;
        done();
      },
    });
    await pipeline(nodePieces(), new PassThrough(), sink);
    equal(length, BYTES);
  },

  async "node: a file to /dev/null"() {
    await withFile((path) => pipeline(createReadStream(path), createWriteStream("/dev/null")));
  },

  async "node: a file read with data events"() {
    await withFile(
      (path) =>
        new Promise((resolve, reject) => {
          let length = 0;
          createReadStream(path)
            .on("data", (piece) => {
              length += piece.length;
            })
            .on("error", reject)
            .on("end", () => resolve(equal(length, BYTES)));
        }),
    );
  },

  async "node: gzip, a sixteenth of the bytes"() {
    let length = 0;
    const text = Buffer.from("a line of text that is not always the same: 0123456789\n".repeat(1200));
    let left = BYTES / 16;
    const source = new Readable({
      read() {
        this.push(left > 0 ? text : null);
        left -= text.length;
      },
    });
    for await (const piece of source.pipe(createGzip())) length += piece.length;
    equal(length > 0, true);
  },
};

const results = {};
for (const [name, run] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  try {
    const start = performance.now();
    await run();
    results[name] = performance.now() - start;
  } catch (error) {
    console.error(`${name}: ${error}`);
    results[name] = null;
  }
}
console.log(JSON.stringify(results));
