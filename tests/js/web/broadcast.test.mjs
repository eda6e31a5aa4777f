// BroadcastChannel with a url: other processes of this machine, what a message may have, and what it hears of. Twinloop's own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'twinloop-broadcast-'));
const url = `local:${folder}/group`;

/** The next event of a type. */
function next(channel, type = 'message') {
  return new Promise((resolve) => channel.addEventListener(type, resolve, { once: true }));
}

async function open(name, options = { url }) {
  const channel = new BroadcastChannel(name, options);
  await channel.ready;
  return channel;
}

/** A process that runs `source`, and its lines. */
function start(name, source, environment = {}) {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, source);
  const child = spawn(process.execPath, [file, url], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = (async function* () {
    let text = '';
    for await (const chunk of child.stdout) {
      text += chunk;
      const parts = text.split('\n');
      text = parts.pop();
      yield* parts;
    }
  })();
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  return { child, ended, line: async () => (await lines.next()).value };
}

test('a message reaches the others of its name and not its sender', async () => {
  const [one, two, other] = [await open('news'), await open('news'), await open('other')];
  const seen = [];
  for (const [label, channel] of Object.entries({ one, two, other })) channel.onmessage = ({ data }) => seen.push([label, data]);
  const heard = next(two);
  one.postMessage({ n: 1 });
  const event = await heard;
  ok(event instanceof MessageEvent && event.target === two);
  deepEqual(seen, [['two', { n: 1 }]]);
  equal(one.url, url);
  equal(one.name, 'news');
  for (const channel of [one, two, other]) channel.close();
});

test('values arrive as they were posted, bytes as a Uint8Array, and what is undefined as null', async () => {
  const [one, two] = [await open('values'), await open('values')];
  const same = [null, true, 0, -1, 2 ** 53, 2n ** 63n, -(2n ** 63n), 1.5, -0, Infinity, NaN, '', 'grüße 😀', [], {}, [1, [{ deep: [] }]]];
  for (const value of same) {
    const heard = next(two);
    one.postMessage(value);
    deepEqual((await heard).data, value);
  }
  const others = [
    [undefined, null],
    [5n, 5],
    [{ a: undefined }, { a: null }],
    [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2])],
    [Buffer.from('abc'), new Uint8Array([97, 98, 99])],
    [JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}')],
    [Object.create(null), {}],
  ];
  for (const [value, expected] of others) {
    const heard = next(two);
    one.postMessage(value);
    deepEqual((await heard).data, expected);
  }
  one.close();
  two.close();
});

test('what cannot cross is a DataCloneError that names the place', async () => {
  const channel = await open('values');
  const inItself = {};
  inItself.inside = inItself;
  const cases = [
    [{ users: [{ tags: new Set() }] }, 'a value of class Set cannot be broadcast (message.users[0].tags)'],
    [new Map(), 'class Map'],
    [new Date(), 'class Date'],
    [() => 1, 'class Function'],
    [Symbol('s'), 'a symbol'],
    [new (class Point {})(), 'class Point'],
    [new Float64Array(2), 'class Float64Array'],
    [new SharedArrayBuffer(2), 'class SharedArrayBuffer'],
    [2n ** 64n, 'more than 64 bits'],
    ['\ud800', 'lone surrogates'],
    [inItself, 'inside of itself'],
  ];
  for (const [value, said] of cases) {
    const error = throws(() => channel.postMessage(value), DOMException);
    equal(error.name, 'DataCloneError');
    ok(error.message.includes(said), error.message);
  }
  const thrown = new Error('from a getter');
  const getter = {
    get a() {
      throw thrown;
    },
  };
  equal(
    throws(() => channel.postMessage(getter), Error),
    thrown,
  );
  ok(throws(() => channel.postMessage(new Uint8Array(16 * 1024 * 1024 + 1)), RangeError).message.includes('16777216'));
  channel.close();
  equal(throws(() => channel.postMessage(1), DOMException).name, 'InvalidStateError');
});

