// What a microtask costs; prints one JSON object of nanoseconds an operation. Runs unchanged on Twinloop, Node, Bun and Deno.

const COUNT = 1_000_000;

async function awaitSettled(count) {
  const settled = Promise.resolve(1);
  for (let index = 0; index < count; index += 1) await settled;
}

async function awaitValue(count) {
  for (let index = 0; index < count; index += 1) await index;
}

async function awaitAsyncFunction(count) {
  const inner = async () => 1;
  for (let index = 0; index < count; index += 1) await inner();
}

function promiseChain(count) {
  let chain = Promise.resolve(0);
  for (let index = 0; index < count; index += 1) chain = chain.then((value) => value + 1);
  return chain;
}

function promiseChainOneByOne(count) {
  let left = count;
  return new Promise((resolve) => {
    const next = () => {
      left -= 1;
      if (left === 0) resolve();
      else Promise.resolve().then(next);
    };
    next();
  });
}

function queueMicrotasks(count) {
  return new Promise((resolve) => {
    let left = count;
    const next = () => {
      left -= 1;
      if (left === 0) resolve();
      else queueMicrotask(next);
    };
    queueMicrotask(next);
  });
}

async function promiseAll(count) {
  for (let done = 0; done < count; done += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, index) => Promise.resolve(index)));
  }
}

const benchmarks = { awaitSettled, awaitValue, awaitAsyncFunction, promiseChain, promiseChainOneByOne, queueMicrotasks, promiseAll };

async function main() {
  const results = {};
  for (const [name, benchmark] of Object.entries(benchmarks)) {
    await benchmark(20_000);
    const start = performance.now();
    await benchmark(COUNT);
    results[name] = ((performance.now() - start) * 1e6) / COUNT;
  }
  console.log(JSON.stringify(results));
}

main();
