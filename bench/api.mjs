// What calls of web and `node:` APIs cost; prints one JSON object of nanoseconds a call. Runs unchanged on Twinloop, Node, Bun and Deno.
//
// Usage: api.mjs [MILLISECONDS [TEXT...]]     how long a case is measured (40 by default); only cases whose name contains one of the texts
//
// A case is a loop of its own, so that a call site sees one kind of value, and leaves what it made in `sink`, so that no
// compiler may leave the call out. What a runtime lacks is null in the object, with the reason on standard error.

import assert from "node:assert";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import util from "node:util";
import { measure } from "./measure.mjs";

const [milliseconds = "40", ...wanted] = process.argv.slice(2);
const duration = Number(milliseconds);

export let sink;

// ---- what the cases work on -------------------------------------------------------------------------------------------

const ascii = "The quick brown fox jumps over the lazy dog. 0123456789 ".repeat(20).slice(0, 1024);
// Two, three and four bytes a character between words of ASCII, as text of people is.
const mixed = "Größe naïve señor 漢字かな交じり文 emoji 😀 and some plain words ".repeat(14);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const asciiBytes = encoder.encode(ascii);
// What fits into 1 KB, so that no character is cut.
const mixedBytes = encoder.encode(mixed).subarray(0, encoder.encodeInto(mixed, new Uint8Array(1024)).written);
const target4k = new Uint8Array(4096);
const asciiBuffer = Buffer.from(ascii);
const mixedBuffer = Buffer.from(mixedBytes);
const otherBuffer = Buffer.from(ascii);
const base64 = btoa(ascii);
const json = {
  id: 1,
  name: "example",
  tags: ["alpha", "beta", "gamma"],
  nested: { flag: true, list: Array.from({ length: 50 }, (_, index) => ({ index, text: `item ${index}`, half: index / 2 })) },
};
const jsonText = JSON.stringify(json);
const small = { id: 1, name: "example", ok: true };
const pairs = [["Content-Type", "application/json"], ["X-Request-Id", "42"], ["Accept", "*/*"]];
const url = "https://user@example.com:8080/a/b/../c?x=1&y=two%20words#top";
const query = "a=1&b=two+words&c=%C3%A9&d=4";
const absolute = "http://127.0.0.1:8080/items/1?x=1";
const file = join(tmpdir(), `twinloop-bench-api-${process.pid}.txt`);

// ---- the cases --------------------------------------------------------------------------------------------------------

/** By name: a function that makes `count` calls, or with `unit`, how many calls one of its counts stands for. */
const cases = {};

cases["TextDecoder 1 KB ASCII"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = decoder.decode(asciiBytes);
};
cases["TextDecoder 1 KB UTF-8"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = decoder.decode(mixedBytes);
};
cases["TextEncoder 1 KB ASCII"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = encoder.encode(ascii);
};
cases["TextEncoder 1 KB UTF-8"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = encoder.encode(mixed);
};
cases["TextEncoder encodeInto 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = encoder.encodeInto(ascii, target4k);
};
cases["btoa 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = btoa(ascii);
};
cases["atob 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = atob(base64);
};

cases["Buffer readUInt32BE"] = (count) => {
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum = (sum + asciiBuffer.readUInt32BE(i & 1023 & ~3)) | 0;
  sink = sum;
};
cases["Buffer writeUInt32BE"] = (count) => {
  const buffer = Buffer.alloc(1024);
  for (let i = 0; i < count; i += 1) buffer.writeUInt32BE(i, i & 1023 & ~3);
  sink = buffer;
};
cases["Buffer readDoubleLE"] = (count) => {
  const buffer = Buffer.alloc(1024);
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += buffer.readDoubleLE(i & 1015 & ~7);
  sink = sum;
};
cases["Buffer toString utf8 ASCII 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.toString("utf8");
};
cases["Buffer toString utf8 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = mixedBuffer.toString("utf8");
};
cases["Buffer toString latin1 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.toString("latin1");
};
cases["Buffer toString base64 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.toString("base64");
};
cases["Buffer toString hex 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.toString("hex");
};
cases["Buffer from string 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = Buffer.from(ascii);
};
cases["Buffer from string 16 B"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = Buffer.from("sixteen letters.");
};
cases["Buffer from base64 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = Buffer.from(base64, "base64");
};
cases["Buffer concat 2 x 1 KB"] = (count) => {
  const both = [asciiBuffer, otherBuffer];
  for (let i = 0; i < count; i += 1) sink = Buffer.concat(both);
};
cases["Buffer alloc 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = Buffer.alloc(1024);
};
cases["Buffer subarray"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.subarray(10, 100);
};
cases["Buffer equals 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.equals(otherBuffer);
};
cases["Buffer indexOf string"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = asciiBuffer.indexOf("lazy");
};
cases["Buffer byteLength 1 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = Buffer.byteLength(mixed);
};

