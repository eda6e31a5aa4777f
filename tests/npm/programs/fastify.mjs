// fastify, @fastify/cookie, @fastify/cors, @fastify/formbody, @fastify/multipart, @fastify/static, @fastify/swagger and @fastify/jwt do
// what they do on Node.
import Fastify from 'fastify';
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import formbody from '@fastify/formbody';
import multipart from '@fastify/multipart';
import stat from '@fastify/static';
import swagger from '@fastify/swagger';
import jwt from '@fastify/jwt';
const app = Fastify({ logger: { level: 'error', stream: { write: (s) => console.log('log', JSON.parse(s).msg) } } });
await app.register(swagger, { openapi: { info: { title: 't', version: '1' } } });
await app.register(cookie, { secret: 's' });
await app.register(cors, { origin: true });
await app.register(formbody);
await app.register(multipart);
await app.register(jwt, { secret: 'x' });
await app.register(stat, { root: import.meta.dirname, prefix: '/pub/' });
app.addHook('onRequest', async (q) => {
  q.t = 1;
});
app.get(
  '/u/:id',
  {
    schema: {
      params: { type: 'object', properties: { id: { type: 'integer' } } },
      response: { 200: { type: 'object', properties: { id: { type: 'number' } } } },
    },
  },
  async (q, r) => {
    r.setCookie('a', 'b', { signed: true });
    return { id: q.params.id, hidden: 1 };
  },
);
app.post('/up', async (q) => {
  const d = await q.file();
  return { n: d.filename, s: (await d.toBuffer()).toString() };
});
app.post('/f', async (q) => q.body);
app.get('/err', async () => {
  throw new Error('bad');
});
app.get('/tok', async () => app.jwt.verify(app.jwt.sign({ a: 1 })).a);
for (const o of [
  { url: '/u/5' },
  { url: '/u/x' },
  { method: 'POST', url: '/f', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'a=1&b=2' },
  {
    method: 'POST',
    url: '/up',
    headers: { 'content-type': 'multipart/form-data; boundary=B' },
    payload: '--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B--\r\n',
  },
  { url: '/err' },
  { url: '/tok' },
  { url: '/nope' },
  { method: 'OPTIONS', url: '/u/5', headers: { origin: 'http://a', 'access-control-request-method': 'GET' } },
]) {
  const r = await app.inject(o);
  console.log(r.statusCode, r.payload, r.headers['set-cookie'], r.headers['access-control-allow-origin']);
}
const r = await app.inject('/pub/nedb.cjs');
console.log(r.statusCode, r.headers['content-type'], r.payload.length > 10);
console.log(Object.keys(app.swagger().paths));
console.log(app.printRoutes());
await app.close();
