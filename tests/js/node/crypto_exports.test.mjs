// What node:crypto has beside its algorithms: SPKAC, UUIDs of version 7, keys that become keys of the web, and keys and certificates that are cloned.
import crypto, { Certificate, createSecretKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import util from 'node:util';
import { fail, test, run, equal, ok, deepEqual, rejects, throws } from '../harness.mjs';

/** An element of DER. */
function der(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

/** A signed public key and challenge, as browsers made them. */
function spkac(key, challenge, digest, identifier, parameters = [der(5)]) {
  const signed = der(0x30, key.publicKey.export({ type: 'spki', format: 'der' }), der(0x16, challenge));
  const signature = sign(digest, signed, key.privateKey);
  return der(0x30, signed, der(0x30, der(6, identifier), ...parameters), der(3, [0], signature)).toString('base64');
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const sha256WithRsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const ecdsaWithSha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

test('Certificate verifies SPKAC and reads it', () => {
  for (const [key, identifier, parameters] of [
    [rsa, sha256WithRsa],
    [ec, ecdsaWithSha256, []],
  ]) {
    const text = spkac(key, 'the challenge', 'sha256', identifier, parameters);
    for (const given of [text, Buffer.from(text)]) {
      equal(Certificate.verifySpkac(given), true);
      equal(`${Certificate.exportChallenge(given)}`, 'the challenge');
      equal(`${Certificate.exportPublicKey(given)}`, key.publicKey.export({ type: 'spki', format: 'pem' }));
    }
    equal(new Certificate().verifySpkac(text), true);
    equal(Certificate().verifySpkac(text), true);
    const bytes = Buffer.from(text, 'base64');
    bytes[bytes.length - 3] ^= 1;
    equal(Certificate.verifySpkac(bytes.toString('base64')), false);
  }
});

test('what is no SPKAC has nothing in it', () => {
  for (const given of [
    '',
    'AAAA',
    Buffer.from('nonsense'),
    der(0x30, [1, 2, 3]).toString('base64'),
    der(0x30, der(0x30), der(0x30), der(3)).toString('base64'),
  ]) {
    ok(!Certificate.verifySpkac(given));
    equal(`${Certificate.exportChallenge(given)}`, '');
    equal(`${Certificate.exportPublicKey(given)}`, '');
  }
  for (const method of ['verifySpkac', 'exportChallenge', 'exportPublicKey'])
    equal(throws(() => Certificate[method](1), TypeError).code, 'ERR_INVALID_ARG_TYPE');
});

if (crypto.randomUUIDv7 !== undefined) {
  test('a UUID of version 7 begins with its time', () => {
    const before = Date.now();
    const uuid = crypto.randomUUIDv7();
    ok(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), uuid);
    const time = Number.parseInt(uuid.replace('-', '').slice(0, 12), 16);
    ok(time >= before && time <= Date.now(), uuid);
    ok(crypto.randomUUIDv7() !== uuid);
    throws(() => crypto.randomUUIDv7(1), TypeError);
  });

  test('a KeyObject becomes a CryptoKey', async () => {
    const key = createSecretKey(Buffer.alloc(32, 1)).toCryptoKey('AES-GCM', true, ['encrypt', 'decrypt']);
    deepEqual([key.type, key.algorithm.name, key.algorithm.length, key.usages], ['secret', 'AES-GCM', 256, ['encrypt', 'decrypt']]);
    const hmac = createSecretKey(Buffer.alloc(20, 1)).toCryptoKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const mac = await crypto.subtle.sign('HMAC', hmac, Buffer.from('text'));
    equal(Buffer.from(mac).toString('hex'), crypto.createHmac('sha256', Buffer.alloc(20, 1)).update('text').digest('hex'));
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      ec.privateKey.toCryptoKey(algorithm, false, ['sign']),
      Buffer.from('x'),
    );
    ok(
      await crypto.subtle.verify(
        { name: 'ECDSA', hash: 'SHA-256' },
        ec.publicKey.toCryptoKey(algorithm, true, ['verify']),
        signature,
        Buffer.from('x'),
      ),
    );
    throws(() => ec.publicKey.toCryptoKey(algorithm, true, ['sign']), Error);
  });
}

test('keys and certificates are cloned', async () => {
  for (const key of [createSecretKey(Buffer.from('secret')), rsa.publicKey, rsa.privateKey, ec.privateKey]) {
    const copy = structuredClone(key);
    ok(copy !== key && copy.equals(key));
    equal(copy.type, key.type);
    ok(util.types.isKeyObject(copy));
  }
  const web = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
  ok(crypto.KeyObject.from(structuredClone(web)).equals(crypto.KeyObject.from(web)));
  const { ca_file: file } = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));
  const certificate = new X509Certificate(readFileSync(file));
  equal(structuredClone(certificate).fingerprint256, certificate.fingerprint256);
});

