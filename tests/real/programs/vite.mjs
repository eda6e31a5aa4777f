// Vite with its React plugin: the development server transforms a page and tells of changes, `build` bundles it, Vitest runs a suite.
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import react from '@vitejs/plugin-react';
import { build, createServer } from 'vite';
import { startVitest } from 'vitest/node';
import WebSocket from 'ws';
import { closedPort, until } from './harness.mjs';

const root = path.join(import.meta.dirname, 'vite-app');
const options = { root, configFile: false, logLevel: 'silent', plugins: [react()] };
const server = await createServer({ ...options, server: { host: '127.0.0.1', port: await closedPort() } });
await server.listen();
const url = `http://127.0.0.1:${server.config.server.port}`;
const get = async (place) => {
  const response = await fetch(url + place);
  return [response.status, response.headers.get('content-type'), await response.text()];
};
const page = await get('/');
console.log(page[0], page[1], page[2].includes('/@vite/client'), page[2].includes('/src/main.jsx'));
const main = await get('/src/main.jsx');
console.log(main[0], main[1], /jsxDEV|jsx/.test(main[2]), main[2].includes('/src/App.jsx'));
const optimised = main[2].match(/"([^"]*react-dom_client[^"]*)"/)?.[1];
const library = await get(optimised);
console.log(library[0], library[1], library[2].length > 100_000);
console.log((await get('/src/label.ts'))[2].split('\n')[0]);
console.log((await get('/src/style.css'))[2].includes('color: red'), (await get('/@vite/client'))[0]);

const client = await get('/@vite/client');
const token = client[2].match(/wsToken = "([^"]*)"/)[1];
const socket = new WebSocket(`${url.replace('http', 'ws')}/?token=${token}`, 'vite-hmr');
const messages = [];
socket.on('message', (text) => messages.push(JSON.parse(text)));
await once(socket, 'message');
console.log(messages[0]);
const file = path.join(root, 'src/label.ts');
const source = await fs.readFile(file, 'utf8');
await fs.writeFile(file, source.replace('}: ', '} - '));
await until(() => messages.some((message) => message.type === 'update'));
const update = messages.find((message) => message.type === 'update').updates[0];
console.log(update.type, update.path, (await get('/src/label.ts'))[2].includes('} - '));
await fs.writeFile(file, source);
console.log((await server.ssrLoadModule('/src/label.ts')).label('ssr', 3));
socket.close();
await server.close();

const built = await build(options);
console.log(built.output.map((item) => `${item.type} ${path.extname(item.fileName)}`).sort());
const script = built.output.find((item) => item.type === 'chunk');
console.log(
  script.code.length > 100_000,
  script.code.includes('createRoot'),
  (await fs.readFile(path.join(root, 'dist/index.html'), 'utf8')).includes('assets/index-'),
);
console.log(
  await build({ ...options, build: { rollupOptions: { input: path.join(root, 'src/none.js') } } }).catch((error) =>
    error.message.includes('none.js'),
  ),
);

const vitest = await startVitest('test', [], { root, watch: false, reporters: [{}], config: false, pool: 'threads' });
const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
console.log(tests.map((test) => `${test.fullName}: ${test.result().state}`));
await vitest.close();
process.exit(0);
