// Node's functions take what looks like an AbortSignal, as those of polyfills are.
import { execFile, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { EventEmitter, addAbortListener, on, once } from 'node:events';
import fs from 'node:fs';
import { readFile, watch, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import { PassThrough, Readable, addAbortSignal } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { scheduler, setInterval as every, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { equal, rejects, run, test, throws } from '../harness.mjs';

class Signal extends EventTarget {
  aborted = false;
  reason = undefined;

  abort() {
    this.aborted = true;
    this.reason = new Error('given up');
    this.dispatchEvent(new Event('abort'));
  }
}

/** @param {any} emitter */
const failure = (emitter) => new Promise((_, reject) => emitter.on('error', reject));

/** @param {AsyncIterable<any>} items */
async function drain(items) {
  for await (const _ of items);
}

/** @type {Record<string, (signal: any) => Promise<any>>} */
const stopped = {
  'addAbortSignal()': (signal) => failure(addAbortSignal(signal, new PassThrough())),
  'a stream': (signal) => failure(new Readable({ read() {}, signal }).resume()),
  'pipeline()': (signal) => pipeline(new Readable({ read() {} }), new PassThrough(), { signal }),
  'finished()': (signal) => finished(new PassThrough(), { signal }),
  'once()': (signal) => once(new EventEmitter(), 'x', { signal }),
  'once() of an EventTarget': (signal) => once(new EventTarget(), 'x', { signal }),
  'on()': (signal) => drain(on(new EventEmitter(), 'x', { signal })),
  'setTimeout()': (signal) => sleep(60_000, undefined, { signal }),
  'setInterval()': (signal) => drain(every(60_000, undefined, { signal })),
  'scheduler.wait()': (signal) => scheduler.wait(60_000, { signal }),
  'createReadStream()': (signal) => failure(fs.createReadStream('/dev/zero', { signal }).resume()),
  'watch()': (signal) => drain(watch(os.tmpdir(), { signal })),
  'spawn()': (signal) => failure(spawn('sleep', ['60'], { signal })),
  'execFile()': (signal) => promisify(execFile)('sleep', ['60'], { signal }),
  'http.get()': async (signal) => {
    const server = http.createServer(() => {}).listen(0);
    await once(server, 'listening');
    const { port } = /** @type {any} */ (server.address());
    return await failure(http.get({ port, signal })).finally(() => {
      server.closeAllConnections();
      server.close();
    });
  },
};

for (const name in stopped) {
  test(`${name} is stopped by a signal of somebody else`, async () => {
    const signal = new Signal();
    setTimeout(() => signal.abort(), 20);
    const error = await rejects(stopped[name](signal), Error);
    equal(`${error.name} ${error.code} ${error.cause?.message}`, 'AbortError ABORT_ERR given up');
  });
}

test('what ends by a signal ends by one of somebody else', async () => {
  const signal = new Signal();
  const ends = [
    new Promise((resolve) => addAbortListener(/** @type {any} */ (signal), (event) => resolve(event.type))),
    once(net.createServer().listen({ port: 0, signal: /** @type {any} */ (signal) }), 'close'),
    once(dgram.createSocket({ type: 'udp4', signal: /** @type {any} */ (signal) }).bind(0), 'close'),
  ];
  setTimeout(() => signal.abort(), 20);
  equal((await Promise.all(ends))[0], 'abort');
});

test('a signal of somebody else that was aborted before stops what follows', async () => {
  const signal = /** @type {any} */ (new Signal());
  signal.abort();
  for (const begun of [readFile(import.meta.filename, { signal }), writeFile('/dev/null', 'x', { signal }), sleep(60_000, 1, { signal })])
    equal((await rejects(begun, Error)).code, 'ABORT_ERR');
});

test('what has no state is no signal', async () => {
  for (const signal of /** @type {any[]} */ ([null, 1, 'x', {}, () => {}])) {
    throws(() => spawn('true', { signal }), TypeError);
    throws(() => net.createServer().listen({ port: 0, signal }), TypeError);
    throws(() => addAbortListener(signal, () => {}), TypeError);
    for (const begun of [once(new EventEmitter(), 'x', { signal }), sleep(1, 1, { signal }), readFile('/dev/null', { signal })])
      equal((await rejects(begun, TypeError)).code, 'ERR_INVALID_ARG_TYPE');
  }
});

await run();