test('types are told', () => {
  equal(util.types.isKeyObject(rsa.publicKey), true);
  for (const value of [1, null, {}, new Uint8Array(1)]) equal(util.types.isKeyObject(value), false);
  equal(util.types.isExternal({}), false);
  equal(util.types.isFloat16Array(new Uint8Array(1)), false);
});

// A key on P-256 and its certificate, made by OpenSSL; the passphrase is `secret`.
const bundle = Buffer.from(
  [
    'MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBK',
    'MCkGCSqGSIb3DQEFDDAcBAgJDTsOWnPy/gICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFtk0Mdajgf2BVkPrrjFxOmAggHgJ8X+cSlsjQweCcU7',
    'Dwke7zC+dsPTkwnh8NOVO4fk4sjoiUAQ8L94hOIOLmhyV3WPEW4AWl3ZbcLVnk75yslTmCDJVAgNyC1zYKWEXBL2WyKzEuvmvv4eL+Vb+J5cpI69mnZtLASj',
    'TKkbiLD85Hfv4WI3Z8Kr89gGEf7uHZyggoQuqBhG8YzlOApY86thw4cb9Xx2XxGJ7WxuAvqQcCq9ubjXL7zMLLwAJdi3wFlyfEs2NhNTyTSJvlVdZ/opkgIT',
    'wlY6tRHKBug3WNhbbxnTRZh4P/pKyXm3sR8j2k62g1RVomaHeti/w3D7BqldPxidgNf+VomWnMgiva6ZhvoM7UBEVt1xoCt2HjUyH3q9303NbQTesDM7HDJj',
    'cadL5owO8lj+1VcazbSvnw46zMGa9xjbfBzxi+W+3d6xuX8rv0oQ5lDu/5Vsfz/wuuDhEttDiciqOCH3ib+Isgo2lDIbIpYniIFjpXGldW4j5Xf0cVKvcW8H',
    'NNyMa4OAuUBksi0tFn5U15mDGmrgyBle1130LkT09vmXce2XHSQAKd0ayS6syR73DE3Yf2lT/aXd2v98IkIapeT50qiGSwmr7jXOokD4sqM2xu+5LpXBWVWs',
    'Sc7J8jsbtsQp2rHdnrsE9ZDmMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZI',
    'hvcNAQUMMBwECCMe/LLoJIgOAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQC3gaboa6FnLlhCGvCGmTlASBkO0wczCg2+9M5G7XffIcx/FgXkeY',
    'xIAeb+PViFPFcNqCQiDlMhGJvquWWxcEIl64TkDids05kg2YgcQr6D2thdLSwjgOFWGbSPuaeeDeGsutPyhac8oXa4Kgl4jiiNnS+1caa+bnuCzNXJlrCcG5',
    '3wRsBXBDvIxBA9BaulyaKXW6IaqX2fuTEZrX8TmVw6j+ETElMCMGCSqGSIb3DQEJFTEWBBS164JmegRckScPKPGxkhueCHUgyjBBMDEwDQYJYIZIAWUDBAIB',
    'BQAEIOj7Gc4TrgtKJ6XEnelG/rSEXKTlisdfUh1ZRQI1rcsBBAiOjq8VxqmDEQICCAA=',
  ].join(''),
  'base64',
);

