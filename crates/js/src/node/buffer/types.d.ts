/** What other rooms use of a Buffer. */
type BufferInstance = Uint8Array & { toString(encoding?: string, start?: number, end?: number): string } & Record<string, any>;

interface BufferClass {
  prototype: BufferInstance;
  alloc(size: number, fill?: any, encoding?: string): BufferInstance;
  byteLength(value: any, encoding?: string): number;
  concat(list: Uint8Array[], length?: number): BufferInstance;
  from(value: any, second?: any, third?: any): BufferInstance;
  isBuffer(value: any): boolean;
}
