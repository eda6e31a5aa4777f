// A program in TypeScript that needs nothing but the command: a server of Node's that fetch asks, a time zone, and whom TLS trusts.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rootCertificates } from 'node:tls';

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ path: request.url }));
});
await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
const { port } = server.address() as AddressInfo;
const answer = await fetch(`http://localhost:${port}/javascript`);
const { path }: { path: string } = await answer.json();
server.close();
const noon = new Date(Date.UTC(2026, 0, 1, 12));
const time = noon.toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' });
console.log(path, time, rootCertificates.length > 0 ? 'trusts' : 'trusts nobody');
