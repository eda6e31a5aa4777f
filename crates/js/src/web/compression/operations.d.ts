// The operations of web/compression, as its Rust has them; node/zlib calls them too.

/** A stream that compresses or decompresses. */
interface NativeCoder {
  readonly nativeCoder: unique symbol;
}
type CoderResult = [output: Uint8Array<ArrayBuffer>, read: number, more: boolean, isAtEnd: boolean];

interface Operations {
  /** CRC-32. */
  checksum(bytes: Uint8Array, value: number): number;
  coderLevel(coder: NativeCoder, level: number): void;
  /** The mode by Node's number; for deflate `[level, windowBits, memLevel, strategy]`, else parameters and values in turn. */
  coderOpen(mode: number, settings: number[], dictionary: Uint8Array | undefined): NativeCoder;
  coderReset(coder: NativeCoder): void;
  /** All there is, up to one byte more than the limit. */
  coderRun(coder: NativeCoder, input: Uint8Array, flush: number, limit: number, sync: true): CoderResult;
  coderRun(coder: NativeCoder, input: Uint8Array, flush: number, limit: number, sync: false): Promise<CoderResult>;
  /** Gives back what it takes, once it is not at work; it is of no use afterwards. */
  coderEnd(coder: NativeCoder): void;
  /** So much output at most. */
  coderStep(coder: NativeCoder, input: Uint8Array, flush: number, most: number, sync: true): CoderResult;
  coderStep(coder: NativeCoder, input: Uint8Array, flush: number, most: number, sync: false): Promise<CoderResult>;
}
