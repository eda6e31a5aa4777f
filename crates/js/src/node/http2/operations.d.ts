// The operations of node/http2, as its Rust has them.

/** One end of a connection. */
interface NativeHttp2Connection {
  readonly nativeHttp2Connection: unique symbol;
}

/**
 * What a connection tells; `at` is where to go on. Fields are names and values in turn, each followed by a zero character; `sensitive` are the
 * places of those that no table may keep. A head's part: 0 of a request, 1 of a response, 2 of one before it, 3 trailers; its flags are those of
 * the frame. A failure's reason: 0 the code says it, 1 no client of HTTP/2, 2 a flood, 3 too many invalid messages, 4 an answer to nothing.
 */
type Http2Event =
  | [kind: 1, at: number, stream: number, part: number, fields: string, flags: number, sensitive?: number[]]
  | [kind: 2, at: number, stream: number, from: number, to: number]
  | [kind: 3, at: number, stream: number]
  | [kind: 4, at: number, stream: number, code: number, byPeer: boolean]
  | [kind: 5, at: number, parent: number, stream: number, fields: string, sensitive?: number[]]
  | [kind: 6, at: number]
  | [kind: 7, at: number]
  | [kind: 8, at: number, payload: Uint8Array]
  | [kind: 9, at: number, payload: Uint8Array]
  | [kind: 10, at: number, last: number, code: number, data: Uint8Array]
  | [kind: 11, at: number, stream: number, origin: string, value: string]
  | [kind: 12, at: number, origins: string]
  | [kind: 13, at: number, stream: number, code: number]
  | [kind: 14, at: number, stream: number, parent: number, weight: number, exclusive: boolean]
  | [kind: 15, at: number, code: number, why: number, reason: string];

/** The bounds of what a peer can cost, by the names of Node's options; the last two are numbers for what Node tells otherwise. */
interface Http2Limits {
  maxDeflateDynamicTableSize: number;
  maxHeaderListPairs: number;
  peerMaxConcurrentStreams: number;
  maxSettings: number;
  maxSessionInvalidFrames: number;
  streamResetBurst: number;
  streamResetRate: number;
  paddingStrategy: number;
  strictFieldWhitespaceValidation: number;
}

/**
 * Calls that can be refused answer 0, or a stream, or: -1 the stream is over, -2 the connection is, -3 there are no numbers left, -4 no pushed
 * streams are wanted, -5 a number that cannot be. `sensitive` is names, each followed by a zero character.
 */
interface Operations {
  http2AltSvc(connection: NativeHttp2Connection, stream: number, origin: string, value: string): void;
  http2Connection(isClient: boolean, packedSettings: Uint8Array, limits: Http2Limits): NativeHttp2Connection;
  /** Data was used: the peer may send as much again. Stream 0 is the connection alone, another the stream alone. */
  http2Consume(connection: NativeHttp2Connection, stream: number, count: number): void;
  http2Data(connection: NativeHttp2Connection, stream: number, bytes: Uint8Array): number;
  http2End(connection: NativeHttp2Connection, stream: number): number;
  http2GoAway(connection: NativeHttp2Connection, code: number, last: number, data: Uint8Array): void;
  http2HasOutput(connection: NativeHttp2Connection): boolean;
  http2Headers(connection: NativeHttp2Connection, stream: number, fields: string, sensitive: string, ends: boolean): number;
  http2Origin(connection: NativeHttp2Connection, origins: string): void;
  http2Ping(connection: NativeHttp2Connection, payload: Uint8Array): void;
  http2Push(connection: NativeHttp2Connection, parent: number, fields: string, sensitive: string): number;
  http2Receive(connection: NativeHttp2Connection, chunk: Uint8Array, at: number): Http2Event | undefined;
  /** A weight of 0 tells no priority, a negative one that it is exclusive. */
  http2Request(
    connection: NativeHttp2Connection,
    fields: string,
    sensitive: string,
    ends: boolean,
    weight: number,
    parent: number,
  ): number;
  http2Reset(connection: NativeHttp2Connection, stream: number, code: number): number;
  http2SetNextStream(connection: NativeHttp2Connection, stream: number): number;
  http2SetWindow(connection: NativeHttp2Connection, size: number): number;
  http2Settings(connection: NativeHttp2Connection, packed: Uint8Array): void;
  /** Numbers and values of settings in turn. */
  http2SettingsOf(connection: NativeHttp2Connection, isRemote: boolean): number[];
  /**
   * This side's window; how much of it is used; the next stream; what is left of the window; the peer's last stream; what is left of its window;
   * bytes that wait; bytes in the table for writing, and in that for reading; frames that came, and that were sent.
   */
  http2State(connection: NativeHttp2Connection): number[];
  /** The state (RFC 9113, 5.1, as nghttp2 numbers it); whether this side is over; whether the peer's is; what is left of its window; its weight. */
  http2StreamState(connection: NativeHttp2Connection, stream: number): number[];
  /** What is to be sent, data up to `limit` bytes. */
  http2Take(connection: NativeHttp2Connection, limit: number): Uint8Array<ArrayBuffer> | undefined;
  http2Terminate(connection: NativeHttp2Connection, code: number): void;
  http2Trailers(connection: NativeHttp2Connection, stream: number, fields: string, sensitive: string): number;
  /** The streams whose pieces were sent, once for each piece. */
  http2Written(connection: NativeHttp2Connection): number[] | undefined;
}
