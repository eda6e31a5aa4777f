// h3 and itty-router do what they do on Node.
import * as h3 from 'h3';
import { AutoRouter, error, withParams } from 'itty-router';
const app = new h3.H3();
app.get('/u/:id', (e) => ({ id: h3.getRouterParam(e, 'id'), q: h3.getQuery(e) }));
app.post('/p', async (e) => await h3.readBody(e));
app.get('/e', () => {
  throw new h3.HTTPError({ status: 418, message: 'tea' });
});
for (const r of [
  ['/u/3?a=1'],
  ['/p', { method: 'POST', body: '{"x":1}', headers: { 'content-type': 'application/json' } }],
  ['/e'],
  ['/n'],
]) {
  const x = await app.request(...r);
  console.log(x.status, await x.text());
}
const it = AutoRouter();
it.get('/h/:n', withParams, ({ n }) => ({ n })).get('/er', () => error(400, 'bad'));
for (const p of ['/h/x', '/er', '/zz']) {
  const r = await it.fetch(new Request(`http://x${p}`));
  console.log(r.status, await r.text());
}
