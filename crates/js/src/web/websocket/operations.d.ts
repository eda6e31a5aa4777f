interface Operations {
  /** Opens the socket of this number; `protocols` is joined with `, `. */
  wsConnect(number: number, url: string, protocols: string): Promise<[protocol: string, extensions: string]>;
  /** Gives up a connection that is being made. */
  wsAbort(number: number): void;
  /** The next message, or how the connection ended. */
  wsReceive(number: number): Promise<string | Uint8Array<ArrayBuffer> | [code: number, reason: string, wasClean: boolean]>;
  wsSend(number: number, message: string | Uint8Array): void;
  /** The closing handshake; code 0 is none. */
  wsClose(number: number, code: number, reason: string): void;
  wsDrop(number: number): void;
  wsBufferedAmount(number: number): number;
}
