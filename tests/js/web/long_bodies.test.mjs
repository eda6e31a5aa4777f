// Long bodies over HTTP/1.1, which are read past the parser: whole, and over a connection that goes on afterwards if it may.
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { equal, ok, rejects, run, test } from '../harness.mjs';

const LENGTH = 3_000_000;
const bytes = Uint8Array.from({ length: LENGTH }, (_, index) => index % 251);

/** A server that lets `answer` answer each request; how many connections and requests it has had. */
async function serve(answer, use) {
  const seen = { connections: 0, requests: 0, ended: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    socket.on('error', () => {});
    socket.on('close', () => (seen.ended += 1));
    socket.on('data', () => {
      seen.requests += 1;
      answer(socket);
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    await use(`http://127.0.0.1:${server.address().port}/`, seen);
  } finally {
    server.close();
  }
}

const head = (more = '') => `HTTP/1.1 200 OK\r\ncontent-length: ${LENGTH}\r\n${more}\r\n`;
const isWhole = (body) => body.length === LENGTH && Buffer.compare(body, bytes) === 0;

test('they arrive whole, in pieces of any size, over one connection', async () => {
  const inPieces = async (socket) => {
    socket.write(head());
    for (let sent = 0, size = 1; sent < LENGTH; sent += size, size *= 3) {
      socket.write(bytes.subarray(sent, sent + size));
      if (size < 10_000) await sleep(1);
    }
  };
  await serve(inPieces, async (url, seen) => {
    for (let round = 0; round < 3; round += 1) {
      const response = await fetch(url);
      const pieces = [];
      for await (const piece of response.body) pieces.push(piece);
      ok(isWhole(Buffer.concat(pieces)));
      ok(isWhole(await (await fetch(url)).bytes()));
    }
    equal(seen.connections, 1);
    equal(seen.requests, 6);
  });
});

test('one that is cut is an error', async () => {
  const cut = (socket) => {
    socket.write(head());
    socket.end(bytes.subarray(1));
  };
  await serve(cut, async (url) => {
    const response = await fetch(url);
    await rejects(response.bytes());
  });
});

test('who wants to close, and who says too much, is asked nothing more', async () => {
  for (const [more, behind] of [
    ['connection: close\r\n', ''],
    ['', 'HTTP/1.1 500 No\r\n\r\n'],
  ]) {
    const answer = (socket) => socket.write(Buffer.concat([Buffer.from(head(more)), bytes, Buffer.from(behind)]));
    await serve(answer, async (url, seen) => {
      for (let round = 0; round < 2; round += 1) {
        const response = await fetch(url);
        equal(response.status, 200);
        ok(isWhole(await response.bytes()));
        await sleep(20);
      }
      equal(seen.connections, 2);
    });
  }
});

test('one that nobody reads any more ends its connection', async () => {
  const slowly = (socket) => {
    socket.write(head());
    socket.write(bytes.subarray(0, LENGTH / 2));
  };
  await serve(slowly, async (url, seen) => {
    const reader = (await fetch(url)).body.getReader();
    for (let read = 0; read < 400_000; ) read += (await reader.read()).value.length;
    await reader.cancel();
    while (seen.ended === 0) await sleep(1);
  });
});

await run();
