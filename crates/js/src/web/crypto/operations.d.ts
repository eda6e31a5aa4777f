// The operations of web/crypto, as its Rust has them. `later` is whether they work on the blocking pool.

/** A key. */
interface NativeKey {
  readonly nativeKey: unique symbol;
}
/** A digest or an HMAC under way. */
interface NativeHash {
  readonly nativeHash: unique symbol;
}
/** A code of OpenSSL's providers under way. */
interface NativeMac {
  readonly nativeMac: unique symbol;
}
/** A message on its way through a cipher. */
interface NativeCipher {
  readonly nativeCipher: unique symbol;
}
interface NativeDh {
  readonly nativeDh: unique symbol;
}
interface NativeEcdh {
  readonly nativeEcdh: unique symbol;
}
interface NativeCertificate {
  readonly nativeCertificate: unique symbol;
}
type CertificateFacts = {
  subject?: string;
  issuer?: string;
  alternatives?: string;
  access?: string;
  from: string;
  to: string;
  sha1: string;
  sha256: string;
  sha512: string;
  /** Object identifiers, with spaces between. */
  purposes: string;
  serial: string;
  algorithm?: string;
  algorithmObject: string;
  pem: string;
  isAuthority: boolean;
};
type Octets = Uint8Array<ArrayBuffer>;
type Source = ArrayBufferView | ArrayBufferLike;
type KeyEncoding = 'pkcs1' | 'pkcs8' | 'sec1' | 'spki';
type KeyDetails = [
  bits: number | undefined,
  divisorBits: number | undefined,
  exponent: string | undefined,
  curve: string | undefined,
  digest: string | undefined,
  maskDigest: string | undefined,
  saltLength: number | undefined,
];
type CipherFacts = [mode: string, name: string, number: number, blockSize: number, ivLength: number, keyLength: number, isAuthenticated: boolean];