if (crypto.parsePKCS12 !== undefined) {
  test('a bundle of PKCS #12 is a key and its certificates', () => {
    for (const given of [bundle, new Uint8Array(bundle).buffer, new DataView(new Uint8Array(bundle).buffer)]) {
      const { privateKey, certificate, additionalCertificates } = crypto.parsePKCS12(given, { passphrase: 'secret' });
      deepEqual([privateKey.asymmetricKeyType, certificate.subject, additionalCertificates], ['ec', 'CN=test', []]);
      ok(certificate.checkPrivateKey(privateKey));
    }
    for (const given of [bundle.subarray(1), bundle]) throws(() => crypto.parsePKCS12(given, { passphrase: 'other' }), Error);
    throws(() => crypto.parsePKCS12(bundle), Error);
    equal(throws(() => crypto.parsePKCS12('text'), TypeError).code, 'ERR_INVALID_ARG_TYPE');
    equal(throws(() => crypto.parsePKCS12(bundle, { passphrase: 'a\0b' }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  });
}

const kinds = [
  ['rsa', { modulusLength: 2048 }],
  ['ec', { namedCurve: 'P-256' }],
  ['ec', { namedCurve: 'P-521' }],
  ['x25519'],
  ['x448'],
  ['ml-kem-512'],
  ['ml-kem-1024'],
];

if (crypto.encapsulate !== undefined) {
  test('a secret is made for a key, and found by it', async () => {
    for (const [kind, options] of kinds) {
      const { publicKey, privateKey } = generateKeyPairSync(kind, options);
      const { sharedKey, ciphertext } = crypto.encapsulate(publicKey);
      ok(crypto.decapsulate(privateKey, ciphertext).equals(sharedKey), kind);
      const later = await util.promisify(crypto.encapsulate)(publicKey);
      ok((await util.promisify(crypto.decapsulate)(privateKey, later.ciphertext)).equals(later.sharedKey), kind);
      ok(!later.sharedKey.equals(sharedKey), kind);
      throws(() => crypto.decapsulate(publicKey, ciphertext), Error);
    }
    throws(() => crypto.encapsulate(generateKeyPairSync('ed25519').publicKey), Error);
    equal(throws(() => crypto.decapsulate(rsa.privateKey, null), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  });

  test('SubtleCrypto encapsulates bits and keys', async () => {
    const { subtle } = crypto;
    const usages = ['encapsulateKey', 'encapsulateBits', 'decapsulateKey', 'decapsulateBits'];
    const { publicKey, privateKey } = await subtle.generateKey('ML-KEM-768', true, usages);
    const bits = await subtle.encapsulateBits('ML-KEM-768', publicKey);
    deepEqual([bits.sharedKey.byteLength, bits.ciphertext.byteLength], [32, 1088]);
    const found = await subtle.decapsulateBits('ML-KEM-768', privateKey, bits.ciphertext);
    deepEqual(new Uint8Array(found), new Uint8Array(bits.sharedKey));
    const made = await subtle.encapsulateKey('ML-KEM-768', publicKey, 'AES-GCM', true, ['encrypt']);
    const key = await subtle.decapsulateKey('ML-KEM-768', privateKey, made.ciphertext, 'AES-GCM', true, ['decrypt']);
    deepEqual([key.algorithm.length, key.usages], [256, ['decrypt']]);
    deepEqual(await subtle.exportKey('jwk', key).then((jwk) => jwk.k), (await subtle.exportKey('jwk', made.sharedKey)).k);
    await rejects(() => subtle.decapsulateBits('ML-KEM-768', publicKey, bits.ciphertext), DOMException);
    await rejects(() => subtle.decapsulateBits('ML-KEM-768', privateKey, new Uint8Array(5)), DOMException);
    await rejects(() => subtle.encapsulateBits('AES-GCM', publicKey), DOMException);
  });
}

test('codes of messages by the names of OpenSSL', async () => {
  const { createMac, getMacs } = crypto;
  if (createMac === undefined) return;
  ok(['cmac', 'gmac', 'hmac', 'kmac128', 'poly1305'].every((name) => getMacs().includes(name)));
  const key = Buffer.alloc(16, 1);
  const code = (name, options, given = key) => createMac(name, given, options).update('a').update(Buffer.from('bc')).final('hex');
  equal(code('hmac', { digest: 'sha256' }), crypto.createHmac('sha256', key).update('abc').digest('hex'));
  equal(code('HMAC', { digest: 'sha256' }, createSecretKey(key)), code('hmac', { digest: 'sha256' }));
  equal(code('cmac', { cipher: 'aes-128-cbc' }), 'ba6c97ff42a0a7f69e45062317e6240f');
  equal(code('gmac', { cipher: 'aes-128-gcm', iv: Buffer.alloc(12, 2) }), '9fa24099be167d7f9a1ad0f67d64c2b7');
  equal(code('kmac128', { customization: Buffer.from('x'), outputLength: 20 }), 'd35cbcc710a343d9a6a7b31010b066363239a76c');
  equal(code('kmac128', { outputLength: 0 }), '');
  const blake = { salt: Buffer.alloc(16, 3), customization: Buffer.alloc(16, 4), outputLength: 16 };
  equal(code('blake2bmac', blake), 'ffaf7e3dd44ae24fd2ec7d98516b15d0');
  equal(createMac('poly1305', Buffer.alloc(32, 1)).update('616263', 'hex').final('base64'), 'V4IpKcjGxSfIxsUnyMbFJw==');
  const stream = createMac('siphash', key, { outputLength: 8 });
  stream.end('abc');
  const [told] = await stream.toArray();
  equal(told.toString('hex'), '7ce30591e61c56e9');
  const ended = createMac('hmac', key, { digest: 'sha256' });
  equal(ended.final().length, 32);
  equal(throws(() => ended.final(), Error).code, 'ERR_CRYPTO_MAC_FINALIZED');
  equal(throws(() => ended.update('x'), Error).code, 'ERR_CRYPTO_MAC_FINALIZED');
  for (const [given, expected, message] of [
    [['nothing', key], 'ERR_CRYPTO_INVALID_MAC', 'Invalid MAC: nothing'],
    [['', key], 'ERR_INVALID_ARG_VALUE', "The argument 'algorithm' must be non-empty and contain no NUL bytes. Received ''"],
    [['hmac', key], 'ERR_INVALID_ARG_VALUE', "The property 'options.digest' is required for HMAC"],
    [['gmac', key, { cipher: 'aes-128-gcm' }], 'ERR_INVALID_ARG_VALUE', "The property 'options.iv' must be non-empty for GMAC"],
    [['hmac', key, { digest: 'sha256', iv: key }], 'ERR_INVALID_ARG_VALUE', "The property 'options.iv' is not supported by MAC hmac"],
    [['hmac', 'text', { digest: 'sha256' }], 'ERR_INVALID_ARG_TYPE', undefined],
    [['hmac', ec.privateKey, { digest: 'sha256' }], 'ERR_INVALID_ARG_TYPE', undefined],
    [['cmac', key.subarray(1), { cipher: 'aes-128-cbc' }], 'ERR_OSSL_EVP_INVALID_KEY_LENGTH', undefined],
    [['siphash', key, { outputLength: 5 }], 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to initialize MAC'],
  ]) {
    const error = throws(() => createMac(...given), Error);
    equal(error.code, expected);
    if (message !== undefined) equal(error.message, message);
  }
});

await run();
