import ky from 'ky';
const api = ky.create({
  fetch: async (request) =>
    new Response(JSON.stringify({ url: request.url, method: request.method, body: await request.text() }), {
      status: request.url.endsWith('bad') ? 500 : 200,
    }),
  retry: 0,
});
console.log(await api.post('http://h/p', { json: { a: 1 } }).json());
console.log(await api.get('http://h/bad').catch((e) => [e.name, e.message]));
