/** Bytes of a body that are here whole, in Rust. */
interface KeptBytes {
  readonly __kept: true;
}

interface Operations {
  /** Whether a response with the status has no body. */
  isNullBodyStatus(status: number): boolean;
  fetchStart(method: string, url: string, headers: string, body: null | string | Uint8Array | number, redirect: string, number: number, integrity?: string, provenance?: string): Promise<ResponseHead>;
  /** Whether the bytes are what the integrity metadata says. */
  integrityAllows(bytes: Uint8Array, integrity: string): boolean;
  /** Gives up the fetch of this number. */
  fetchAbort(number: number): void;
  /** A new upload's number, which stands for the body in `fetchStart`. */
  uploadOpen(): number;
  /** True when the connection took the chunk, false when the request has ended. */
  uploadWrite(number: number, chunk: Uint8Array): Promise<boolean>;
  uploadClose(number: number, whole: boolean): void;
  /** The next chunk; undefined at the end. */
  bodyRead(number: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** These read a body that arrives, by its number, or take the bytes that are kept. */
  bodyBuffer(number: number): Promise<ArrayBuffer>;
  bodyBuffer(kept: KeptBytes): ArrayBuffer;
  bodyBytes(number: number): Promise<Uint8Array<ArrayBuffer>>;
  bodyBytes(kept: KeptBytes): Uint8Array<ArrayBuffer>;
  bodyText(number: number): Promise<string>;
  bodyText(kept: KeptBytes): string;
  bodyJson(number: number): Promise<any>;
  bodyJson(kept: KeptBytes): any;
  bodyCancel(number: number): void;
  /** The number of another body with the same bytes; undefined for one that is not here whole. */
  bodyClone(number: number): number | undefined;
  /** Copies bytes. */
  bodyKeep(bytes: Uint8Array): KeptBytes;
  /** The bytes themselves; `isLast`: nobody takes them after this. */
  bodyKept(kept: KeptBytes, isLast: boolean): Uint8Array<ArrayBuffer>;
  /** JSON in UTF-8, without a byte order mark. */
  bodyParseJson(bytes: Uint8Array): any;
}