test('without a url nothing changes', async () => {
  const [one, two] = [new BroadcastChannel('near'), new BroadcastChannel('near')];
  const heard = next(two);
  await one.ready;
  one.postMessage(new Map([[1, 2]]));
  deepEqual((await heard).data, new Map([[1, 2]]));
  await one.flush();
  equal(one.url, '');
  one.close();
  two.close();
});

test('processes hear each other in order, and a program that posts and ends has posted', async () => {
  const channel = await open('numbers');
  const numbers = [];
  const all = new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (numbers.push(data) === 1000) resolve();
    };
  });
  const source = `
    const channel = new BroadcastChannel('numbers', { url: process.argv[2] });
    for (let i = 0; i < 1000; i += 1) channel.postMessage(i);
    channel.close();
  `;
  equal(await start('numbers', source).ended, 0);
  await all;
  deepEqual(
    numbers,
    Array.from({ length: 1000 }, (_, index) => index),
  );
  channel.close();
});

test('a process that is killed disturbs nobody', async () => {
  const source = `
    const channel = new BroadcastChannel('victims', { url: process.argv[2] });
    channel.onmessage = ({ data }) => console.log(data);
    await channel.ready;
    console.log('open');
  `;
  const victim = start('victim', source);
  equal(await victim.line(), 'open');
  const [one, two] = [await open('victims'), await open('victims')];
  const seen = [];
  two.onmessage = ({ data }) => seen.push(data);
  one.postMessage('before');
  equal(await victim.line(), 'before');
  victim.child.kill('SIGKILL');
  equal(await victim.ended, 'SIGKILL');
  const last = new Promise((resolve) => two.addEventListener('message', ({ data }) => data === 99 && resolve()));
  for (let i = 0; i < 100; i += 1) one.postMessage(i);
  await last;
  equal(seen.length, 101);
  one.close();
  two.close();
});

test('TWINLOOP_BROADCAST says where channels reach that are told nothing', async () => {
  const channel = await open('variable');
  const heard = next(channel);
  const source = `
    const channel = new BroadcastChannel('variable');
    channel.postMessage(channel.url);
    channel.close();
  `;
  equal(await start('variable', source, { TWINLOOP_BROADCAST: url }).ended, 0);
  equal((await heard).data, url);
  channel.close();
});

test('a worker is a member like another process', async () => {
  const channel = await open('workers');
  const heard = next(channel);
  const worker = new Worker(
    `const channel = new BroadcastChannel('workers', { url: ${JSON.stringify(url)} });
     channel.postMessage('from a worker');
     channel.close();`,
    { eval: true },
  );
  equal((await heard).data, 'from a worker');
  await worker.terminate();
  channel.close();
});

test('a channel that listens keeps the program alive until it is closed or let go of', async () => {
  const source = `
    const channel = new BroadcastChannel('alive', { url: process.argv[2] });
    channel.onmessage = ({ data }) => {
      console.log(data);
      if (data === 'let go') channel.unref();
      if (data === 'close') channel.close();
    };
    await channel.ready;
    console.log('open');
  `;
  const channel = await open('alive');
  for (const word of ['let go', 'close']) {
    const listener = start('alive', source);
    equal(await listener.line(), 'open');
    channel.postMessage(word);
    equal(await listener.line(), word);
    equal(await listener.ended, 0);
  }
  channel.close();
});

test('it is told of its opening, and bad urls are refused by name', async () => {
  const channel = new BroadcastChannel('opening', { url });
  equal((await next(channel, 'open')).type, 'open');
  channel.close();
  ok(throws(() => new BroadcastChannel('x', { url: 'gopher://here' }), TypeError).message.includes('gopher'));
  throws(() => new BroadcastChannel('x', { url: 'local:' }), TypeError);
  const nowhere = new BroadcastChannel('x', { url: `local:${folder}/not/there` });
  const cut = next(nowhere, 'error');
  const error = await rejects(nowhere.ready, Error);
  equal(error.code, 'ENOENT');
  ok((await cut).message.includes('mkdir'));
});

await run();
rmSync(folder, { recursive: true });
