// fs.watch, fs.promises.watch and fs.watchFile: changes of files and folders.
import { once } from 'node:events';
import fs from 'node:fs';
import { watch } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { AsyncLocalStorage } from 'node:async_hooks';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'watch-'));
const at = (...names) => path.join(folder, ...names);

/** The first event that is about this file. */
function eventOf(watcher, name) {
  return new Promise((resolve) => {
    watcher.on('change', (type, filename) => {
      if (filename === name) resolve(type);
    });
  });
}

test('a watched folder tells of files that come, change and go', async () => {
  const watcher = fs.watch(folder);
  const come = eventOf(watcher, 'a');
  fs.writeFileSync(at('a'), '');
  equal(await come, 'rename');
  watcher.removeAllListeners('change');
  const other = eventOf(watcher, 'b');
  const all = [];
  watcher.on('change', (type, filename) => all.push(`${type} ${filename}`));
  fs.appendFileSync(at('a'), 'more');
  fs.rmSync(at('a'));
  fs.writeFileSync(at('b'), '');
  await other;
  ok(all.indexOf('change a') !== -1 && all.indexOf('change a') < all.indexOf('rename a'), all.join());
  watcher.close();
  await once(watcher, 'close');
  watcher.close();
});

test('a watched tree tells of what is below', async () => {
  fs.mkdirSync(at('tree', 'deep'), { recursive: true });
  const watcher = fs.watch(at('tree'), { recursive: true });
  const deep = eventOf(watcher, path.join('deep', 'x'));
  fs.writeFileSync(at('tree', 'deep', 'x'), '');
  equal(await deep, 'rename');
  const late = eventOf(watcher, path.join('new', 'inner', 'y'));
  fs.mkdirSync(at('tree', 'new', 'inner'), { recursive: true });
  fs.writeFileSync(at('tree', 'new', 'inner', 'y'), '');
  equal(await late, 'rename');
  watcher.close();
});

test('names come in the encoding that was asked for, and what is ignored does not', async () => {
  const watcher = fs.watch(folder, { encoding: 'buffer', ignore: [/.log$/, /^tmp/, (name) => `${name}` === 'skip'] });
  const names = [];
  const done = new Promise((resolve) => {
    watcher.on('change', (_, name) => {
      names.push(name.toString());
      if (`${name}` === 'last') resolve();
    });
  });
  for (const name of ['x.log', 'tmp1', 'skip', 'kept', 'last']) fs.writeFileSync(at(name), '');
  await done;
  deepEqual([...new Set(names)], ['kept', 'last']);
  watcher.close();
});

test('the promises end by a signal, and what is thrown at a listener stops no other event', async () => {
  const controller = new AbortController();
  const seen = [];
  const reading = (async () => {
    for await (const { eventType, filename } of watch(folder, { signal: controller.signal })) {
      seen.push(`${eventType} ${filename}`);
      controller.abort();
    }
  })();
  // It begins with the first question.
  await new Promise((resolve) => setTimeout(resolve, 20));
  fs.writeFileSync(at('p'), '');
  equal((await reading.catch((error) => error)).name, 'AbortError');
  deepEqual(seen, ['rename p']);

  const watcher = fs.watch(folder);
  const uncaught = once(process, 'uncaughtException');
  watcher.once('change', () => {
    throw new Error('a listener');
  });
  const next = eventOf(watcher, 'q2');
  fs.writeFileSync(at('q1'), '');
  fs.writeFileSync(at('q2'), '');
  equal((await uncaught)[0].message, 'a listener');
  equal(await next, 'rename');
  watcher.close();
});

test('a signal closes a watcher, and listeners see the context in which it was made', async () => {
  const controller = new AbortController();
  const storage = new AsyncLocalStorage();
  const watcher = storage.run('here', () => fs.watch(folder, { signal: controller.signal }));
  const store = new Promise((resolve) => {
    watcher.on('change', () => resolve(storage.getStore()));
  });
  fs.writeFileSync(at('s'), '');
  equal(await store, 'here');
  controller.abort();
  await once(watcher, 'close');
});

test('wrong arguments and files that are not there have the errors of Node', () => {
  for (const value of [undefined, null, 1, {}]) throws(() => fs.watch(value), TypeError, 'filename');
  throws(() => fs.watch(folder, { recursive: 1 }), TypeError, 'recursive');
  throws(() => fs.watch(folder, { persistent: 1 }), TypeError, 'persistent');
  throws(() => fs.watch(folder, { ignore: '' }), TypeError, 'ignore');
  throws(() => fs.watch(folder, 'nonsense'), TypeError, 'encoding');
  throws(() => fs.watch(folder, {}, 1), TypeError, 'listener');
  for (const recursive of [false, true]) {
    try {
      fs.watch(at('none'), { recursive });
      ok(false, 'it is not there');
    } catch (error) {
      const { code, syscall, path: named, filename, message } = error;
      deepEqual([code, syscall, named, filename], ['ENOENT', 'watch', at('none'), at('none')]);
      equal(message, `ENOENT: no such file or directory, watch '${at('none')}'`);
    }
  }
});

test('watchers that do not count let the program end', async () => {
  fs.watch(folder, { persistent: false });
  fs.watch(folder).unref();
  fs.watchFile(at('b'), { persistent: false }, () => {});
  const { execFileSync } = await import('node:child_process');
  const code =
    'const fs = require("node:fs"); fs.watch("/", { persistent: false }); fs.watch("/").unref(); fs.watchFile("/", { persistent: false }, () => {}); console.log("end")';
  equal(execFileSync(process.execPath, ['-e', code], { timeout: 30_000 }).toString(), 'end\n');
});

test('watchFile tells what the file was and is, until it is told to stop', async () => {
  fs.writeFileSync(at('w'), '1');
  const seen = new Promise((resolve) => fs.watchFile(at('w'), { interval: 5 }, (now, before) => resolve([before.size, now.size])));
  fs.appendFileSync(at('w'), '23');
  deepEqual(await seen, [1, 3]);
  const [watcher] = [fs.watchFile(at('w'), { interval: 5 }, () => {})];
  const stopped = once(watcher, 'stop');
  fs.unwatchFile(at('w'));
  await stopped;
  const absent = new Promise((resolve) => fs.watchFile(at('none'), { interval: 5 }, (now, before) => resolve([now.nlink, before.nlink])));
  deepEqual(await absent, [0, 0]);
  fs.unwatchFile(at('none'));
  fs.unwatchFile(at('b'));
});

await run();
fs.rmSync(folder, { recursive: true });
process.exit();
