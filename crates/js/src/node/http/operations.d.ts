// The operations of node/http, as its Rust has them.

/** A parser of one side of a connection. */
interface NativeHttpParser {
  readonly nativeHttpParser: unique symbol;
}

/**
 * What a connection tells; `at` is where to go on. Of a head: the method and the target, or the status and the reason; the minor version (9 of
 * HTTP/0.9); the fields (names and values in turn, each followed by a zero character); flags: 1 the connection may go on, 2 it upgrades, 4 `100-continue` is
 * expected, 8 something else is expected, 16 it has a body, 32 it names its host.
 */
type HttpEvent =
  | [kind: 1, at: number, first: any, second: string, minor: number, fields: string, flags: number]
  | [kind: 2, at: number, from: number, to: number]
  | [kind: 3, at: number, trailers?: string]
  | [kind: 4, at: number, code: string, reason: string];

interface Operations {
  /** The connection has ended. */
  httpFinish(parser: NativeHttpParser): HttpEvent | undefined;
  /** What follows the head that was just told is not HTTP. */
  httpHandOver(parser: NativeHttpParser): void;
  /** Whether a message has begun and is not over. */
  httpIsWithin(parser: NativeHttpParser): boolean;
  httpParse(parser: NativeHttpParser, chunk: Uint8Array, at: number): HttpEvent | undefined;
  /** Lenient, it takes field values with control characters, and those that go on in the next line. */
  httpParser(readsResponses: boolean, limit: number, isLenient: boolean): NativeHttpParser;
  /** Begins anew, for another connection. */
  httpReset(parser: NativeHttpParser, limit: number, isLenient: boolean): void;
  /** The message whose head was just told has no body. */
  httpSkipBody(parser: NativeHttpParser): void;
}
