interface Operations {
  encodeUtf8(text: string): Uint8Array<ArrayBuffer>;
  /** How many bytes were written if the whole string fits whatever it is, else how many units were read as well. */
  encodeUtf8Into(text: string, destination: Uint8Array): number | [read: number, written: number];
  /** The name of an encoding in lower case by one of its labels. */
  encodingOf(label: string): string | undefined;
  decodeText(encoding: string, bytes: Uint8Array, fatal: boolean, ignoreBom: boolean): string;
  /** The state of a decoder in the middle of a stream. */
  decoderStart(encoding: string, ignoreBom: boolean): object;
  decoderDecode(state: object, bytes: Uint8Array, last: boolean, fatal: boolean): string;
  /** A string of bytes; undefined for what is no base64. */
  decodeBase64(text: string): string | undefined;
  /** Undefined when a character is no byte. */
  encodeBase64(bytes: string): string | undefined;
}
