/** What a native server tells, each time in an entry of the turn. Flags of a request: 1 it has a body, 2 it came by TLS, 4 it asks for a WebSocket. */
type ServerReceivers = [
  request: (server: number, exchange: number, method: string, target: string, fields: string, flags: number) => void,
  message: (object: any, message: string | Uint8Array<ArrayBuffer>) => void,
  drained: (object: any) => void,
  closed: (object: any, code: number, reason: string, wasClean: boolean, address: string) => void,
  pinged: (object: any, payload: Uint8Array<ArrayBuffer>) => void,
  ponged: (object: any, payload: Uint8Array<ArrayBuffer>) => void,
];
interface NativeAccessLog {
  readonly nativeAccessLog: unique symbol;
}

type SocketLimits = [message: number, queued: number, compresses: number, ping: number, idle: number, code: number, drains: number];
/** The first counts for names that are not told, and for what clients are asked for. */
type ServerCertificate = [
  certificate: string,
  key: string,
  password: string | undefined,
  authorities: string | undefined,
  optional: boolean,
  name: string | undefined,
];
type ServerContent = string | Uint8Array | KeptBytes | null;
type Endpoint = [address: string, port: number];

interface Operations {
  serverSetReceivers(functions: ServerReceivers): void;
  /**
   * A server that listens. The place is a host's name or address, a path, or a descriptor's number; flags: 1 only IPv6, 2 a shared port, 4 the place
   * is a path. Limits: bytes of a head, bytes of a body, seconds of idleness; the bytes from which on an answer is compressed, below zero none is.
   */
  serverStart(
    place: string | number,
    port: number,
    flags: number,
    certificates: ServerCertificate[] | undefined,
    limits: [head: number, body: number, idle: number, compress: number],
  ): number;
  /** A socket that is bound for other processes to listen at, and stays so; as `serverStart`, without a descriptor. A path has no address. */
  serverBind(place: string, port: number, flags: number): [descriptor: number, address: string | null, port: number | null];
  serverAddress(server: number): Endpoint | null;
  serverConnections(server: number): number;
  serverIdentity(server: number, certificates: ServerCertificate[]): void;
  /** A log of requests, on the standard output without a path. */
  accessLogOpen(path: string | undefined): NativeAccessLog;
  accessLogReopen(log: NativeAccessLog, path: string): void;
  accessLogLine(
    log: NativeAccessLog,
    address: string,
    method: string,
    target: string,
    version: string,
    status: number,
    bytes: number,
  ): void;
  /** Resolves when what was told is written, or nobody has read it for long. */
  accessLogFlushed(log: NativeAccessLog): Promise<void>;
  /** Has a log follow a server's requests from now on, or none. */
  serverSetLog(server: number, log: NativeAccessLog | undefined): void;
  serverReference(server: number, on: boolean): void;
  /** Resolves when nothing of it is left. */
  serverStop(server: number, atOnce: boolean): Promise<void>;

  /** By what an answer of another server is to be coded; `identity`, if its client takes nothing else, nothing, if it stays as it is for everybody. The length is below zero where it is not known. */
  serverCoding(accepted: string, status: number, fields: string, length: number, smallest: number): string | undefined;
  /** Whether there was anybody to answer. `isLast`: nobody has the content after this. Fields are `name:value\n` for each. */
  serverRespond(exchange: number, status: number, fields: string, content: ServerContent, isLast: boolean): boolean;
  serverBegin(exchange: number, status: number, fields: string): boolean;
  /** How many bytes wait now; -1 when the client has gone. */
  serverWrite(exchange: number, content: ServerContent): number;
  /** Resolves to whether the client is there and has read enough for more. */
  serverReady(exchange: number): Promise<boolean>;
  serverFinish(exchange: number): void;
  /** Cuts it when nothing moves for so long; 0 takes that back. */
  serverTimeout(exchange: number, seconds: number): void;
  serverCut(exchange: number): void;
  /** Resolves when the exchange has ended, to whether the client went before it was answered. */
  serverGone(exchange: number): Promise<boolean>;
  /** The body, as `ResponseHead` has it. */
  serverBody(exchange: number): string | Uint8Array<ArrayBuffer> | KeptBytes | number;
  serverPeer(exchange: number): Endpoint | null;

  /** A folder that is served. */
  serverFolder(
    path: string,
    index: string,
    hidden: boolean,
    precompressed: boolean,
    cacheControl: string | undefined,
    compress: number,
  ): object;
  /** What a client gets that asks for something in a folder, or for a file whose path is given. */
  serverFile(
    place: object | string,
    method: string,
    target: string,
    fields: string,
    compress: number,
  ): Promise<[status: number, fields: string, body: null | Uint8Array<ArrayBuffer> | KeptBytes | number]>;
  /** Answers with a body that is arriving; resolves when it has left, or nobody wants it any more. */
  serverPipe(exchange: number, status: number, fields: string, body: number): Promise<void>;

  /**
   * The socket that the exchange becomes, or why it does not. Options: bytes of a message, bytes that may wait, compression, seconds until a ping,
   * seconds until it is given up, the code that it is told then, and whether it hears that nothing waits any more.
   */
  serverUpgrade(
    exchange: number,
    object: any,
    protocol: string | undefined,
    fields: string,
    options: SocketLimits,
  ): number | string;
  /** How many bytes wait now; -1 when the socket is closed, -2 when too much waits. */
  serverSocketSend(socket: number, message: string | Uint8Array | ArrayBuffer, compresses: boolean): number;
  serverSocketClose(socket: number, code: number, reason: string): void;
  serverSocketTerminate(socket: number): void;
  serverSocketPing(socket: number, content: ServerContent, isPong: boolean): number;
  serverSocketQueued(socket: number, isHeldUp: boolean): number;
  serverSocketPeer(socket: number): Endpoint | null;
  serverSubscribe(socket: number, server: number, topic: string, on: boolean): void;
  serverSubscribers(server: number, topic: string): number;
  /** To all that listen but one socket; how many there are. */
  serverPublish(server: number, topic: string, message: string | Uint8Array, except: number): number;
}
