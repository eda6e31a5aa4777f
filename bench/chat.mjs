// The chats of `cargo xtask bench chat`: `chat.mjs rooms` is examples/apps/chat as it is, on Twinloop and on Bun, whose servers have one interface;
// `chat.mjs socket.io` is what people write with socket.io (from the packages of tests/mixed), on Node and on Twinloop. Each stores a message in SQLite, then tells its
// sender and the room. Prints the port; ends when its standard input does.
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { openStore } from '../examples/apps/chat/store.js';

const [kind] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'twinloop-bench-'));
process.stdin.on('end', () => {
  rmSync(folder, { recursive: true });
  process.exit();
});
process.stdin.resume();

const store = await openStore(join(folder, 'chat.sqlite'));
if (kind === 'rooms') {
  const { makeChat } = await import('../examples/apps/chat/rooms.js');
  const { serve } = globalThis.Bun ?? globalThis.twinloop;
  console.log(serve({ ...(await makeChat({ store })), hostname: '127.0.0.1', port: 0 }).port);
} else {
  const require = createRequire(new URL('../.cache/mixed/package.json', import.meta.url));
  const { Server } = require('socket.io');
  const server = http.createServer();
  const chat = new Server(server, { transports: ['websocket'], serveClient: false });
  chat.on('connection', (socket) => {
    socket.join('lobby');
    socket.on('say', async ({ say, id }) => {
      const message = await store.add('lobby', socket.id, id, say);
      socket.emit('stored', { stored: id, number: message.number });
      chat.to('lobby').emit('message', { message });
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
