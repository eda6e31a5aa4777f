import bcrypt from 'bcryptjs';
import { v4, v5, v7, validate } from 'uuid';
import { nanoid, customAlphabet } from 'nanoid';
import CryptoJS from 'crypto-js';
import nacl from 'tweetnacl';
import { sha256 } from '@noble/hashes/sha2.js';
import { createHash, randomUUID } from 'node:crypto';
console.log(bcrypt.compareSync('pw', bcrypt.hashSync('pw', 4)), await bcrypt.compare('no', await bcrypt.hash('pw', 4)));
console.log(validate(v4()), v5('a', v5.DNS), validate(v7()), nanoid().length, customAlphabet('a', 5)(), validate(randomUUID()));
console.log(
  CryptoJS.SHA256('a').toString(),
  CryptoJS.AES.decrypt(CryptoJS.AES.encrypt('m', 'k').toString(), 'k').toString(CryptoJS.enc.Utf8),
  nacl.sign.keyPair().publicKey.length,
);
console.log(Buffer.from(sha256(new TextEncoder().encode('a'))).toString('hex') === createHash('sha256').update('a').digest('hex'));
