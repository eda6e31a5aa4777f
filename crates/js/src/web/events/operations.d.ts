interface Operations {
  /** Milliseconds since the program started. */
  monotonicNow(): number;
  /** An exception that a callback threw: as if nobody had caught it. */
  reportException(error: unknown): void;
}
