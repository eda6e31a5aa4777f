// @hapi/hapi and joi do what they do on Node.
const Hapi = require('@hapi/hapi');
const Joi = require('joi');
(async () => {
  const s = Hapi.server({ port: 0 });
  s.route([
    {
      method: 'GET',
      path: '/u/{id}',
      handler: (r, h) => h.response({ id: r.params.id }).code(201).header('x', 'y').state('c', 'v'),
      options: { validate: { params: Joi.object({ id: Joi.number() }) } },
    },
    { method: 'POST', path: '/p', handler: (r) => r.payload },
    {
      method: 'GET',
      path: '/e',
      handler: () => {
        throw new Error('x');
      },
    },
  ]);
  s.ext('onPreResponse', (_r, h) => h.continue);
  s.method('add', (a, b) => a + b, { cache: { expiresIn: 2000, generateTimeout: 100 }, generateKey: (a, b) => `${a}:${b}` });
  await s.initialize();
  console.log(await s.methods.add(1, 2));
  for (const o of [{ url: '/u/5' }, { url: '/u/x' }, { method: 'POST', url: '/p', payload: { z: 1 } }, { url: '/e' }, { url: '/no' }]) {
    const r = await s.inject(o);
    console.log(r.statusCode, r.payload, r.headers['set-cookie']);
  }
  await s.stop();
})();
