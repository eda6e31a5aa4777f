// The operations of web/console, as its Rust has them.

interface Operations {
  /** Whether to colour what is written there. */
  hasColors(descriptor: 1 | 2): boolean;
  isTerminal(descriptor: 1 | 2): boolean;
  /** Columns and rows; undefined when it is no terminal. */
  terminalSize(descriptor: 1 | 2): [columns: number, rows: number] | undefined;
  writeOutput(descriptor: 1 | 2, text: string | Uint8Array): void;
}
