// BroadcastChannel among processes: `broadcast.mjs URL HISTORY PROCESSES POSTS` has each of so many processes post its share of the messages and hear those of the
// others (one alone has a second channel that hears). Prints how many of them a second have been heard by all, how many are missing somewhere, and the processor's time
// of all processes for one. broadcast.py is the same in Python.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Who hears nothing for so long will hear nothing any more; a server may take seconds for a cut. */
const PATIENCE_MS = 20_000;
/** So many go on their way before whoever posts waits for them, so that nobody is far ahead of the readers. */
const AT_ONCE = 256;

const [url, history, processes, posts, name] = process.argv.slice(2);

/** One of the processes: says when it hears, posts when it is told to, and says when it has heard everything. */
async function member() {
  const options = { url, ...(history !== '0' && { history: Number(history) }) };
  const sender = new BroadcastChannel(name, options);
  const hearer = processes === '1' ? new BroadcastChannel(name, options) : sender;
  const mine = Math.floor(posts / processes);
  let missing = mine * Math.max(1, processes - 1);
  const { promise, resolve } = Promise.withResolvers();
  let heardAt = performance.now();
  hearer.onmessage = () => {
    missing -= 1;
    if (missing === 0) resolve();
  };
  const watch = setInterval(() => {
    if (missing !== watch.missing) heardAt = performance.now();
    watch.missing = missing;
    if (performance.now() - heardAt > PATIENCE_MS) resolve();
  }, 1000);
  await Promise.all([sender.ready, hearer.ready]);
  console.log('ready');
  await once(process.stdin, 'data');
  const before = process.cpuUsage();
  const text = 'x'.repeat(64);
  for (let number = 0; number < mine; number++) {
    sender.postMessage({ number, text });
    if (number % AT_ONCE === AT_ONCE - 1) await sender.flush();
  }
  await promise;
  const { user, system } = process.cpuUsage(before);
  console.log(`${missing} ${user + system}`);
  clearInterval(watch);
  sender.close();
  hearer.close();
  process.stdin.destroy();
}

/** Starts the others, and takes the time from the first post to the last that is heard. */
async function main() {
  const own = `bench-${process.pid}-${Date.now()}`;
  const words = [fileURLToPath(import.meta.url), url, history, processes, posts, own];
  const children = Array.from({ length: Number(processes) }, () => {
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  const said = () =>
    Promise.all(
      children.map(async ({ lines }) => {
        const { value, done } = await lines.next();
        if (done) throw new Error('a process has ended early');
        return value;
      }),
    );
  await said();
  const start = performance.now();
  for (const { child } of children) child.stdin.write('go\n');
  const told = (await said()).map((line) => line.split(' ').map(Number));
  const seconds = (performance.now() - start) / 1000;
  const sum = (place) => told.reduce((sum, line) => sum + line[place], 0);
  const posted = Math.floor(posts / processes) * processes;
  console.log(JSON.stringify({ per_second: posted / seconds, lost: sum(0), cpu_ns: (sum(1) * 1000) / posted }));
}

await (name === undefined ? main() : member());
