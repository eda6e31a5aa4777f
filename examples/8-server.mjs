// A server and its clients in one program: JSON, a stream, and a room in which everybody hears everybody. A file that exports
// `{ fetch, websocket }` is served by `twinloop serve FILE`.
const server = twinloop.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/hello/:name': (request) => Response.json({ hello: request.params.name }),
    '/count': () => new Response(ReadableStream.from(['1 ', '2 ', '3']).pipeThrough(new TextEncoderStream())),
    '/room': (request, self) => (self.upgrade(request) ? undefined : new Response('a WebSocket, please', { status: 426 })),
  },
  websocket: {
    open: (socket) => socket.subscribe('room'),
    message: (_socket, message) => void server.publish('room', message),
  },
});

const base = `http://127.0.0.1:${server.port}`;
console.log(await (await fetch(`${base}/hello/world`)).json());
console.log(await (await fetch(`${base}/count`)).text());
console.log((await fetch(`${base}/room`)).status);

const event = (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
const [first, second] = [1, 2].map(() => new WebSocket(`${base.replace('http', 'ws')}/room`));
await Promise.all([event(first, 'open'), event(second, 'open')]);
const heard = Promise.all([event(first, 'message'), event(second, 'message')]);
first.send('to everybody');
console.log((await heard).map(({ data }) => data));

first.close();
second.close();
await server.stop();
console.log('stopped');
