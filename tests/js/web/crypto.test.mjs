// Web Cryptography. Node runs these tests as well.
import { equal, ok, rejects, run, test } from '../harness.mjs';

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const nameOf = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error.name;
  }
  return undefined;
};

test('random values and UUIDs', () => {
  const array = new Uint32Array(4);
  equal(crypto.getRandomValues(array), array);
  ok(array.some((number) => number !== 0));
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
  for (const wrong of [new Float64Array(1), new Uint8Array(65537)]) {
    let name;
    try {
      crypto.getRandomValues(wrong);
    } catch (error) {
      ({ name } = error);
    }
    equal(name, wrong.length === 1 ? 'TypeMismatchError' : 'QuotaExceededError');
  }
});

test('digests, short and long', async () => {
  equal(hex(await subtle.digest('SHA-1', bytes('abc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  const long = new Uint8Array(200_000);
  equal(hex(await subtle.digest('sha-256', long)), hex(await subtle.digest({ name: 'SHA-256' }, long.buffer)));
  equal(await nameOf(subtle.digest('MD5', long)), 'NotSupportedError');
});

test('the data of a call is what it was when the call was made', async () => {
  const data = bytes('abc');
  const long = new Uint8Array(100_000);
  const expected = hex(await subtle.digest('SHA-256', new Uint8Array(100_000)));
  const both = [subtle.digest('SHA-1', data), subtle.digest('SHA-256', long)];
  data.fill(0);
  long.fill(1);
  equal(hex(await both[0]), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  equal(hex(await both[1]), expected);
});

test('what is encrypted is decrypted, and nothing else', async () => {
  for (const name of ['AES-GCM', 'AES-CBC', 'AES-CTR']) {
    const key = await subtle.generateKey({ name, length: 256 }, true, ['encrypt', 'decrypt']);
    const how = { name, iv: new Uint8Array(name === 'AES-CBC' ? 16 : 12), counter: new Uint8Array(16), length: 64 };
    const sealed = await subtle.encrypt(how, key, bytes('text'));
    equal(hex(await subtle.decrypt(how, key, sealed)), hex(bytes('text')));
    const raw = await subtle.exportKey('raw', key);
    const again = await subtle.importKey('jwk', await subtle.exportKey('jwk', key), name, false, ['decrypt']);
    equal(raw.byteLength, 32);
    equal(hex(await subtle.decrypt(how, again, sealed)), hex(bytes('text')));
    equal(await nameOf(subtle.encrypt(how, again, sealed)), 'InvalidAccessError');
    equal(await nameOf(subtle.exportKey('raw', again)), 'InvalidAccessError');
    if (name === 'AES-GCM') equal(await nameOf(subtle.decrypt(how, key, new Uint8Array(20))), 'OperationError');
  }
});

test('pairs sign, and their keys go out and in', async () => {
  const kinds = [
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    { name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256', saltLength: 8 },
    { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
    { name: 'Ed25519' },
  ];
  for (const kind of kinds) {
    const { publicKey, privateKey } = await subtle.generateKey(kind, true, ['sign', 'verify']);
    for (const format of ['pkcs8', 'jwk']) {
      const key = await subtle.importKey(format, await subtle.exportKey(format, privateKey), kind, true, ['sign']);
      const signature = await subtle.sign(kind, key, bytes('text'));
      const other = await subtle.importKey('spki', await subtle.exportKey('spki', publicKey), kind, true, ['verify']);
      equal(await subtle.verify(kind, other, signature, bytes('text')), true);
      equal(await subtle.verify(kind, other, signature, bytes('other')), false);
    }
    equal(await nameOf(subtle.importKey('spki', new Uint8Array(9), kind, true, ['verify'])), 'DataError');
    equal(await nameOf(subtle.importKey('pkcs8', new Uint8Array(9), kind, true, ['verify'])), 'SyntaxError');
  }
});

test('secrets and keys are derived', async () => {
  const left = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  const right = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  const secret = hex(await subtle.deriveBits({ name: 'ECDH', public: right.publicKey }, left.privateKey, 256));
  equal(secret, hex(await subtle.deriveBits({ name: 'ECDH', public: left.publicKey }, right.privateKey, 256)));
  const password = await subtle.importKey('raw', bytes('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey']);
  const how = { name: 'PBKDF2', hash: 'SHA-1', salt: bytes('salt'), iterations: 2 };
  equal(hex(await subtle.deriveBits(how, password, 160)), 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957');
  const key = await subtle.deriveKey(how, password, { name: 'HMAC', hash: 'SHA-256', length: 256 }, true, ['sign']);
  equal(key.algorithm.length, 256);
});

test('keys are wrapped', async () => {
  const wrapping = await subtle.generateKey({ name: 'AES-KW', length: 128 }, false, ['wrapKey', 'unwrapKey']);
  const key = await subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']);
  for (const format of ['raw', 'jwk']) {
    const wrapped = await subtle.wrapKey(format, key, wrapping, 'AES-KW');
    const back = await subtle.unwrapKey(format, wrapped, wrapping, 'AES-KW', { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']);
    equal(hex(await subtle.exportKey('raw', back)), hex(await subtle.exportKey('raw', key)));
  }
});

test('a key cannot be made, and what it shows is a copy', async () => {
  let error;
  try {
    new CryptoKey();
  } catch (thrown) {
    error = thrown;
  }
  ok(error instanceof TypeError);
  const key = await subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);
  key.usages.push('decrypt');
  key.algorithm.name = 'AES-CBC';
  equal(await nameOf(subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, new Uint8Array(16))), 'InvalidAccessError');
  equal(structuredClone(key).algorithm.name, 'AES-GCM');
  await rejects(() => subtle.encrypt({ name: 'AES-GCM' }, key, new Uint8Array(1)), TypeError);
});

test('a private number that is not less than the order of the curve is no key', async () => {
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const text = `3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420${order}`;
  const pkcs8 = Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16));
  equal(await nameOf(subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])), 'DataError');
});

test('a salt longer than the key has room for is told before the work', async () => {
  const kind = { name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const { privateKey } = await subtle.generateKey(kind, false, ['sign', 'verify']);
  equal((await subtle.sign({ name: 'RSA-PSS', saltLength: 94 }, privateKey, bytes('a'))).byteLength, 128);
  const error = await rejects(subtle.sign({ name: 'RSA-PSS', saltLength: 95 }, privateKey, bytes('a')), DOMException);
  equal(error.name, 'OperationError');
  equal(error.cause.code, 'ERR_OUT_OF_RANGE');
});

test('memory that threads share is no input', async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  await rejects(subtle.digest('SHA-256', shared), TypeError);
  await rejects(subtle.importKey('raw', shared, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']), TypeError);
  equal(hex(await subtle.digest('SHA-256', new DataView(new ArrayBuffer(0)))).slice(0, 8), 'e3b0c442');
});

test('null is a JsonWebKey without members', async () => {
  equal(await nameOf(subtle.importKey('jwk', null, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])), 'DataError');
});

await run();
