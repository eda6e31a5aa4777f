// What a Worker runs, and a process: it computes the pieces that it is sent.
import { parentPort } from 'node:worker_threads';
import { rows } from './job.mjs';

if (parentPort) parentPort.on('message', (piece) => parentPort.postMessage(rows(...piece)));
else process.on('message', (piece) => process.send(rows(...piece)));