interface Operations {
  agreeSecret(privateKey: NativeKey, publicKey: NativeKey, later: boolean): Octets | Promise<Octets>;
  /** The costs are `[parallelism, length, memory, passes]`. */
  argon2Bytes(
    kind: string,
    message: NativeKey | Source,
    nonce: Source,
    costs: number[],
    secret: Source | undefined,
    data: Source | undefined,
    later: boolean,
  ): Octets | Promise<Octets>;
  /** The kind is 0 to encrypt, 1 to decrypt, 2 to sign without a digest, 3 to recover what was signed so. */
  asymmetricCrypt(
    kind: number,
    key: NativeKey,
    padding: number,
    digest: string | undefined,
    label: Source | undefined,
    bytes: Source,
    later: boolean,
  ): Octets | Promise<Octets>;
  base64UrlBytes(text: string): Octets | undefined;
  base64UrlText(bytes: Source): string;
  certificateBytes(certificate: NativeCertificate): Octets;
  /** The name in it that is meant; null for what is no address. */
  certificateCheck(certificate: NativeCertificate, kind: 'host' | 'email' | 'ip', name: string, flags: number): string | undefined | null;
  certificateFacts(certificate: NativeCertificate): CertificateFacts;
  certificateIssuedBy(certificate: NativeCertificate, other: NativeCertificate): boolean;
  certificateKey(certificate: NativeCertificate): NativeKey;
  certificateOpen(bytes: Source): NativeCertificate;
  certificateVerify(certificate: NativeCertificate, key: NativeKey): boolean;
  cipherFacts(nameOrNumber: string | number): CipherFacts | undefined;
  cipherFinish(cipher: NativeCipher): [bytes: Octets, tag: Octets | undefined];
  cipherNames(): string[];
  cipherOpen(name: string, encrypts: boolean, key: NativeKey | Source, iv: Source | undefined, tagLength: number | undefined): NativeCipher;
  cipherSetData(cipher: NativeCipher, data: Source, length: number | undefined): void;
  cipherSetPadding(cipher: NativeCipher, padding: boolean): void;
  cipherSetTag(cipher: NativeCipher, tag: Source): void;
  cipherUpdate(cipher: NativeCipher, data: string | Source): Octets;
  /** A whole message; the tag of an authenticated one stands behind it. */
  cipherWhole(
    name: string,
    encrypts: boolean,
    key: NativeKey | Source,
    iv: Source | undefined,
    data: Source | undefined,
    tagLength: number | undefined,
    message: Source,
    later: false,
  ): Octets;
  cipherWhole(
    name: string,
    encrypts: boolean,
    key: NativeKey | Source,
    iv: Source | undefined,
    data: Source | undefined,
    tagLength: number | undefined,
    message: Source,
    later: boolean,
  ): Octets | Promise<Octets>;
  /** The version of OpenSSL. */
  cryptoVersion(): string;
  curveNames(): string[];
  decapsulateSecret(privateKey: NativeKey, ciphertext: Source, later: boolean): Octets | Promise<Octets>;
  dhFaults(exchange: NativeDh): number;
  dhGenerate(exchange: NativeDh): Octets;
  /** 0 is the prime, 1 the generator, 2 the public and 3 the private key. */
  dhNumber(exchange: NativeDh, which: number): Octets | undefined;
  /** Undefined if no group has this name. */
  dhOpen(primeOrNameOrLength: Source | string | number, generator: Source | number | undefined): NativeDh | undefined;
  dhSecret(exchange: NativeDh, otherPublicKey: Source): Octets;
  dhSet(exchange: NativeDh, isPrivate: boolean, bytes: Source): void;
  /** cSHAKE where the name is `cshake128` or `cshake256`. */
  digestBytes(
    name: string,
    bytes: Source,
    length: number | undefined,
    later: boolean,
    functionName: Source | undefined,
    customization: Source | undefined,
  ): Octets | Promise<Octets>;
  ecdhConvert(curve: string, point: Source, form: number): Octets;
  ecdhGenerate(exchange: NativeEcdh): void;
  ecdhOpen(curve: string): NativeEcdh | undefined;
  ecdhPrivate(exchange: NativeEcdh): Octets;
  ecdhPublic(exchange: NativeEcdh, form: number): Octets;
  ecdhSecret(exchange: NativeEcdh, otherPublicKey: Source): Octets;
  ecdhSet(exchange: NativeEcdh, isPrivate: boolean, bytes: Source): void;
  encapsulateSecret(key: NativeKey, later: boolean): [shared: Octets, ciphertext: Octets] | Promise<[shared: Octets, ciphertext: Octets]>;
  /** Both have the same length. */
  equalBytes(left: Source, right: Source): boolean;
  hashCopy(hash: NativeHash, length: number | undefined): NativeHash;
  /** 0 gives bytes, 1 hexadecimal text, 2 base64, 3 base64url, 4 Latin-1. */
  hashFinish(hash: NativeHash, format: 0): Octets;
  hashFinish(hash: NativeHash, format: number): Octets | string;
  hashNames(): string[];
  /** Undefined if there is no such digest. */
  hashOnce(name: string, data: string | Source, format: number, length: number | undefined): Octets | string | undefined;
  hashOpen(name: string, length: number | undefined): NativeHash | undefined;
  hashUpdate(hash: NativeHash, data: string | Source): void;
  hkdfBytes(name: string, key: NativeKey | Source, salt: Source, info: Source, length: number, later: boolean): Octets | Promise<Octets>;
  hmacOnce(name: string, key: NativeKey | Source, bytes: Source): Octets;
  hmacOpen(name: string, key: NativeKey | Source): NativeHash | undefined;
  keyBytes(key: NativeKey | Source): Octets;
  keyDetails(key: NativeKey): KeyDetails;
  keyEquals(left: NativeKey, right: NativeKey): boolean;
  keyFromNumbers(numbers: Source[]): NativeKey;
  keyFromPoint(curve: string, point: Source | undefined, number: Source | undefined): NativeKey;
  keyFromRaw(kind: string, isPrivate: boolean, bytes: Source): NativeKey;
  keyFromSecret(bytes: Source): NativeKey;
  /** Node's name of its kind. */
  keyKind(key: NativeKey): string | undefined;
  keyNumber(key: NativeKey): Octets;
  keyPair(kind: string, parameters: any[], later: boolean): NativeKey | Promise<NativeKey>;
  keyPoint(key: NativeKey, compressed: boolean): Octets;
  keyPublic(key: NativeKey): NativeKey;
  keyRaw(key: NativeKey, privateHalf: boolean): Octets;
  /** Without an encoding it is PEM. */
  keyRead(isPrivate: boolean, bytes: Source, encoding: string | undefined, passphrase: Source | undefined): NativeKey;
  keyRsaNumbers(key: NativeKey): Octets[];
  keyWrite(key: NativeKey, encoding: string, asPem: false, cipher: string | undefined, passphrase: Source | undefined): Octets;
  keyWrite(key: NativeKey, encoding: string, asPem: boolean, cipher: string | undefined, passphrase: Source | undefined): Octets | string;
  kmacOnce(bits: number, key: NativeKey | Source, customization: Source, bytes: Source, length: number): Octets;
  /** In the form of this number, as `hashFinish`. */
  macFinish(mac: NativeMac, format: 0): Octets;
  macFinish(mac: NativeMac, format: number): Octets | string;
  macNames(): string[];
  /** Each of what comes behind the key is undefined where it is not given. */
  macOpen(
    name: string,
    key: NativeKey | Source,
    digest: string | undefined,
    cipher: string | undefined,
    iv: Uint8Array | undefined,
    customization: Uint8Array | undefined,
    salt: Uint8Array | undefined,
    length: number | undefined,
  ): NativeMac;
  macUpdate(mac: NativeMac, data: string | Source): void;
  pbkdf2Bytes(
    name: string,
    password: NativeKey | Source,
    salt: Source,
    iterations: number,
    length: number,
    later: boolean,
  ): Octets | Promise<Octets>;
  pkcs12Open(bytes: Source, passphrase: string): [key: NativeKey | undefined, certificate: Octets | undefined, others: Octets[]];
  primeCheck(bytes: Source, checks: number, later: boolean): boolean | Promise<boolean>;
  primeGenerate(bits: number, safe: boolean, add: Source | undefined, rem: Source | undefined, later: boolean): Octets | Promise<Octets>;
  randomFill(bytes: Source, offset: number, length: number): void;
  randomLater(length: number): Promise<Octets>;
  randomUuid(): string;
  scryptBytes(
    password: Source,
    salt: Source,
    n: number,
    r: number,
    p: number,
    mostMemory: number,
    length: number,
    later: boolean,
  ): Octets | Promise<Octets>;
  signBytes(
    key: NativeKey,
    digest: string | undefined,
    padding: number | undefined,
    saltLength: number | undefined,
    asP1363: boolean,
    context: Source | undefined,
    bytes: Source,
    areDigest: boolean,
    later: boolean,
  ): Octets | Promise<Octets>;
  verifyBytes(
    key: NativeKey,
    digest: string | undefined,
    padding: number | undefined,
    saltLength: number | undefined,
    asP1363: boolean,
    context: Source | undefined,
    bytes: Source,
    areDigest: boolean,
    signature: Source,
    later: boolean,
  ): boolean | Promise<boolean>;
}
