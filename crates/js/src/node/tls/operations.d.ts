// The operations of node/tls, as its Rust has them.

/** What connections are made of; it cannot be changed once there is one. */
interface NativeTlsContext {
  readonly nativeTlsContext: unique symbol;
}
/** One end of a connection. */
interface NativeTls {
  readonly nativeTls: unique symbol;
}

interface Operations {
  /** What is known of the connection. */
  tlsAsk(tls: NativeTls, what: 'peer' | 'chain'): Uint8Array<ArrayBuffer>[] | undefined;
  tlsAsk(tls: NativeTls, what: 'own' | 'session' | 'finished' | 'peerFinished'): Uint8Array<ArrayBuffer> | undefined;
  /** What is wrong with the other end's certificate. */
  tlsAsk(tls: NativeTls, what: 'verdict'): [name: string, text: string] | undefined;
  tlsAsk(tls: NativeTls, what: 'cipher'): [name: string, standardName: string | undefined, version: string] | undefined;
  tlsAsk(tls: NativeTls, what: 'version' | 'protocol' | 'serverName'): string | undefined;
  tlsAsk(tls: NativeTls, what: 'ephemeralKey'): [kind: string, name: string | undefined, bits: number] | undefined;
  tlsAsk(tls: NativeTls, what: 'isResumed'): boolean | undefined;
  /** `RSA-PSS+SHA256` */
  tlsAsk(tls: NativeTls, what: 'sharedSignatures'): string[] | undefined;
  /** In PEM. */
  tlsAuthorities(kind: 'bundled' | 'system' | 'extra'): string[] | string;
  tlsCiphers(): string[];
  /** The socket is its owner's to close. */
  tlsClose(tls: NativeTls): void;
  tlsContext(least: string | undefined, most: string | undefined): NativeTlsContext;
  /** In DER. */
  tlsContextCertificate(context: NativeTlsContext, isIssuer: boolean): Uint8Array<ArrayBuffer> | undefined;
  tlsContextSet(context: NativeTlsContext, what: 'key', pem: Uint8Array, passphrase: Uint8Array | undefined): void;
  tlsContextSet(context: NativeTlsContext, what: 'bundle', bytes: Uint8Array, passphrase: string): void;
  tlsContextSet(context: NativeTlsContext, what: 'certificate' | 'authorities' | 'sessionContext' | 'revoked' | 'ticketKeys', bytes: Uint8Array): void;
  tlsContextSet(context: NativeTlsContext, what: 'ciphers' | 'suites' | 'groups' | 'signatures' | 'least' | 'pskHint', list: string): void;
  tlsContextSet(context: NativeTlsContext, what: 'defaultAuthorities' | 'partialChains' | 'dhAuto'): void;
  tlsContextSet(context: NativeTlsContext, what: 'options' | 'sessionTimeout', value: number): void;
  /** How long the prime is, in bits. */
  tlsContextSet(context: NativeTlsContext, what: 'dh', pem: Uint8Array): number;
  tlsEnd(tls: NativeTls): void;
  tlsExport(tls: NativeTls, length: number, label: string, context: Uint8Array | undefined): Uint8Array<ArrayBuffer> | undefined;
  tlsHello(
    tls: NativeTls,
  ):
    | [session: Uint8Array<ArrayBuffer>, serverName: string | undefined, asksForStatus: boolean, hasTicket: boolean, protocols: string[]]
    | undefined;
  /** It reads from this socket and writes to it from now on. */
  tlsJoin(tls: NativeTls, socket: NativeSocket): void;
  /** False for what is not allowed. */
  tlsMaxSendFragment(tls: NativeTls, size: number): boolean;
  tlsOpen(object: object, context: NativeTlsContext, isServer: boolean): NativeTls;
  tlsRead(tls: NativeTls, on: boolean): void;
  tlsReceive(tls: NativeTls, bytes: Uint8Array): void;
  tlsRelease(tls: NativeTls): void;
  /** Throws since TLS 1.3. */
  tlsRenegotiate(tls: NativeTls, asks: boolean | undefined, insists: boolean | undefined): void;
  /** False when it is closed. */
  tlsSet(tls: NativeTls, what: 'request', asks: boolean, insists: boolean): boolean;
  tlsSet(tls: NativeTls, what: 'serverName', name: string): boolean;
  tlsSet(tls: NativeTls, what: 'protocols' | 'status' | 'resumed' | 'session', bytes: Uint8Array): boolean;
  tlsSet(tls: NativeTls, what: 'context' | 'keyAndCertificate', context: NativeTlsContext): boolean;
  tlsSet(tls: NativeTls, what: 'requestStatus' | 'keys' | 'sessions' | 'hello' | 'psk'): boolean;
  /** In PEM or DER; how many there are. */
  tlsSetAuthorities(list: Uint8Array[]): number;
  tlsSetReceiver(
    receivers: [
      happened: (object: any, what: number, first?: any, second?: any) => void,
      received: (object: any, bytes?: Uint8Array<ArrayBuffer>) => void,
      drained: (object: any) => void,
      failed: (object: any, errno: number, isRead: boolean) => void,
      faulted: (object: any, message: string, library?: string, routine?: string, reason?: string, isWrite?: boolean) => void,
      output: (object: any, bytes: Uint8Array<ArrayBuffer>) => void,
      asked: (object: any, isServer: boolean, question: Uint8Array<ArrayBuffer> | undefined) => any,
    ],
  ): void;
  /** As `tlsWrite`. */
  tlsShutdown(tls: NativeTls): number;
  tlsStart(tls: NativeTls): void;
  tlsTicket(session: Uint8Array): Uint8Array<ArrayBuffer> | undefined;
  /** 0 when it may be taken as sent, 1 when `drained` will be told, or the error's number. */
  tlsWrite(tls: NativeTls, content: Uint8Array | string, isLatin1: boolean): number;
}
