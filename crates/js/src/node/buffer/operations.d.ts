// The operations of node/buffer, as its Rust has them.

interface Operations {
  /** -1, 0 or 1. */
  bufferCompare(left: ArrayBufferView, right: ArrayBufferView): number;
  /** Where `wanted` stands at `from` or behind it (`step` 1, or 2 for whole UTF-16 units), or before it (negative); -1 if nowhere. */
  bufferFind(bytes: Uint8Array, wanted: Uint8Array, from: number, step: 1 | 2 | -1 | -2): number;
  /** So many bytes of memory that nobody cleared. */
  bufferUncleared(length: number): Uint8Array<ArrayBuffer>;
  bufferText(bytes: Uint8Array, encoding: number, start?: number, end?: number): string;
  /** How many bytes were written between start and end. */
  bufferWrite(bytes: Uint8Array, text: string, encoding: number, start?: number, end?: number): number;
  isAsciiBytes(bytes: ArrayBufferView | ArrayBufferLike): boolean;
  isUtf8Bytes(bytes: ArrayBufferView | ArrayBufferLike): boolean;
  utf8Length(text: string): number;
}
