import * as jose from 'jose';
const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const jwt = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: 'HS256' }).setIssuedAt(1).sign(secret);
console.log(jwt, (await jose.jwtVerify(jwt, secret)).payload);
for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  const t = await new jose.SignJWT({ x: alg }).setProtectedHeader({ alg }).sign(privateKey);
  console.log(
    (await jose.jwtVerify(t, publicKey)).payload,
    (await jose.exportJWK(publicKey)).kty,
    (await jose.exportSPKI(publicKey)).split('\n')[0],
  );
}
const jwe = await new jose.EncryptJWT({ s: 1 }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(secret);
console.log((await jose.jwtDecrypt(jwe, secret)).payload);
console.log(await jose.jwtVerify(`${jwt}x`, secret).catch((e) => e.code));
