// `node:tls`: secure servers and sockets, over sockets and over streams, who is trusted, and what a peer may do wrong. Node can run it too.
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';
import { authority, certificate, local } from './certificates.mjs';

const isTwinloop = process.versions.twinloop !== undefined;

/** A server on a free port of this machine, and what closes it with its connections. */
async function listening(options, listener) {
  const connections = new Set();
  const server = tls.createServer({ key: local.key, cert: local.cert, ...options }, listener);
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  server.on('secureConnection', (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const socket of connections) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { server, port: server.address().port, close };
}

/** A connection to such a server, whose root is trusted. */
const connect = (port, options = {}) => tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert, ...options });

async function text(stream) {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}

/** The error that ends a connection. */
async function failure(socket) {
  const [error] = await once(socket, 'error');
  return error;
}

test('bytes go there and back, and both ends know of each other', async () => {
  const { server, port, close } = await listening({ ALPNProtocols: ['b', 'a'] }, (socket) => socket.pipe(socket));
  const client = connect(port, { ALPNProtocols: ['a', 'b'] });
  const [[accepted]] = await Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
  // The server's order counts.
  equal(client.alpnProtocol, 'b');
  equal(accepted.alpnProtocol, 'b');
  equal(accepted.servername, 'localhost');
  equal(client.getProtocol(), 'TLSv1.3');
  equal(client.authorized, true);
  equal(client.encrypted, true);
  equal(client.getPeerCertificate().subject.CN, 'localhost');
  equal(client.getPeerCertificate(true).issuerCertificate.subject.CN, 'Test Root');
  equal(accepted.getCertificate().subject.CN, 'localhost');
  ok(client.getCipher().name.startsWith('TLS_'));
  ok(client.getFinished().equals(accepted.getPeerFinished()));
  const label = 'EXPORTER-test';
  ok(client.exportKeyingMaterial(32, label).equals(accepted.exportKeyingMaterial(32, label)));
  client.end('hello');
  equal(await text(client), 'hello');
  await close();
});

test('much is written before the handshake, and arrives whole', async () => {
  const { port, close } = await listening({}, (socket) => socket.pipe(socket));
  const client = connect(port);
  const sent = Buffer.alloc(3_000_000, 'x');
  client.end(sent);
  let length = 0;
  for await (const chunk of client) length += chunk.length;
  equal(length, sent.length);
  await close();
});

