// JavaScript that imports Python: Python's client asks a server of Node's, and Python's library counts what came.
import { once } from 'node:events';
import { createServer } from 'node:http';
import statistics from 'python:statistics';
import twinloop from 'python:twinloop';

const server = createServer((_, response) => response.end('[40, 42, 44]')).listen(0, 'localhost');
await once(server, 'listening');
const answer = await twinloop.fetch(`http://localhost:${server.address().port}/`);
console.log('/both', statistics.mean(await answer.json()));
server.close();
