// What the programs share: where the servers are, and asking for one to be stopped and started.
//
// `SERVERS` is JSON in the environment, made by `cargo xtask test real`: for each server that runs its `host` and `port`, and `control`,
// where one line a connection is obeyed: `stop NAME`, `start NAME` or `restart NAME`.
import { once } from 'node:events';
import net from 'node:net';

export const servers = JSON.parse(process.env.SERVERS);

/** Has a server stopped, started or restarted, and waits until that is done. */
export async function control(action, name) {
  const socket = net.connect(servers.control.port, servers.control.host);
  socket.setEncoding('utf8');
  socket.end(`${action} ${name}\n`);
  let answer = '';
  socket.on('data', (text) => {
    answer += text;
  });
  await once(socket, 'close');
  if (answer !== 'done\n') throw new Error(`${action} ${name}: ${answer}`);
}

/** A port of loopback that nobody listens at. */
export async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** An error as text, without ports and other numbers that differ from run to run. */
export function told(error) {
  if (error instanceof AggregateError) return `${error.name} ${error.code}: ${error.errors.map(told).join('; ')}`;
  const message = String(error.message).replace(/:\d{4,5}\b/g, ':PORT');
  return `${error.name}${error.code === undefined ? '' : ` ${error.code}`}: ${message}`;
}

/** What a promise rejects with, as text. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return told(error);
  }
  return 'no error';
}

/** Waits until `condition` holds. */
export async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