cases["queueMicrotask"] = (count) =>
  new Promise((done) => {
    let left = count;
    const next = () => {
      left -= 1;
      if (left <= 0) done();
      else queueMicrotask(next);
    };
    queueMicrotask(next);
  });
cases["process.nextTick"] = (count) =>
  new Promise((done) => {
    let left = count;
    const next = () => {
      left -= 1;
      if (left <= 0) done();
      else process.nextTick(next);
    };
    process.nextTick(next);
  });
cases["setImmediate, one by one"] = (count) =>
  new Promise((done) => {
    let left = count;
    const next = () => {
      left -= 1;
      if (left <= 0) done();
      else setImmediate(next);
    };
    setImmediate(next);
  });
cases["setTimeout, 100,000 at once"] = {
  unit: 100_000,
  run: async (rounds) => {
    for (let round = 0; round < rounds; round += 1) {
      await new Promise((done) => {
        let left = 100_000;
        const tick = () => {
          left -= 1;
          if (left === 0) done();
        };
        for (let i = 0; i < 100_000; i += 1) setTimeout(tick, 1);
      });
    }
  },
};
cases["setTimeout and clearTimeout"] = (count) => {
  const nothing = () => {};
  for (let i = 0; i < count; i += 1) clearTimeout(setTimeout(nothing, 60_000));
};