test('a socket that is connected becomes secure, as STARTTLS has it', async () => {
  const { port, close } = await (async () => {
    const server = net.createServer((socket) => {
      socket.write('220 ready\n');
      socket.once('data', () => {
        socket.write('220 go\n');
        const secure = new tls.TLSSocket(socket, { isServer: true, key: local.key, cert: local.cert });
        secure.on('data', (data) => secure.end(`secure ${data}`));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: server.address().port, close: () => server.close() };
  })();
  const plain = net.connect(port, '127.0.0.1');
  equal(`${(await once(plain, 'data'))[0]}`, '220 ready\n');
  plain.write('STARTTLS\n');
  equal(`${(await once(plain, 'data'))[0]}`, '220 go\n');
  const secure = tls.connect({ socket: plain, servername: 'localhost', ca: authority.cert });
  secure.write('hello');
  equal(await text(secure), 'secure hello');
  close();
});

test('a socket becomes secure that is still to find its address, or still to be told one', async () => {
  const { port, close } = await listening({}, (socket) => socket.end('hello'));
  const options = { servername: 'localhost', ca: authority.cert };
  equal(await text(tls.connect({ ...options, socket: net.connect(port, 'localhost') })), 'hello');
  const later = new net.Socket();
  const secure = tls.connect({ ...options, socket: later });
  later.connect(port, '127.0.0.1');
  equal(await text(secure), 'hello');
  const gone = net.connect(port, 'localhost');
  const dead = tls.connect({ ...options, socket: gone });
  dead.destroy();
  await once(gone, 'close');
  await close();
});

test('any duplex stream can carry a connection', async () => {
  const pair = () => {
    const ends = [0, 1].map(
      (at) =>
        new Duplex({
          read() {},
          write(chunk, _encoding, done) {
            ends[1 - at].push(chunk);
            done();
          },
          final(done) {
            ends[1 - at].push(null);
            done();
          },
        }),
    );
    return ends;
  };
  const [left, right] = pair();
  const server = new tls.TLSSocket(right, { isServer: true, key: local.key, cert: local.cert });
  server.on('data', (data) => server.end(`got ${data.length}`));
  const client = tls.connect({ socket: left, servername: 'localhost', ca: authority.cert });
  await once(client, 'secureConnect');
  client.write(Buffer.alloc(1000));
  equal(await text(client), 'got 1000');
});

test("who is not trusted is refused, by Node's codes", async () => {
  const { port, close } = await listening({}, (socket) => socket.end());
  equal(
    (await failure(connect(port, { ca: certificate({ subject: 'Other', isAuthority: true }).cert }))).code,
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  );
  const other = await failure(connect(port, { servername: 'other.test' }));
  equal(other.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  equal(other.host, 'other.test');
  const trusting = connect(port, { ca: undefined, rejectUnauthorized: false });
  await once(trusting, 'secureConnect');
  equal(trusting.authorized, false);
  equal(trusting.authorizationError, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  trusting.destroy();
  await close();
  const expired = certificate({
    subject: 'localhost',
    names: ['localhost'],
    issuer: authority,
    from: new Date(0),
    to: new Date(86_400_000),
  });
  const old = await listening({ key: expired.key, cert: expired.cert });
  equal((await failure(connect(old.port))).code, 'CERT_HAS_EXPIRED');
  await old.close();
  const own = certificate({ subject: 'localhost', names: ['localhost'] });
  const alone = await listening({ key: own.key, cert: own.cert });
  const refused = await failure(connect(alone.port));
  equal(refused.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  equal(refused.message, 'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca');
  const pinned = connect(alone.port, { ca: own.cert });
  await once(pinned, 'secureConnect');
  pinned.destroy();
  await alone.close();
});

test('a server asks for certificates, and knows who has one', async () => {
  const { server, port, close } = await listening({ requestCert: true, ca: authority.cert }, (socket) => {
    socket.end(socket.getPeerCertificate().subject.CN);
  });
  const user = certificate({ subject: 'A User', issuer: authority });
  equal(await text(connect(port, { key: user.key, cert: user.cert })), 'A User');
  const [[error]] = await Promise.all([once(server, 'tlsClientError'), failure(connect(port))]);
  equal(error.code, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
  await close();
});

test('a server shows the certificate of the name that is asked for', async () => {
  const names = ['a.test', 'b.test'];
  const [a, b] = names.map((subject) => certificate({ subject, names: [subject, `*.${subject}`], issuer: authority }));
  const { server, port, close } = await listening({}, (socket) => socket.end());
  server.addContext('*.a.test', a);
  server.addContext('b.test', b);
  for (const servername of ['x.a.test', 'b.test', 'localhost']) {
    const client = connect(port, { servername });
    await once(client, 'secureConnect');
    client.destroy();
  }
  await close();
  const later = await listening(
    {
      SNICallback: (name, done) =>
        setTimeout(() => (name === 'a.test' ? done(null, tls.createSecureContext(a)) : done(new Error('nobody'))), 5),
    },
    (socket) => socket.end(),
  );
  const client = connect(later.port, { servername: 'a.test' });
  await once(client, 'secureConnect');
  client.destroy();
  const [[error]] = await Promise.all([once(later.server, 'tlsClientError'), failure(connect(later.port, { servername: 'c.test' }))]);
  ok(error instanceof Error);
  await later.close();
});

test('a protocol is chosen by a function, or refused', async () => {
  const { port, close } = await listening({ ALPNCallback: ({ protocols }) => protocols.find((name) => name === 'x') }, (socket) =>
    socket.end(),
  );
  const client = connect(port, { ALPNProtocols: ['y', 'x'] });
  await once(client, 'secureConnect');
  equal(client.alpnProtocol, 'x');
  client.destroy();
  equal((await failure(connect(port, { ALPNProtocols: ['z'] }))).code, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  await close();
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  test(`a session is resumed (${maxVersion})`, async () => {
    const { port, close } = await listening({ maxVersion }, (socket) => socket.end(`${socket.isSessionReused()}`));
    const first = connect(port);
    const [[session]] = await Promise.all([once(first, 'session'), text(first)]);
    const second = connect(port, { session });
    await once(second, 'secureConnect');
    equal(second.isSessionReused(), true);
    equal(await text(second), 'true');
    await close();
  });
}

test('sessions are kept by the program where there are no tickets', async () => {
  const sessions = new Map();
  const { server, port, close } = await listening({ maxVersion: 'TLSv1.2', secureOptions: 1 << 14 }, (socket) => socket.end());
  server.on('newSession', (id, session, done) => {
    sessions.set(id.toString('hex'), session);
    setTimeout(done, 1);
  });
  server.on('resumeSession', (id, done) => setTimeout(done, 1, null, sessions.get(id.toString('hex')) ?? null));
  const first = connect(port);
  const [[session]] = await Promise.all([once(first, 'session'), text(first)]);
  const second = connect(port, { session });
  await once(second, 'secureConnect');
  equal(second.isSessionReused(), true);
  second.destroy();
  await close();
});

test('the keys of tickets are shared by servers, and changed', async () => {
  const keys = Buffer.alloc(48, 7);
  const servers = await Promise.all([0, 1].map(() => listening({ ticketKeys: keys, sessionIdContext: 'a' }, (socket) => socket.end())));
  ok(servers[0].server.getTicketKeys().equals(keys));
  const first = connect(servers[0].port);
  const [[session]] = await Promise.all([once(first, 'session'), text(first)]);
  for (const [change, expected] of [
    [() => {}, true],
    [() => servers[1].server.setTicketKeys(Buffer.alloc(48, 8)), false],
  ]) {
    change();
    const client = connect(servers[1].port, { session });
    await once(client, 'secureConnect');
    equal(client.isSessionReused(), expected);
    client.destroy();
  }
  for (const { close } of servers) await close();
  equal(throws(() => tls.createServer({ ticketKeys: Buffer.alloc(3) }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
});

test('who renegotiates too often is let go; since TLS 1.3 nobody does', async () => {
  const { port, close } = await listening({ maxVersion: 'TLSv1.2' }, (socket) => {
    // Node leaves it to the program to let go.
    socket.resume().on('error', () => socket.destroy());
  });
  const client = connect(port);
  client.on('error', () => {});
  client.resume();
  await once(client, 'secureConnect');
  let count = 0;
  const again = () => {
    count += 1;
    if (!client.destroyed) client.renegotiate({}, (error) => error || again());
  };
  again();
  await once(client, 'close');
  equal(count, tls.CLIENT_RENEG_LIMIT + 1);
  await close();
  const newest = await listening({}, (socket) => socket.resume());
  const other = connect(newest.port);
  await once(other, 'secureConnect');
  const error = await new Promise((resolve) => other.renegotiate({}, resolve));
  equal(error.code, 'ERR_SSL_WRONG_SSL_VERSION');
  other.destroy();
  await newest.close();
});

test('a server changes its certificate while it listens', async () => {
  const { server, port, close } = await listening({}, (socket) => socket.end());
  server.setSecureContext(certificate({ subject: 'other', names: ['localhost'], issuer: authority }));
  const client = connect(port);
  await once(client, 'secureConnect');
  equal(client.getPeerCertificate().subject.CN, 'other');
  client.destroy();
  await close();
});

test('a key that both ends share needs no certificate', async () => {
  const psk = Buffer.from('0123456789abcdef');
  const options = { ciphers: 'PSK+HIGH', maxVersion: 'TLSv1.2', key: undefined, cert: undefined };
  const { port, close } = await listening(
    { ...options, pskIdentityHint: 'a hint', pskCallback: (_socket, identity) => (identity === 'me' ? psk : null) },
    (socket) => socket.end('known'),
  );
  let hint;
  const pskCallback = (given) => {
    hint = given;
    return { psk, identity: 'me' };
  };
  const client = connect(port, { ...options, pskCallback, checkServerIdentity: () => undefined });
  equal(await text(client), 'known');
  equal(hint, 'a hint');
  await close();
});

test('lines for a log of keys are told on both ends', async () => {
  const { server, port, close } = await listening({}, (socket) => socket.end());
  const lines = [];
  server.on('keylog', (line) => lines.push(`${line}`));
  const client = connect(port);
  const own = [];
  client.on('keylog', (line) => own.push(`${line}`));
  await text(client);
  ok(own.some((line) => line.startsWith('CLIENT_TRAFFIC_SECRET_0 ') && line.endsWith('\n')));
  ok(lines.length > 0 && own.every((line) => lines.includes(line)));
  await close();
});

test('who does not shake hands in time is told of and let go', async () => {
  const { server, port, close } = await listening({ handshakeTimeout: 50 });
  // Node leaves it to the program to let go.
  if (!isTwinloop) server.on('tlsClientError', (_error, socket) => socket.destroy());
  const silent = net.connect(port, '127.0.0.1');
  silent.on('error', () => {});
  const [[error]] = await Promise.all([once(server, 'tlsClientError'), once(silent, 'close')]);
  equal(error.code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  await close();
});

test('who vanishes in the middle of a handshake leaves nothing', async () => {
  const { server, port, close } = await listening();
  for (const head of ['', '\x16\x03\x01', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc']) {
    const socket = net.connect(port, '127.0.0.1');
    socket.end(Buffer.from(head, 'latin1'));
    const [error] = await once(server, 'tlsClientError');
    equal(error.code, 'ECONNRESET');
  }
  await close();
  const rude = net.createServer((socket) => socket.once('data', () => socket.end()));
  rude.listen(0, '127.0.0.1');
  await once(rude, 'listening');
  const error = await failure(connect(rude.address().port));
  equal(error.code, 'ECONNRESET');
  equal(error.message, 'Client network socket disconnected before secure TLS connection was established');
  rude.close();
});

test("what is no TLS is told by OpenSSL's name", async () => {
  const { server, port, close } = await listening();
  const plain = net.connect(port, '127.0.0.1');
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.1\r\n\r\n');
  const [error] = await once(server, 'tlsClientError');
  equal(error.code, 'ERR_SSL_HTTP_REQUEST');
  equal(error.library, 'SSL routines');
  plain.destroy();
  await close();
  const http = net.createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  equal((await failure(connect(http.address().port))).code, 'ERR_SSL_WRONG_VERSION_NUMBER');
  const writing = connect(http.address().port);
  writing.write('x');
  equal((await failure(writing)).code, 'EPROTO');
  http.close();
});

test('a connection that is cut ends, and one that ends without a farewell is whole', async () => {
  const raw = [];
  const { server, port, close } = await listening({}, (socket) => socket.write('hello'));
  server.on('connection', (socket) => raw.push(socket));
  const client = connect(port);
  await once(client, 'data');
  raw[0].destroy();
  equal(await text(client), '');
  await close();
});

test('a record that was changed on its way ends the connection', async () => {
  const { port, close } = await listening({}, (socket) => socket.on('error', () => {}));
  // Between the two, a middle that breaks what comes once the connection is there.
  let isBroken = false;
  const middle = net.createServer((socket) => {
    const upstream = net.connect(port, '127.0.0.1');
    socket.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (isBroken) data[data.length - 1] ^= 1;
      socket.write(data);
    });
    const cut = () => {
      socket.destroy();
      upstream.destroy();
    };
    for (const end of [socket, upstream]) end.on('error', () => {}).on('close', cut);
  });
  middle.listen(0, '127.0.0.1');
  await once(middle, 'listening');
  const client = connect(middle.address().port);
  await once(client, 'secureConnect');
  isBroken = true;
  client.write('x');
  client.on('data', () => {});
  client.destroy();
  await once(client, 'close');
  middle.close();
  await close();
});

test("arguments are checked, by Node's codes", () => {
  equal(throws(() => tls.createSecureContext({ minVersion: 'TLSv9' }), TypeError).code, 'ERR_TLS_INVALID_PROTOCOL_VERSION');
  equal(throws(() => tls.createSecureContext({ secureProtocol: 'blargh' }), TypeError).code, 'ERR_TLS_INVALID_PROTOCOL_METHOD');
  equal(
    throws(() => tls.createSecureContext({ minVersion: 'TLSv1.2', secureProtocol: 'TLS_method' }), TypeError).code,
    'ERR_TLS_PROTOCOL_VERSION_CONFLICT',
  );
  equal(throws(() => tls.createSecureContext({ key: 1 }), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => tls.createServer({ SNICallback: 1 }), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => tls.createServer({}).addContext(), Error).code, 'ERR_TLS_REQUIRED_SERVER_NAME');
  equal(throws(() => tls.createSecureContext({ key: local.key, cert: authority.cert }), Error).code, 'ERR_OSSL_X509_KEY_VALUES_MISMATCH');
});

test('authorities and ciphers are known', () => {
  ok(tls.rootCertificates.length > 50 && tls.rootCertificates.every((pem) => pem.startsWith('-----BEGIN CERTIFICATE-----')));
  ok(tls.getCiphers().includes('aes128-sha') && tls.getCiphers().includes('tls_aes_256_gcm_sha384'));
  if (tls.getCACertificates === undefined) return;
  deepEqual(tls.getCACertificates('bundled'), tls.rootCertificates);
});

test('the method SSLv23 begins with the least version that counts for all', async () => {
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const { port, close } = await listening({ secureProtocol: 'SSLv23_method', ciphers });
  const old = connect(port, { secureProtocol: 'TLSv1_1_method', ciphers });
  equal((await failure(old)).code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  const client = connect(port, { secureProtocol: 'SSLv23_method' });
  await once(client, 'secureConnect');
  equal(client.getProtocol(), 'TLSv1.2');
  client.destroy();
  await close();
});

await run();
