// Servers: redis
// express with sessions that Redis keeps, cookies, forms, errors and a page that is streamed.
import http from 'node:http';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import { servers } from './harness.mjs';

const client = createClient({ url: `redis://${servers.redis.host}:${servers.redis.port}/4` });
await client.connect();
await client.flushDb();
const app = express();
app.set('trust proxy', 1);
app.use(express.urlencoded({ extended: true }), express.json());
app.use(
  session({
    store: new RedisStore({ client, prefix: 's:', ttl: 60 }),
    secret: ['new', 'old'],
    name: 'sid',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 60_000, sameSite: 'lax', secure: 'auto' },
  }),
);
app.post('/sign-in', (request, response, next) => {
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.name = request.body.name;
    request.session.visits = 0;
    response.redirect(303, '/me');
  });
});
app.get('/me', (request, response) => {
  if (!request.session.name) return response.status(401).json({ error: 'who are you?' });
  request.session.visits += 1;
  response.json({ name: request.session.name, visits: request.session.visits });
});
app.get('/stream', (request, response) => {
  response.type('text');
  for (let n = 0; n < 5; n++) response.write(`${request.session.name} ${n}\n`);
  response.end();
});
app.post('/sign-out', (request, response, next) =>
  request.session.destroy((error) => (error ? next(error) : response.clearCookie('sid').sendStatus(204))),
);
app.get('/fails', async () => {
  throw Object.assign(new Error('it fails'), { status: 418 });
});
app.use((error, _request, response, _next) => response.status(error.status ?? 500).json({ error: error.message }));
const server = http.createServer(app).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
let cookie = '';
const ask = async (method, path, body) => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    method,
    redirect: 'manual',
    body: body && new URLSearchParams(body),
    headers: cookie ? { cookie, 'x-forwarded-proto': 'https' } : {},
  });
  const [set] = response.headers.getSetCookie();
  if (set) cookie = set.split(';')[0];
  const parts = set?.replace(/=s%3A[^;]*/, '=...').replace(/Expires=[^;]*/, 'Expires=...');
  console.log(method, path, response.status, response.headers.get('location'), parts, await response.text());
};
await ask('GET', '/me');
await ask('POST', '/sign-in', { name: 'Zoë' });
await ask('GET', '/me');
await ask('GET', '/me');
await ask('GET', '/stream');
const [key] = await client.keys('s:*');
console.log(Object.keys(JSON.parse(await client.get(key))), (await client.ttl(key)) > 50);
const kept = cookie;
cookie = cookie.slice(0, -3);
await ask('GET', '/me');
cookie = kept;
await ask('POST', '/sign-out');
cookie = kept;
await ask('GET', '/me');
await ask('GET', '/fails');
console.log(await client.dbSize());
server.close();
await client.close();
