// Servers: postgresql
// fastify with tokens, WebSockets, schemas and pg.
import { once } from 'node:events';
import jwt from '@fastify/jwt';
import websocket from '@fastify/websocket';
import fastify from 'fastify';
import pg from 'pg';
import WebSocket from 'ws';
import { servers } from './harness.mjs';

const pool = new pg.Pool({ ...servers.postgresql, user: 'postgres', database: 'postgres' });
await pool.query('DROP TABLE IF EXISTS accounts');
await pool.query('CREATE TABLE accounts (name text PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))');
const app = fastify({ logger: false });
await app.register(jwt, { secret: 'a secret that is long enough for HS256' });
await app.register(websocket);
app.decorate('signedIn', async (request, reply) => {
  try {
    await request.jwtVerify();
  } catch (error) {
    reply.code(401).send({ code: error.code });
  }
});
app.post(
  '/sign-in',
  { schema: { body: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 2 } } } } },
  async (request) => {
    await pool.query('INSERT INTO accounts VALUES ($1, 100) ON CONFLICT DO NOTHING', [request.body.name]);
    return { token: app.jwt.sign({ name: request.body.name }) };
  },
);
app.get(
  '/balance',
  {
    onRequest: [app.signedIn],
    schema: { response: { 200: { type: 'object', properties: { name: { type: 'string' }, balance: { type: 'integer' } } } } },
  },
  async (request) => (await pool.query('SELECT * FROM accounts WHERE name = $1', [request.user.name])).rows[0],
);
app.post('/pay', { onRequest: [app.signedIn] }, async (request, reply) => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('UPDATE accounts SET balance = balance + $1 WHERE name = $2', [request.body.amount, request.body.to]);
    await client.query('UPDATE accounts SET balance = balance - $1 WHERE name = $2', [request.body.amount, request.user.name]);
    await client.query('COMMIT');
    return { paid: request.body.amount };
  } catch (error) {
    await client.query('ROLLBACK');
    return reply.code(409).send({ constraint: error.constraint });
  } finally {
    client.release();
  }
});
app.get(
  '/live',
  {
    websocket: true,
    preValidation: async (request) => {
      request.who = app.jwt.verify(request.query.token).name;
    },
  },
  (socket, request) => {
    socket.send(`hello ${request.who}`);
    socket.on('message', async (message, isBinary) => {
      if (isBinary) socket.send(message);
      else socket.send(JSON.stringify((await pool.query('SELECT balance FROM accounts WHERE name = $1', [String(message)])).rows));
    });
  },
);
const url = await app.listen({ port: 0, host: '127.0.0.1' });
const ask = async (method, path, body, token) => {
  const response = await fetch(url + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) },
  });
  return [response.status, await response.json()];
};
const tokens = [];
for (const name of ['ada', 'bob']) tokens.push((await ask('POST', '/sign-in', { name }))[1].token);
console.log(
  tokens.map((token) => token.split('.').length),
  JSON.stringify(await ask('POST', '/sign-in', { name: 'x' })),
);
console.log(
  await ask('GET', '/balance', undefined, tokens[0]),
  await ask('GET', '/balance'),
  await ask('GET', '/balance', undefined, `${tokens[0]}x`),
);
console.log(
  await ask('POST', '/pay', { amount: 30, to: 'bob' }, tokens[0]),
  await ask('POST', '/pay', { amount: 300, to: 'bob' }, tokens[0]),
);
console.log(
  await Promise.all(Array.from({ length: 20 }, () => ask('POST', '/pay', { amount: 1, to: 'ada' }, tokens[1]))).then(
    (all) => all.filter(([status]) => status === 200).length,
  ),
);
const socket = new WebSocket(`${url.replace('http', 'ws')}/live?token=${tokens[0]}`);
const said = [];
socket.on('message', (data, isBinary) => said.push(isBinary ? data.length : String(data)));
await once(socket, 'message');
socket.send('ada');
await once(socket, 'message');
socket.send(Buffer.alloc(100_000));
await once(socket, 'message');
console.log(said);
socket.close(4000, 'bye');
console.log(await once(socket, 'close').then(([code, reason]) => [code, String(reason)]));
const stranger = new WebSocket(`${url.replace('http', 'ws')}/live?token=wrong`);
console.log(await once(stranger, 'error').then(([error]) => error.message));
console.log(
  (await ask('GET', '/nowhere'))[0],
  await app.inject({ method: 'GET', url: '/balance' }).then((response) => response.statusCode),
);
await app.close();
await pool.end();
