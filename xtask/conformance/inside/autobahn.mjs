// The two ends that `cargo xtask conformance autobahn` looks at: a server that echoes, and a client that echoes in each case of the suite.
const [side, url, agent] = process.argv.slice(2);

/** Opens `address`, and gives what came once the connection has closed. */
function converse(address, onMessage) {
  return new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    let last;
    socket.onmessage = (event) => {
      last = event.data;
      onMessage?.(socket, event.data);
    };
    // Many cases end the connection by a fault of the other end.
    socket.onclose = () => resolve(last);
  });
}

if (side === 'server') {
  const server = twinloop.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response('WebSockets only', { status: 400 })),
    websocket: {
      maxPayloadLength: 64 * 1024 * 1024,
      perMessageDeflate: true,
      message: (socket, message) => socket.send(message),
    },
  });
  console.log(server.port);
} else {
  const count = Number(await converse(`${url}/getCaseCount`));
  for (let number = 1; number <= count; number += 1) {
    await converse(`${url}/runCase?case=${number}&agent=${agent}`, (socket, data) => socket.send(data));
  }
  await converse(`${url}/updateReports?agent=${agent}`);
}