cases["ReadableStream, a chunk"] = async (count) => {
  let left = count;
  const chunk = new Uint8Array(16);
  const stream = new ReadableStream({
    pull(controller) {
      left -= 1;
      if (left < 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    sink = value;
  }
};
cases["ReadableStream, for await, a chunk"] = async (count) => {
  let left = count;
  const chunk = new Uint8Array(16);
  const stream = new ReadableStream({
    pull(controller) {
      left -= 1;
      if (left < 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
  for await (const value of stream) sink = value;
};
cases["async generator, a value"] = async (count) => {
  async function* values() {
    for (let i = 0; i < count; i += 1) yield i;
  }
  for await (const value of values()) sink = value;
};
cases["new Request"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new Request(absolute);
};
cases["new Request with headers"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new Request(absolute, { method: "POST", headers: { "content-type": "text/plain" }, body: "x" });
};
cases["new Response"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new Response("hello");
};
cases["Response.json"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = Response.json(small);
};
cases["Response.text()"] = async (count) => {
  for (let i = 0; i < count; i += 1) sink = await new Response("hello").text();
};
cases["Response.json()"] = async (count) => {
  for (let i = 0; i < count; i += 1) sink = await new Response('{"id":1}').json();
};
cases["Response.arrayBuffer() 1 KB"] = async (count) => {
  for (let i = 0; i < count; i += 1) sink = await new Response(asciiBytes).arrayBuffer();
};
cases["Headers new, set, get"] = (count) => {
  for (let i = 0; i < count; i += 1) {
    const headers = new Headers();
    headers.set("Content-Type", "text/plain");
    sink = headers.get("content-type");
  }
};
cases["Headers from pairs, iterated"] = (count) => {
  for (let i = 0; i < count; i += 1) for (const pair of new Headers(pairs)) sink = pair;
};
cases["new URL"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new URL(url);
};
cases["new URL, href read"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new URL(absolute).href;
};
cases["new URL with a base"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new URL("../x?y#z", url);
};
cases["URL.canParse"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = URL.canParse(url);
};
cases["URLSearchParams parsed, get"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new URLSearchParams(query).get("c");
};
cases["URLSearchParams toString"] = (count) => {
  const parameters = new URLSearchParams(query);
  for (let i = 0; i < count; i += 1) sink = parameters.toString();
};
cases["new Blob"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new Blob(["hello"]);
};
cases["Blob.text()"] = async (count) => {
  const blob = new Blob([ascii]);
  for (let i = 0; i < count; i += 1) sink = await blob.text();
};
cases["FormData append, get"] = (count) => {
  for (let i = 0; i < count; i += 1) {
    const form = new FormData();
    form.append("name", "value");
    sink = form.get("name");
  }
};

cases["Event dispatch"] = (count) => {
  const target = new EventTarget();
  target.addEventListener("tick", (event) => {
    sink = event;
  });
  for (let i = 0; i < count; i += 1) target.dispatchEvent(new Event("tick"));
};
cases["EventEmitter emit"] = (count) => {
  const emitter = new EventEmitter();
  emitter.on("tick", (value) => {
    sink = value;
  });
  for (let i = 0; i < count; i += 1) emitter.emit("tick", i);
};
cases["EventTarget add, remove"] = (count) => {
  const target = new EventTarget();
  const listener = () => {};
  for (let i = 0; i < count; i += 1) {
    target.addEventListener("tick", listener);
    target.removeEventListener("tick", listener);
  }
};
cases["new AbortController"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = new AbortController().signal;
};
cases["AbortController abort, heard"] = (count) => {
  for (let i = 0; i < count; i += 1) {
    const controller = new AbortController();
    controller.signal.addEventListener("abort", () => {
      sink = i;
    });
    controller.abort();
  }
};
cases["AbortSignal.any"] = async (count) => {
  const first = new AbortController().signal;
  const second = new AbortController().signal;
  for (let i = 0; i < count; i += 1) {
    sink = AbortSignal.any([first, second]);
    // As a server does it: some in each turn, so that what a turn keeps alive counts too.
    if ((i & 255) === 255) await new Promise((done) => setImmediate(done));
  }
};

cases["util.format"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = util.format("%s is %d of %s", "this", i, "those");
};
cases["util.inspect"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = util.inspect(small);
};
cases["assert.deepStrictEqual"] = (count) => {
  const other = { ...small };
  for (let i = 0; i < count; i += 1) assert.deepStrictEqual(small, other);
};
cases["path.join"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = join("/a/b", "../c", "./d.txt");
};
cases["path.resolve"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = resolve("/a/b", "../c", "./d.txt");
};
cases["structuredClone 2.5 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = structuredClone(json);
};
cases["structuredClone small"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = structuredClone(small);
};
cases["JSON.stringify 2.5 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = JSON.stringify(json);
};
cases["JSON.parse 2.5 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = JSON.parse(jsonText);
};
cases["performance.now"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = performance.now();
};
cases["fs.readFile 2 KB"] = async (count) => {
  for (let i = 0; i < count; i += 1) sink = await readFile(file, "utf8");
};
cases["fs.readFileSync 2 KB"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = readFileSync(file, "utf8");
};
cases["fs.statSync"] = (count) => {
  for (let i = 0; i < count; i += 1) sink = statSync(file);
};

// ---- measuring --------------------------------------------------------------------------------------------------------

async function main() {
  writeFileSync(file, ascii + ascii);
  const results = {};
  for (const [name, one] of Object.entries(cases)) {
    if (wanted.length > 0 && !wanted.some((text) => name.includes(text))) continue;
    const { run, unit } = typeof one === "function" ? { run: one, unit: 1 } : one;
    try {
      results[name] = (await measure(run, duration)) / unit;
    } catch (error) {
      results[name] = null;
      console.error(`${name}: ${error}`);
    }
  }
  rmSync(file);
  console.log(JSON.stringify(results));
}

await main();
