// `node:cluster` and handles over the channel of children: workers that share what they listen at, load, death and restart, graceful reloads,
// sockets that go to another process. Each test is a program of its own, as a cluster is one. Node can run it too, but for the
// worker that dies: what it was sent and did not take is lost there.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, run, equal, ok, deepEqual } from '../harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** Runs a program; what it printed, each line as JSON. */
async function lines(code, environment = {}) {
  count += 1;
  const path = join(folder, `program${count}.cjs`);
  writeFileSync(path, `'use strict';\nconst print = (value) => console.log(JSON.stringify(value));\n${code}`);
  const child = spawn(process.execPath, [path], { env: { ...process.env, ...environment } });
  let out = '';
  let err = '';
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  clearTimeout(watchdog);
  equal(`${status} ${err.slice(0, 800)}`, '0 ');
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** What the primaries of these tests do: a request, and a port that is free now. */
const client = `
const http = require('node:http');
const free = () => new Promise((resolve) => {
  const server = http.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const get = (port, agent) => new Promise((resolve, reject) => {
  http.get({ port, host: '127.0.0.1', agent }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
  }).on('error', reject);
});
`;

test('two workers share a port under load, each with its part of the connections', async () => {
  const [counts, order] = await lines(`
    const cluster = require('node:cluster');
    ${client}
    if (cluster.isPrimary) {
      const order = [];
      cluster.on('fork', (worker) => order.push('fork ' + worker.id));
      cluster.on('online', (worker) => worker.id === 1 && order.push('online'));
      let listening = 0;
      cluster.on('listening', async (worker, address) => {
        if (worker.id === 1) order.push('listening', address.addressType, address.address);
        listening += 1;
        if (listening < 2) return;
        const counts = {};
        await Promise.all(Array.from({ length: 40 }, async () => {
          for (let index = 0; index < 5; index += 1) {
            const text = await get(address.port, false);
            counts[text] = (counts[text] ?? 0) + 1;
          }
        }));
        print(counts);
        cluster.disconnect(() => print(order));
      });
      cluster.fork();
      cluster.fork();
    } else http.createServer((request, response) => response.end('worker ' + cluster.worker.id)).listen(0, '127.0.0.1');
  `);
  equal(counts['worker 1'] + counts['worker 2'], 200);
  // Who is free is asked, so the quicker one has more.
  ok(counts['worker 1'] > 10 && counts['worker 2'] > 10, JSON.stringify(counts));
  deepEqual(order, ['fork 1', 'fork 2', 'online', 'listening', 4, '127.0.0.1']);
});

test('without a schedule the workers accept themselves, and every request is answered', async () => {
  const [total] = await lines(
    `
    const cluster = require('node:cluster');
    ${client}
    if (cluster.isPrimary) {
      let listening = 0;
      cluster.on('listening', async (worker, address) => {
        listening += 1;
        if (listening < 2) return;
        const texts = await Promise.all(Array.from({ length: 60 }, () => get(address.port, false)));
        print(texts.filter((text) => /^worker [12]$/.test(text)).length);
        cluster.disconnect();
      });
      if (cluster.schedulingPolicy !== cluster.SCHED_NONE) throw new Error('the environment was not read');
      cluster.fork();
      cluster.fork();
    } else http.createServer((request, response) => response.end('worker ' + cluster.worker.id)).listen(0, '127.0.0.1');
  `,
    { NODE_CLUSTER_SCHED_POLICY: 'none' },
  );
  equal(total, 60);
});

test('a worker that dies is replaced, and no request is lost but the one that it died of', async () => {
  const results = await lines(`
    const cluster = require('node:cluster');
    ${client}
    const main = async () => {
      const port = await free();
      let died;
      cluster.on('exit', (worker, code) => {
        if (worker.exitedAfterDisconnect) return;
        print({ code });
        cluster.fork({ PORT: String(port) });
        died();
      });
      let listening = 0;
      cluster.on('listening', async () => {
        listening += 1;
        if (listening !== 2) return;
        const death = new Promise((resolve) => (died = resolve));
        const crash = http.get({ port, host: '127.0.0.1', path: '/crash', agent: false });
        crash.on('error', (error) => print({ crash: error.code }));
        const others = await Promise.allSettled(Array.from({ length: 50 }, () => get(port, false)));
        await death;
        const later = await Promise.allSettled(Array.from({ length: 20 }, () => get(port, false)));
        print({ lost: [...others, ...later].filter((each) => each.status === 'rejected').length });
        cluster.disconnect();
      });
      cluster.fork({ PORT: String(port) });
      cluster.fork({ PORT: String(port) });
    };
    if (cluster.isPrimary) main();
    else {
      http.createServer((request, response) => {
        if (request.url === '/crash') process.exit(7);
        response.end('ok');
      }).listen(Number(process.env.PORT), '127.0.0.1');
    }
  `);
  deepEqual(
    results.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    [{ code: 7 }, { crash: 'ECONNRESET' }, { lost: 0 }],
  );
});

test('a graceful reload: new workers first, then the old ones finish what they have', async () => {
  const [result] = await lines(`
    const cluster = require('node:cluster');
    ${client}
    if (cluster.isPrimary) {
      (async () => {
        const port = await free();
        const start = () => new Promise((resolve) => {
          const worker = cluster.fork({ PORT: String(port) });
          worker.once('listening', () => resolve(worker));
        });
        const old = [await start(), await start()];
        let isOver = false;
        const texts = [];
        const load = Promise.all(Array.from({ length: 8 }, async () => {
          while (!isOver) texts.push(await get(port, false));
        }));
        for (const worker of old) {
          await start();
          const exit = new Promise((resolve) => worker.once('exit', (code) => resolve(code)));
          worker.disconnect();
          if ((await exit) !== 0) throw new Error('it did not end well');
        }
        await Promise.all([get(port, false), get(port, false)]);
        isOver = true;
        await load;
        print({ answered: texts.length > 8, strange: texts.filter((text) => text !== 'done').length, workers: Object.keys(cluster.workers) });
        cluster.disconnect();
      })();
    } else {
      http.createServer((request, response) => setTimeout(() => response.end('done'), 5)).listen(Number(process.env.PORT), '127.0.0.1');
    }
  `);
  deepEqual(result, { answered: true, strange: 0, workers: ['3', '4'] });
});

test('workers share UDP and local paths; exclusive ones are their own', async () => {
  const [result] = await lines(`
    const cluster = require('node:cluster');
    const dgram = require('node:dgram');
    const net = require('node:net');
    const path = ${JSON.stringify(join(folder, 'shared.sock'))};
    if (cluster.isPrimary) {
      const seen = {};
      const answers = [];
      for (let index = 0; index < 2; index += 1) {
        cluster.fork().on('message', async (message) => {
          answers.push(message);
          if (answers.length < 2) return;
          seen.sharedUdp = answers[0].udp === answers[1].udp;
          seen.ownTcp = answers[0].tcp !== answers[1].tcp;
          const client = dgram.createSocket('udp4');
          client.send('x', answers[0].udp, '127.0.0.1');
          seen.answer = await new Promise((resolve) => client.on('message', (text) => resolve(String(text))));
          client.close();
          seen.local = await new Promise((resolve) => net.connect(path).on('data', (data) => resolve(String(data))));
          print(seen);
          cluster.disconnect();
        });
      }
    } else {
      const socket = dgram.createSocket('udp4', (message, sender) => socket.send('got ' + message, sender.port, sender.address));
      const local = net.createServer((connection) => connection.end('local'));
      const own = net.createServer();
      socket.bind(0, '127.0.0.1', () => local.listen(path, () => own.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
        process.send({ udp: socket.address().port, tcp: own.address().port });
        own.unref();
      })));
    }
  `);
  deepEqual(result, { sharedUdp: true, ownTcp: true, answer: 'got x', local: 'local' });
});

test('settings, errors of listening, messages, and the ways to end', async () => {
  const printed = await lines(`
    const cluster = require('node:cluster');
    const net = require('node:net');
    if (cluster.isPrimary) {
      cluster.setupPrimary({ args: ['one', 'two'], silent: false });
      cluster.once('setup', (settings) => print(['setup', settings.args]));
      const taken = net.createServer().listen(0, '127.0.0.1', () => {
        const worker = cluster.fork({ PORT: String(taken.address().port) });
        worker.on('message', (message) => {
          print(message);
          if (message[0] === 'ready') worker.send('end yourself');
        });
        worker.on('exit', (code, signal) => {
          print(['exit', code, signal, worker.exitedAfterDisconnect, worker.isDead(), worker.isConnected()]);
          const second = cluster.fork({ PORT: '0' });
          second.on('message', (message) => {
            print(message);
            second.kill();
          });
          second.on('exit', (code, signal) => {
            print(['killed', code, signal, second.exitedAfterDisconnect]);
            taken.close();
          });
        });
      });
    } else {
      process.send(['arguments', process.argv.slice(2), cluster.isWorker, process.env.NODE_UNIQUE_ID ?? null]);
      const server = net.createServer();
      server.on('error', (error) => {
        process.send(['ready', error.code, error.syscall]);
        process.on('message', () => cluster.worker.kill());
      });
      server.listen(Number(process.env.PORT), '127.0.0.1');
    }
  `);
  deepEqual(printed, [
    ['setup', ['one', 'two']],
    ['arguments', ['one', 'two'], true, null],
    ['ready', 'EADDRINUSE', 'bind'],
    ['exit', 0, null, true, true, false],
    ['arguments', ['one', 'two'], true, null],
    ['killed', null, 'SIGTERM', false],
  ]);
});

test('sockets and servers go to a child, which is counted and waited for', async () => {
  const printed = await lines(`
    const { fork } = require('node:child_process');
    const dgram = require('node:dgram');
    const net = require('node:net');
    if (process.argv[2] === 'child') {
      process.on('message', (message, handle) => {
        if (message === 'socket') handle.end('from the child');
        else if (message === 'keep') process.once('message', () => handle.end('kept'));
        else if (message === 'server') handle.on('connection', (socket) => socket.end('its own'));
        else if (message === 'datagrams') handle.on('message', (text, sender) => handle.send('child got ' + text, sender.port, sender.address));
        if (handle !== undefined) process.send(message);
      });
    } else {
      const child = fork(__filename, ['child']);
      const heard = (wanted) => new Promise((resolve) => {
        const listener = (message) => {
          if (message !== wanted) return;
          child.off('message', listener);
          resolve();
        };
        child.on('message', listener);
      });
      const read = (port) => new Promise((resolve) => {
        let text = '';
        net.connect(port, '127.0.0.1').on('data', (data) => (text += data)).on('close', () => resolve(text));
      });
      (async () => {
        let next = 'socket';
        const server = net.createServer({ pauseOnConnect: true }, (socket) => child.send(next, socket));
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address();
        print(await read(port));
        next = 'keep';
        const kept = read(port);
        await heard('keep');
        print(await new Promise((resolve) => server.getConnections((error, count) => resolve([error, count]))));
        let isClosed = false;
        const closed = new Promise((resolve) => server.close(() => resolve((isClosed = true))));
        await new Promise((resolve) => setTimeout(resolve, 20));
        print(['waits', !isClosed]);
        child.send('now');
        print(await kept);
        await closed;
        const other = net.createServer();
        await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
        const arrived = heard('server');
        child.send('server', other);
        await arrived;
        const otherPort = other.address().port;
        other.close();
        print(await read(otherPort));
        const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
        await new Promise((resolve) => socket.on('listening', resolve));
        const there = heard('datagrams');
        child.send('datagrams', socket);
        await there;
        const { port: udpPort } = socket.address();
        socket.close();
        const client = dgram.createSocket('udp4');
        client.send('x', udpPort, '127.0.0.1');
        print(await new Promise((resolve) => client.on('message', (text) => resolve(String(text)))));
        client.close();
        try {
          child.send('x', {});
        } catch (error) {
          print(error.code);
        }
        child.kill();
      })();
    }
  `);
  deepEqual(printed, ['from the child', [null, 1], ['waits', true], 'kept', 'its own', 'child got x', 'ERR_INVALID_HANDLE_TYPE']);
});

test('many messages and large ones keep their order, with handles between them', async () => {
  const [result] = await lines(`
    const { fork } = require('node:child_process');
    const net = require('node:net');
    if (process.argv[2] === 'child') {
      process.on('message', (message, handle) => {
        process.send([message.number, message.text.length, handle !== undefined]);
        handle?.close();
        if (message.number === 59) process.disconnect();
      });
    } else {
      const child = fork(__filename, ['child']);
      const got = [];
      child.on('message', (message) => got.push(message));
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        for (let number = 0; number < 60; number += 1) {
          child.send({ number, text: 'x'.repeat(number * 5000) }, number % 7 === 3 ? server : undefined);
        }
      });
      child.on('disconnect', () => {
        server.close();
        print(got.every(([number, length, has], index) => number === index && length === index * 5000 && has === (index % 7 === 3)) && got.length);
      });
    }
  `);
  equal(result, 60);
});

await run();
