// The servers of `cargo xtask bench serve`: one script for all runtimes. `serve.mjs web` takes what the runtime has for Requests and Responses, `serve.mjs node`
// takes node:http, `http2` takes node:http2, `express` the framework from the packages of tests/npm. Prints the port; ends when its standard input does.
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const [kind, certificate] = process.argv.slice(2);
const tenKiB = 'x'.repeat(10 * 1024);
const tls = certificate === undefined ? {} : { cert: readFileSync(certificate, 'utf8'), key: readFileSync(certificate, 'utf8') };

const folder = mkdtempSync(join(tmpdir(), 'twinloop-bench-'));
const file = join(folder, 'file.txt');
writeFileSync(file, 'x'.repeat(100 * 1024));
// A longer one has no place on a disk.
if (process.env.FILE_BYTES !== undefined) truncateSync(file, Number(process.env.FILE_BYTES));

process.stdin.on('end', () => {
  rmSync(folder, { recursive: true });
  process.exit();
});
process.stdin.resume();

function pathOf(url) {
  const start = url.indexOf('/', 8);
  return url.slice(start);
}

/** A file as each runtime's users send one. @param {Request} request */
async function sendFile(request) {
  if (globalThis.Bun) return new Response(globalThis.Bun.file(file));
  if (globalThis.twinloop) return globalThis.twinloop.serveFile(request, file);
  const opened = await globalThis.Deno.open(file);
  const { size } = await opened.stat();
  return new Response(opened.readable, { headers: { 'content-type': 'text/plain', 'content-length': String(size) } });
}

/** @param {any} server What may upgrade a request (Bun and Twinloop). */
async function slow(request, server, path) {
  if (path === '/file') return sendFile(request);
  if (path === '/echo') return new Response(await request.arrayBuffer());
  if (path === '/ws' || path === '/room') {
    if (server?.upgrade !== undefined) return server.upgrade(request, { data: path }) ? undefined : new Response('', { status: 400 });
    const { socket, response } = globalThis.Deno.upgradeWebSocket(request);
    socket.binaryType = 'arraybuffer';
    if (path === '/room') {
      room.add(socket);
      socket.onclose = () => room.delete(socket);
      socket.onmessage = (event) => {
        for (const other of room) other.send(event.data);
      };
    } else socket.onmessage = (event) => socket.send(event.data);
    return response;
  }
  return new Response('', { status: 404 });
}
const room = new Set();

function handler(request, server) {
  const path = pathOf(request.url);
  if (path === '/') return Response.json({ hello: 'world' });
  if (path === '/10k') return new Response(tenKiB);
  return slow(request, server, path);
}

const websocket = {
  idleTimeout: 120,
  open(socket) {
    if (socket.data === '/room') socket.subscribe('room');
  },
  message(socket, message) {
    if (socket.data === '/room') running.publish('room', message);
    else socket.send(message);
  },
};

let running;
if (kind === 'web') {
  const options = { hostname: '127.0.0.1', port: 0, fetch: handler, websocket };
  if (globalThis.Bun) running = globalThis.Bun.serve({ ...options, ...(tls.cert && { tls }) });
  else if (globalThis.Deno) {
    const listening = { hostname: '127.0.0.1', port: 0, onListen() {}, ...tls };
    running = globalThis.Deno.serve(listening, (request) => handler(request, undefined));
  } else running = globalThis.twinloop.serve({ ...options, ...(tls.cert && { tls }) });
  console.log(running.port ?? running.addr.port);
} else if (kind === 'express') {
  const require = createRequire(new URL('../.cache/npm-programs/package.json', import.meta.url));
  const app = require('express')();
  app.get('/', (request, response) => response.json({ hello: 'world' }));
  const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
} else {
  const http = await import(kind === 'http2' ? 'node:http2' : tls.cert ? 'node:https' : 'node:http');
  const listener = (request, response) => {
    if (request.url === '/') {
      response.setHeader('content-type', 'application/json');
      response.end('{"hello":"world"}');
    } else if (request.url === '/10k') response.end(tenKiB);
    else if (request.url === '/file') {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': statSync(file).size });
      createReadStream(file).pipe(response);
    } else if (request.url === '/echo') {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => response.end(Buffer.concat(pieces)));
    } else response.writeHead(404).end();
  };
  const server = kind === 'http2' ? http.createSecureServer(tls, listener) : http.createServer(tls, listener);
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
