// node:crypto. Node runs these tests as well.
import crypto from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

const codeOf = (f) => {
  try {
    f();
  } catch (error) {
    return error.code;
  }
  return undefined;
};

test('what makes an object is also called with `new`', () => {
  const [key, iv] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
  const cipher = new crypto.createCipheriv('aes-128-cbc', key, iv);
  const code = Buffer.concat([cipher.update('abc'), cipher.final()]);
  const decipher = new crypto.createDecipheriv('aes-128-cbc', key, iv);
  equal(decipher.update(code, undefined, 'utf8') + decipher.final('utf8'), 'abc');
  ok(new crypto.createECDH('prime256v1') instanceof crypto.ECDH);
  ok(new crypto.createSign('sha256') instanceof crypto.Sign);
  ok(new crypto.createVerify('sha256') instanceof crypto.Verify);
  ok(new crypto.getDiffieHellman('modp14') instanceof crypto.DiffieHellmanGroup);
  ok(new zlib.createGzip() instanceof zlib.Gzip);
  ok(new net.createServer() instanceof net.Server);
  ok(new http.createServer() instanceof http.Server);
});

test('known digests and codes, in every encoding', () => {
  equal(crypto.createHash('sha256').update('abc').digest('hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  equal(crypto.createHash('RSA-MD5').update('abc').digest('base64'), 'kAFQmDzST7DWlj99KOF/cg==');
  equal(crypto.createHash('sha1').update('616263', 'hex').digest('base64url'), 'qZk-NkcGgWq6PiVxeFDCbJzQ2J0');
  equal(
    crypto.createHmac('sha256', 'Jefe').update('what do ya want for nothing?').digest('hex'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  equal(crypto.createHash('sha256').update('é€').digest('hex'), crypto.createHash('sha256').update(Buffer.from('é€')).digest('hex'));
  equal(crypto.hash('sha1', 'abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  equal(crypto.hash('shake128', '', { outputLength: 4 }), '7f9c2ba4');
  equal(crypto.getHashes().includes('sha512'), true);
});

test('a hash is copied and ended once', () => {
  const hash = crypto.createHash('sha512').update('a');
  const copy = hash.copy();
  hash.update('b');
  equal(copy.update('b').digest('hex'), hash.digest('hex'));
  equal(
    codeOf(() => hash.update('c')),
    'ERR_CRYPTO_HASH_FINALIZED',
  );
  equal(
    codeOf(() => crypto.createHash('sha256').update(5)),
    'ERR_INVALID_ARG_TYPE',
  );
  throws(() => crypto.createHash('no such digest'), Error);
  equal(
    codeOf(() => crypto.createHmac('no such digest', '')),
    'ERR_CRYPTO_INVALID_DIGEST',
  );
});

test('a hash is a stream', async () => {
  const hash = crypto.createHash('md5');
  const pieces = [];
  hash.on('data', (piece) => pieces.push(piece));
  await pipeline(async function* () {
    yield 'a';
    yield Buffer.from('bc');
  }, hash);
  equal(Buffer.concat(pieces).toString('hex'), '900150983cd24fb0d6963f7d28e17f72');
});

test('random values', async () => {
  equal(crypto.randomBytes(16).length, 16);
  equal((await promisify(crypto.randomBytes)(100_000)).length, 100_000);
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
  for (let turn = 0; turn < 100; turn += 1) ok([3, 4].includes(crypto.randomInt(3, 5)));
  for (let turn = 0; turn < 100; turn += 1) ok([0, 1, 2].includes(crypto.randomInt(3)));
  const filled = crypto.randomFillSync(new Uint8Array(8), 4);
  equal(filled.subarray(0, 4).join(), '0,0,0,0');
  equal(
    codeOf(() => crypto.randomBytes(-1)),
    'ERR_OUT_OF_RANGE',
  );
  equal(crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), true);
  equal(
    codeOf(() => crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('ab'))),
    'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH',
  );
});

test('ciphers turn messages around, and prove them', () => {
  const key = Buffer.alloc(32, 1);
  const plain = 'a message that is longer than one block';
  const cbc = crypto.createCipheriv('aes-256-cbc', key, Buffer.alloc(16));
  const sealed = cbc.update(plain, 'utf8', 'hex') + cbc.final('hex');
  const opened = crypto.createDecipheriv('aes-256-cbc', key, Buffer.alloc(16));
  equal(opened.update(sealed, 'hex', 'utf8') + opened.final('utf8'), plain);
  const gcm = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12)).setAAD(Buffer.from('head'));
  const body = Buffer.concat([gcm.update(plain), gcm.final()]);
  const open = (tag) => {
    const decipher = crypto.createDecipheriv('aes-256-gcm', key, Buffer.alloc(12)).setAAD(Buffer.from('head')).setAuthTag(tag);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString();
  };
  equal(open(gcm.getAuthTag()), plain);
  throws(() => open(Buffer.alloc(16)), Error);
  equal(
    codeOf(() => crypto.createCipheriv('aes-256-cbc', key.subarray(1), Buffer.alloc(16))),
    'ERR_CRYPTO_INVALID_KEYLEN',
  );
  equal(
    codeOf(() => crypto.createCipheriv('aes-256-cbc', key, Buffer.alloc(1))),
    'ERR_CRYPTO_INVALID_IV',
  );
  equal(
    codeOf(() => crypto.createCipheriv('no such cipher', key, null)),
    'ERR_CRYPTO_UNKNOWN_CIPHER',
  );
  equal(crypto.getCipherInfo('aes-128-gcm').mode, 'gcm');
});

test('key pairs of every kind sign, are written and read again', async () => {
  const kinds = [
    ['rsa', { modulusLength: 1024 }, 'sha256'],
    ['rsa-pss', { modulusLength: 1024, hashAlgorithm: 'sha256', saltLength: 16 }, 'sha256'],
    ['ec', { namedCurve: 'P-256' }, 'sha256'],
    ['ed25519', {}, null],
    ['ed448', {}, null],
  ];
  for (const [kind, options, digest] of kinds) {
    const { publicKey, privateKey } = await promisify(crypto.generateKeyPair)(kind, options);
    equal(privateKey.asymmetricKeyType, kind);
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    const read = crypto.createPrivateKey({ key: pem, passphrase: 'secret' });
    ok(read.equals(privateKey), kind);
    throws(() => crypto.createPrivateKey({ key: pem, passphrase: 'wrong' }), Error);
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const other = crypto.createPublicKey({ key: der, format: 'der', type: 'spki' });
    const signature = crypto.sign(digest, Buffer.from('text'), read);
    equal(crypto.verify(digest, Buffer.from('text'), other, signature), true);
    equal(crypto.verify(digest, Buffer.from('other'), other, signature), false);
    if (kind !== 'rsa-pss') ok(crypto.createPublicKey({ key: other.export({ format: 'jwk' }), format: 'jwk' }).equals(other));
  }
  throws(() => crypto.createPrivateKey('no key'), Error);
  equal(
    codeOf(() => crypto.createPublicKey({})),
    'ERR_INVALID_ARG_TYPE',
  );
});

test('createSign and createVerify, with padding and both forms', () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
  const signature = crypto.createSign('sha256').update('a').end('b').sign({ key: privateKey, padding, saltLength: 8 }, 'base64');
  equal(crypto.createVerify('sha256').update('ab').verify({ key: publicKey, padding }, signature, 'base64'), true);
  equal(crypto.createVerify('sha256').update('ac').verify({ key: publicKey, padding }, signature, 'base64'), false);
  const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const raw = crypto.sign('sha384', 'x', { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  equal(raw.length, 96);
  equal(crypto.verify('sha384', 'x', { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, raw), true);
});

test('encryption with public keys', () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  equal(crypto.privateDecrypt(privateKey, crypto.publicEncrypt(publicKey, Buffer.from('text'))).toString(), 'text');
  equal(crypto.publicDecrypt(publicKey, crypto.privateEncrypt(privateKey, Buffer.from('text'))).toString(), 'text');
});

test('two agree upon a secret', () => {
  const left = crypto.getDiffieHellman('modp14');
  const right = crypto.createDiffieHellman(left.getPrime(), left.getGenerator());
  left.generateKeys();
  right.generateKeys();
  equal(left.computeSecret(right.getPublicKey(), null, 'hex'), right.computeSecret(left.getPublicKey(), null, 'hex'));
  const [a, b] = [crypto.createECDH('secp256k1'), crypto.createECDH('secp256k1')];
  a.generateKeys();
  b.generateKeys('hex', 'compressed');
  equal(a.computeSecret(b.getPublicKey(null, 'compressed'), null, 'hex'), b.computeSecret(a.getPublicKey(), null, 'hex'));
  const [c, d] = [crypto.generateKeyPairSync('x25519'), crypto.generateKeyPairSync('x25519')];
  equal(
    crypto.diffieHellman({ privateKey: c.privateKey, publicKey: d.publicKey }).toString('hex'),
    crypto.diffieHellman({ privateKey: d.privateKey, publicKey: c.publicKey }).toString('hex'),
  );
});

test('keys from passwords, at once and later', async () => {
  const key = crypto.pbkdf2Sync('password', 'salt', 2, 20, 'sha1').toString('hex');
  equal(key, 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957');
  equal((await promisify(crypto.pbkdf2)('password', 'salt', 2, 20, 'sha1')).toString('hex'), key);
  equal(crypto.scryptSync('', '', 16, { N: 16, r: 1, p: 1 }).toString('hex'), '77d6576238657b203b19ca42c18a0497');
  equal((await promisify(crypto.scrypt)('', '', 16)).length, 16);
  equal(
    Buffer.from(crypto.hkdfSync('sha256', 'key', 'salt', 'info', 8)).toString('hex'),
    Buffer.from(await promisify(crypto.hkdf)('sha256', 'key', 'salt', 'info', 8)).toString('hex'),
  );
  equal(
    codeOf(() => crypto.pbkdf2Sync('a', 'b', 0, 20, 'sha1')),
    'ERR_OUT_OF_RANGE',
  );
  equal(
    codeOf(() => crypto.scryptSync('a', 'b', 20, { N: 3 })),
    'ERR_CRYPTO_INVALID_SCRYPT_PARAMS',
  );
});

test('primes', async () => {
  equal(crypto.checkPrimeSync(crypto.generatePrimeSync(64)), true);
  equal(await promisify(crypto.checkPrime)(15n), false);
});

test('a certificate says whose it is', () => {
  const certificate = new crypto.X509Certificate(`-----BEGIN CERTIFICATE-----
MIIB8jCCAZegAwIBAgIUbMWp8GHAESQhBgOOGAoIEJkF574wCgYIKoZIzj0EAwIw
NjELMAkGA1UEBhMCWFgxETAPBgNVBAoMCFR3aW5sb29wMRQwEgYDVQQDDAtleGFt
cGxlLmNvbTAgFw0yNjExMjkwNTUxMDJaGA8yMTI2MTEwNTA1NTEwMlowNjELMAkG
A1UEBhMCWFgxETAPBgNVBAoMCFR3aW5sb29wMRQwEgYDVQQDDAtleGFtcGxlLmNv
bTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBegIca7zvygeNnZDcqHiVOQtfN+
uWhUyClevmq+6KVgaadAKdaO7wqQv+beX2SA97JuhPMa/fr2+OzB7e/hLTSjgYAw
fjAdBgNVHQ4EFgQUndneN1hbPpfFcYlGEb4pZOKCoRcwHwYDVR0jBBgwFoAUndne
N1hbPpfFcYlGEb4pZOKCoRcwDwYDVR0TAQH/BAUwAwEB/zArBgNVHREEJDAiggtl
eGFtcGxlLmNvbYINKi5leGFtcGxlLm9yZ4cEfwAAATAKBggqhkjOPQQDAgNJADBG
AiEAtxgu8gQAEWdOX6RwomO1Hdlzh+Y8LQ7n3uS0xURBvxMCIQCFetSJhHoZdL4k
6Mi/NLJ//+nd6evBUoLTaz7lcZbMIQ==
-----END CERTIFICATE-----`);
  equal(certificate.subject, 'C=XX\nO=Twinloop\nCN=example.com');
  equal(certificate.subjectAltName, 'DNS:example.com, DNS:*.example.org, IP Address:127.0.0.1');
  equal(certificate.checkHost('www.example.org'), '*.example.org');
  equal(certificate.checkHost('example.net'), undefined);
  equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  equal(certificate.ca, true);
  equal(certificate.checkIssued(certificate), true);
  equal(certificate.verify(certificate.publicKey), true);
  equal(certificate.publicKey.asymmetricKeyType, 'ec');
  equal(certificate.toLegacyObject().subject.CN, 'example.com');
  throws(() => new crypto.X509Certificate('no certificate'), Error);
  equal(
    codeOf(() => new crypto.X509Certificate(5)),
    'ERR_INVALID_ARG_TYPE',
  );
});

test('what is deprecated warns once', async () => {
  const { spawnSync } = await import('node:child_process');
  const code = `const { createDecipheriv, createECDH, randomBytes } = require('crypto');
    createDecipheriv('aes-256-gcm', randomBytes(32), randomBytes(12)).setAuthTag(randomBytes(12));
    for (let i = 0; i < 2; i += 1) try { createECDH('prime256v1').setPublicKey(Buffer.from([1])); } catch {}`;
  const { stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  deepEqual(stderr.match(/DEP\d+/g), ['DEP0182', 'DEP0031']);
});

test('a public key that was set afterwards must belong to the private one', () => {
  const ours = crypto.createECDH('prime256v1');
  ours.generateKeys();
  const theirs = crypto.createECDH('prime256v1');
  theirs.generateKeys();
  equal(ours.computeSecret(theirs.getPublicKey()).length, 32);
  ours.setPublicKey(theirs.getPublicKey());
  equal(
    codeOf(() => ours.computeSecret(theirs.getPublicKey())),
    'ERR_CRYPTO_INVALID_KEYPAIR',
  );
});

test('CCM takes its additional data before the tag, also when it decrypts', () => {
  const [key, iv, text] = [Buffer.alloc(16, 1), Buffer.alloc(8, 2), Buffer.from('some text')];
  const cipher = crypto.createCipheriv('aes-128-ccm', key, iv, { authTagLength: 16 });
  cipher.setAAD(Buffer.from('head'), { plaintextLength: text.length });
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const open = (tag) => {
    const decipher = crypto.createDecipheriv('aes-128-ccm', key, iv, { authTagLength: 16 });
    decipher.setAAD(Buffer.from('head'), { plaintextLength: text.length });
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  };
  equal(open(cipher.getAuthTag()).toString(), 'some text');
  throws(() => open(Buffer.alloc(16)), Error);
});

test('what a new key is made of is looked at before the work begins', () => {
  equal(
    codeOf(() => crypto.generateKeyPair('dh', { group: 'modp0' }, () => {})),
    'ERR_CRYPTO_UNKNOWN_DH_GROUP',
  );
  const wish = { modulusLength: 512, hashAlgorithm: 'sha2' };
  equal(throws(() => crypto.generateKeyPair('rsa-pss', wish, () => {}), TypeError).message, 'Invalid digest: sha2');
  const { publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  equal(
    codeOf(() => crypto.publicEncrypt({ key: publicKey, oaepHash: 'sha2' }, Buffer.from('a'))),
    'ERR_OSSL_EVP_INVALID_DIGEST',
  );
});

test('a curve without an identifier has keys', () => {
  if (!crypto.getCurves().includes('Oakley-EC2N-3')) return;
  const { publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'Oakley-EC2N-3' });
  equal(publicKey.asymmetricKeyType, 'ec');
  throws(() => publicKey.export({ type: 'spki', format: 'der' }), Error);
});

test('a public key is read from the public members of a JWK alone', () => {
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jwk = privateKey.export({ format: 'jwk' });
  equal(crypto.createPublicKey({ key: { ...jwk, p: undefined }, format: 'jwk' }).type, 'public');
  equal(
    throws(() => crypto.createPrivateKey({ key: { ...jwk, p: undefined }, format: 'jwk' }), TypeError).message.startsWith('The "key.p"'),
    true,
  );
});

test('scrypt says when it is memory that is missing', () => {
  const cost = (options) => throws(() => crypto.scryptSync('a', 'b', 1, options), RangeError).message;
  ok(cost({ N: 2 ** 16, r: 1 }).endsWith('memory limit exceeded'));
  equal(cost({ N: 3 }), 'Invalid scrypt params');
});

await run();
