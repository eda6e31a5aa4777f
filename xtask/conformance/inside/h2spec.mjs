// The servers that `cargo xtask conformance h2spec` looks at; each prints its port.
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';

const [side, file] = process.argv.slice(2);
const pem = readFileSync(file, 'utf8');
const text = 'hello '.repeat(20);

if (side === 'node') {
  const server = createSecureServer({ cert: pem, key: pem }, (request, response) => request.resume().on('end', () => response.end(text)));
  // What the suite does wrong is not the server's to tell of.
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
} else {
  const server = twinloop.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: side === 'tls' ? { cert: pem, key: pem } : undefined,
    // Most cases break off in the middle of a body.
    fetch: (request) => request.arrayBuffer().then(() => new Response(text)),
  });
  console.log(server.port);
}
