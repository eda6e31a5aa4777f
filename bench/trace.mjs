// What a traced program pays; prints one JSON object of nanoseconds an operation. Run once as it is, and once with TWINLOOP_TRACE in the environment.

import { createServer } from 'node:http';

const seconds = Number(process.argv[2] ?? 1);

/** Repeats `round`, which does `count` operations, and gives the nanoseconds of one. */
async function measure(count, round) {
  await round();
  const begin = performance.now();
  let done = 0;
  while (performance.now() - begin < seconds * 1000) {
    await round();
    done += count;
  }
  return ((performance.now() - begin) * 1e6) / done;
}

const body = JSON.stringify({ text: 'x'.repeat(900) });

async function requests() {
  const server = createServer(async (request, response) => {
    await null;
    response.setHeader('content-type', 'application/json');
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const one = async () => {
    const response = await fetch(url);
    await response.json();
  };
  const result = await measure(320, async () => {
    const client = async () => {
      for (let index = 0; index < 5; index += 1) await one();
    };
    await Promise.all(Array.from({ length: 64 }, client));
  });
  server.close();
  return result;
}

async function timers() {
  return measure(1000, () => Promise.all(Array.from({ length: 1000 }, () => new Promise((resolve) => setTimeout(resolve, 1)))));
}

async function computing() {
  const work = async (left) => {
    let sum = 0;
    for (let index = 0; index < 2000; index += 1) sum += (index * left) % 7;
    await null;
    return sum;
  };
  return measure(1000, async () => {
    for (let index = 0; index < 1000; index += 1) await work(index);
  });
}

async function awaits() {
  return measure(10_000, async () => {
    for (let index = 0; index < 10_000; index += 1) await null;
  });
}

console.log(
  JSON.stringify({
    'node:http and fetch, 64 in flight': await requests(),
    'setTimeout, 1000 at once': await timers(),
    'an async function of 5 us': await computing(),
    'await null': await awaits(),
  }),
);
