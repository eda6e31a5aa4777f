// The operations of web/storage, as its Rust has them.

interface Operations {
  /** Adds lines to the log; nothing happens without a file. */
  storageAppend(lines: string): void;
  /** The log of `--localstorage-file` until now; undefined without a file. */
  storageOpen(): string | undefined;
  /** Puts another log in its place. */
  storageReplace(lines: string): void;
}
