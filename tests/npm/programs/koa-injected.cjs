// koa, @koa/router, koa-bodyparser and light-my-request do what they do on Node.
const Koa = require('koa');
const Router = require('@koa/router');
const bp = require('koa-bodyparser');
const inject = require('light-my-request');
const R = Router.default || Router;
const app = new Koa();
app.silent = true;
app.keys = ['k'];
app.use(async (c, n) => {
  try {
    await n();
  } catch (e) {
    c.status = e.status || 500;
    c.body = { e: e.message };
  }
  c.set('X-T', '1');
});
app.use((bp.default || bp.bodyParser || bp)());
const r = new R({ prefix: '/api' });
r.get('u', '/u/:id', (c) => {
  c.cookies.set('a', 'b', { signed: true });
  c.body = c.params;
})
  .post('/p', (c) => {
    c.body = c.request.body;
  })
  .get('/s', (c) => {
    c.type = 'txt';
    c.body = require('node:stream').Readable.from(['st', 'ream']);
  })
  .get('/t', (c) => c.throw(403, 'no'));
app.use(r.routes()).use(r.allowedMethods());
(async () => {
  const h = app.callback();
  for (const o of [
    { url: '/api/u/3' },
    { method: 'POST', url: '/api/p', payload: { a: [1] } },
    { url: '/api/s' },
    { url: '/api/t' },
    { method: 'DELETE', url: '/api/p' },
    { url: '/' },
  ]) {
    const x = await inject(h, o);
    console.log(x.statusCode, x.payload, x.headers['set-cookie'], x.headers.allow);
  }
  console.log(r.url('u', 3));
})();
