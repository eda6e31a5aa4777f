// `Certificate` (https://nodejs.org/api/crypto.html#class-certificate): signed public keys and challenges (SPKAC), which browsers made of the element
// `keygen`. Base64 of DER: SEQUENCE { SEQUENCE { public key, challenge }, algorithm, signature }.
'use strict';

const { nodeError } = require('node/errors');
const { Buffer, wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { bytesFrom } = require('node/crypto/values');
const { createPublicKey } = require('node/crypto/keys');
const { verify } = require('node/crypto/sign');
const { copyBytes, join, push, replaceAll, regExp, subarray, viewByteLength } = require('builtins/primordials');
const { decodeText } = ops;

const spaces = regExp(/\s/g);
const most = 2 ** 31 - 1;
/** Digests by the object identifiers of signatures; those of Edwards' curves have none of their own. @type {Record<string, string | null>} */
const digests = {
  __proto__: /** @type {any} */ (null),
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.10040.4.3': 'sha1',
  '2.16.840.1.101.3.4.3.2': 'sha256',
  '1.3.101.112': null,
  '1.3.101.113': null,
};

/** An element of DER. @typedef {{ tag: number, whole: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer> }} Element */

/** The elements in some bytes; undefined for what is no DER. @param {Uint8Array<ArrayBuffer>} bytes @returns {Element[] | undefined} */
function elementsOf(bytes) {
  /** @type {Element[]} */
  const elements = [];
  let start = 0;
  const end = viewByteLength(bytes);
  while (start < end) {
    let place = start + 2;
    let length = bytes[start + 1];
    if (length === undefined) return undefined;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || place + count > end) return undefined;
      length = 0;
      for (let index = 0; index < count; index += 1) length = length * 256 + bytes[place + index];
      place += count;
    }
    if (place + length > end) return undefined;
    push(elements, { tag: bytes[start], whole: subarray(bytes, start, place + length), content: subarray(bytes, place, place + length) });
    start = place + length;
  }
  return elements;
}

/** An object identifier with its points. @param {Uint8Array<ArrayBuffer>} bytes */
function identifierOf(bytes) {
  /** @type {number[]} */
  const parts = [];
  let value = 0;
  for (let index = 0; index < viewByteLength(bytes); index += 1) {
    value = value * 128 + (bytes[index] & 0x7f);
    if (bytes[index] & 0x80) continue;
    if (parts.length === 0) {
      const first = value < 80 ? (value < 40 ? 0 : 1) : 2;
      push(parts, first, value - first * 40);
    } else {
      push(parts, value);
    }
    value = 0;
  }
  return join(parts, '.');
}

/** @param {any} given @param {any} [encoding] */
function parse(given, encoding) {
  const bytes = bytesFrom(given, 'spkac', encoding);
  if (viewByteLength(bytes) > most) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', 'spkac is too big');
  const text = replaceAll(decodeText('latin1', bytes, false, true), spaces, '');
  const whole = elementsOf(copyBytes(Buffer.from(text, 'base64')));
  if (whole?.length !== 1 || whole[0].tag !== 0x30) return undefined;
  const outer = elementsOf(whole[0].content);
  if (outer?.length !== 3 || outer[0].tag !== 0x30 || outer[1].tag !== 0x30 || outer[2].tag !== 0x03) return undefined;
  const [signed, algorithm, signature] = [outer[0], outer[1], outer[2]];
  const inner = elementsOf(signed.content);
  const kind = elementsOf(algorithm.content);
  // The challenge is text of ASCII.
  if (inner?.length !== 2 || inner[1].tag !== 0x16 || kind === undefined || kind.length === 0 || kind[0].tag !== 0x06) return undefined;
  return {
    signed: signed.whole,
    key: inner[0].whole,
    challenge: inner[1].content,
    digest: digests[identifierOf(kind[0].content)],
    // Behind the number of bits that are not used.
    signature: subarray(signature.content, 1),
  };
}

/** @param {ReturnType<typeof parse>} spkac */
function keyIn(spkac) {
  if (spkac === undefined) return undefined;
  try {
    return createPublicKey({ key: wrap(copyBytes(spkac.key)), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** Whether the signature is that of the key. @param {any} spkac @param {any} [encoding] */
function verifySpkac(spkac, encoding = undefined) {
  const parsed = parse(spkac, encoding);
  const key = keyIn(parsed);
  if (parsed === undefined || key === undefined || parsed.digest === undefined) return false;
  try {
    return verify(parsed.digest, parsed.signed, key, parsed.signature);
  } catch {
    return false;
  }
}

/** The key as PEM; nothing for what has none. @param {any} spkac @param {any} [encoding] */
function exportPublicKey(spkac, encoding = undefined) {
  const key = keyIn(parse(spkac, encoding));
  return key === undefined ? '' : Buffer.from(key.export({ type: 'spki', format: 'pem' }));
}

/** @param {any} spkac @param {any} [encoding] */
function exportChallenge(spkac, encoding = undefined) {
  const parsed = parse(spkac, encoding);
  return parsed === undefined ? '' : wrap(copyBytes(parsed.challenge));
}

/** A function, which old programs call without `new`. @this {any} */
function Certificate() {
  if (!new.target) return new /** @type {any} */ (Certificate)();
}
Certificate.exportChallenge = exportChallenge;
Certificate.exportPublicKey = exportPublicKey;
Certificate.verifySpkac = verifySpkac;
Certificate.prototype.verifySpkac = verifySpkac;
Certificate.prototype.exportPublicKey = exportPublicKey;
Certificate.prototype.exportChallenge = exportChallenge;

module.exports = { Certificate };
