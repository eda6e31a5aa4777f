interface Operations {
  /** The UTF-8 of a text: in `room`, which has a byte for each unit, if it is ASCII, and else in another array. */
  encodeUtf8(text: string, room: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  /** How many bytes the text takes in UTF-8; they are written if there is room for all. */
  encodeUtf8Into(text: string, bytes: Uint8Array): number;
  /** As far as there is room. */
  encodeUtf8Partly(text: string, destination: Uint8Array): [read: number, written: number];
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
  /** A unit for each byte. */
  latin1Text(bytes: Uint8Array): string;
}
