// Certificates for tests of TLS, made on the spot (X.509, RFC 5280): a root, and those that it signs. No test depends on a date that will come.
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

const bytes = (...parts) => Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part))));

/** One element of DER. */
function der(tag, ...parts) {
  const content = bytes(...parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return bytes([tag, ...head], content);
}
const sequence = (...parts) => der(0x30, ...parts);

function object(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const content = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 127];
    for (let left = number >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    content.push(...groups);
  }
  return der(6, content);
}

const name = (text) => sequence(der(0x31, sequence(object('2.5.4.3'), der(12, text))));
const time = (date) => der(0x18, `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`);
const ecdsa = sequence(object('1.2.840.10045.4.3.2'));

function extension(dotted, isCritical, content) {
  return sequence(object(dotted), ...(isCritical ? [der(1, [255])] : []), der(4, content));
}

function alternative(text) {
  if (/^[\d.]+$/.test(text)) return der(0x87, text.split('.').map(Number));
  return der(0x82, text);
}

const pem = (content) =>
  `-----BEGIN CERTIFICATE-----\n${content
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n')}\n-----END CERTIFICATE-----\n`;

const day = 86_400_000;

/**
 * A certificate with its key: of itself, or signed by `issuer`.
 * @param {{ subject: string, names?: string[], issuer?: any, isAuthority?: boolean, from?: Date, to?: Date }} options
 */
export function certificate({ subject, names = [], issuer, isAuthority = false, from, to }) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const extensions = [extension('2.5.29.19', true, isAuthority ? sequence(der(1, [255])) : sequence())];
  if (names.length > 0) extensions.push(extension('2.5.29.17', false, sequence(...names.map(alternative))));
  const serial = randomBytes(8);
  serial[0] = 1;
  const body = sequence(
    der(0xa0, der(2, [2])),
    der(2, serial),
    ecdsa,
    name(issuer?.subject ?? subject),
    sequence(time(from ?? new Date(Date.now() - day)), time(to ?? new Date(Date.now() + 30 * day))),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = createSign('sha256')
    .update(body)
    .sign(issuer?.privateKey ?? privateKey);
  const cert = pem(sequence(body, ecdsa, der(3, [0], signature)));
  return { subject, privateKey, key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert };
}

/** A root. */
export const authority = certificate({ subject: 'Test Root', isAuthority: true });
/** What servers of this machine show. */
export const local = certificate({ subject: 'localhost', names: ['localhost', '127.0.0.1'], issuer: authority });
