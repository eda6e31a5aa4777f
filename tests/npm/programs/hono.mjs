import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { streamText } from 'hono/streaming';
import { html } from 'hono/html';
import { setCookie, getCookie } from 'hono/cookie';
import { validator } from 'hono/validator';
const app = new Hono();
app.use('*', cors());
app.get('/', (c) => c.text('hello'));
app.get('/json/:id', (c) => c.json({ id: c.req.param('id'), q: c.req.query('q') }));
app.get('/cookie', (c) => {
  setCookie(c, 'a', 'b');
  return c.text(getCookie(c, 'x') ?? 'none');
});
app.post('/form', async (c) => c.json(await c.req.parseBody()));
app.get('/stream', (c) =>
  streamText(c, async (s) => {
    for (let i = 0; i < 3; i++) {
      await s.writeln(String(i));
      await s.sleep(1);
    }
  }),
);
app.get('/html', (c) => c.html(html`<b>${'<x>'}</b>`));
app.post(
  '/v',
  validator('json', (v, c) => (v.a ? v : c.text('bad', 400))),
  (c) => c.json(c.req.valid('json')),
);
app.onError((e, c) => c.text(`error ${e.message}`, 500));
app.get('/boom', () => {
  throw new Error('boom');
});
for (const [url, init] of [
  ['/'],
  ['/json/7?q=1'],
  ['/cookie', { headers: { cookie: 'x=y' } }],
  ['/stream'],
  ['/html'],
  ['/boom'],
  ['/none'],
  ['/form', { method: 'POST', body: new URLSearchParams({ a: '1', b: '2' }) }],
  ['/v', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' }],
]) {
  const r = await app.request(url, init);
  console.log(url, r.status, r.headers.get('content-type'), r.headers.get('set-cookie'), JSON.stringify(await r.text()));
}
