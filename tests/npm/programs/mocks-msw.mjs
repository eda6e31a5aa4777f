// msw in its form for Node: handlers in place of servers, for fetch and for node:http's clients.
import axios from 'axios';
import { HttpResponse, delay, http } from 'msw';
import { setupServer } from 'msw/node';

const server = setupServer(
  http.get('https://api.example.org/users/:id', ({ params, request }) =>
    HttpResponse.json({ id: params.id, sorted: new URL(request.url).searchParams.get('sort') }, { headers: { 'x-by': 'msw' } }),
  ),
  http.post('https://api.example.org/users', async ({ request }) => HttpResponse.json(await request.json(), { status: 201 })),
  http.get('https://api.example.org/slow', async () => {
    await delay(5);
    return new HttpResponse(null, { status: 503, statusText: 'Busy' });
  }),
  http.get('https://api.example.org/broken', () => HttpResponse.error()),
);
server.listen({ onUnhandledRequest: 'error' });

const user = await fetch('https://api.example.org/users/7?sort=name');
console.log(user.status, user.headers.get('x-by'), await user.json());
const made = await fetch('https://api.example.org/users', { method: 'POST', body: JSON.stringify({ name: 'new' }) });
console.log(made.status, await made.json());
const slow = await fetch('https://api.example.org/slow');
console.log(slow.status, slow.statusText);
await fetch('https://api.example.org/broken').catch((error) => console.log(error.name));
console.log((await axios.get('https://api.example.org/users/8')).data);

server.use(http.get('https://api.example.org/users/:id', () => HttpResponse.text('another', { status: 202 })));
console.log((await axios.get('https://api.example.org/users/8')).data);
server.resetHandlers();
console.log((await axios.get('https://api.example.org/users/8')).data);
server.close();
