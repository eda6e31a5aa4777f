// What threads cost; prints one JSON object of nanoseconds. Runs unchanged on Twinloop, Node, Bun and Deno.
//
// Usage: workers.mjs [MILLISECONDS [TEXT...]]     how long a case is measured (300 by default); only cases whose name contains one of the texts
//
// A start ends when the first message of the worker is there. Messages go there and come back, one at a time; "16 in flight" is the time of one of
// many.

import process from "node:process";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

const [milliseconds = "300", ...wanted] = process.argv.slice(2);
const duration = Number(milliseconds);
const self = fileURLToPath(import.meta.url);

/** A worker that sends back what it gets. */
function echo() {
  parentPort.on("message", (message) => {
    if (message === "end") parentPort.close();
    else if (message?.buffer instanceof ArrayBuffer) parentPort.postMessage(message, [message.buffer]);
    else parentPort.postMessage(message);
  });
  parentPort.postMessage("here");
}

const next = (worker) => new Promise((resolve) => worker.once("message", resolve));

async function withWorker(use) {
  const worker = new Worker(self);
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  await next(worker);
  const result = await use(worker);
  worker.postMessage("end");
  await ended;
  return result;
}

/** Nanoseconds of one of many repetitions. */
async function each(work) {
  let count = 0;
  let passed = 0;
  for (let i = 0; i < 20; i += 1) await work();
  const started = performance.now();
  do {
    await work();
    count += 1;
    passed = performance.now() - started;
  } while (passed < duration);
  return (passed * 1e6) / count;
}

/** There and back, so many at once. */
function roundTrips(worker, message, transfers, inFlight = 1) {
  return each(async () => {
    let left = inFlight;
    await new Promise((resolve) => {
      worker.on("message", function listener(back) {
        left -= 1;
        if (transfers) message = back;
        if (left > 0) return;
        worker.off("message", listener);
        resolve();
      });
      for (let i = 0; i < inFlight; i += 1) worker.postMessage(message, transfers ? [message.buffer] : undefined);
    });
  }).then((time) => time / inFlight);
}

const object = {
  id: 1,
  name: "example",
  tags: ["alpha", "beta", "gamma"],
  nested: { flag: true, list: Array.from({ length: 50 }, (_, index) => ({ index, text: `item ${index}`, half: index / 2 })) },
};

const cases = {
  "start to first message": async () => {
    const times = [];
    for (let i = 0; i < 12; i += 1) {
      const started = performance.now();
      const worker = new Worker(self);
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      await next(worker);
      times.push((performance.now() - started) * 1e6);
      worker.postMessage("end");
      await ended;
    }
    return times.sort((left, right) => left - right)[6];
  },
  "start and end of 8 at once": async () => {
    const started = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => withWorker(() => undefined)));
    return (performance.now() - started) * 1e6;
  },
  "number there and back": () => withWorker((worker) => roundTrips(worker, 1, false)),
  "number, 16 in flight": () => withWorker((worker) => roundTrips(worker, 1, false, 16)),
  "object of 2.5 KB there and back": () => withWorker((worker) => roundTrips(worker, object, false)),
  "1 MB copied there, moved back": () => withWorker((worker) => roundTrips(worker, new Uint8Array(1 << 20), false)),
  "1 MB moved there and back": () => withWorker((worker) => roundTrips(worker, new Uint8Array(1 << 20), true)),
};

if (isMainThread) {
  const results = {};
  for (const [name, measure] of Object.entries(cases)) {
    if (wanted.length > 0 && !wanted.some((text) => name.includes(text))) continue;
    try {
      results[name] = await measure();
    } catch (error) {
      results[name] = null;
      console.error(`${name}: ${error}`);
    }
  }
  console.log(JSON.stringify(results));
} else {
  echo();
}
