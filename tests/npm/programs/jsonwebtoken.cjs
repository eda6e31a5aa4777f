const jwt = require('jsonwebtoken');
const crypto = require('node:crypto');
console.log(jwt.sign({ a: 1, iat: 1 }, 'k'), jwt.verify(jwt.sign({ a: 1, iat: 1 }, 'k'), 'k'));
const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
console.log(jwt.verify(jwt.sign({ b: 2, iat: 1 }, privateKey, { algorithm: 'RS256' }), publicKey));
try {
  jwt.verify(jwt.sign({}, 'k', { expiresIn: -1 }), 'k');
} catch (e) {
  console.log(e.name, e.message);
}
