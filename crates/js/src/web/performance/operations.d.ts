// The operations of web/performance, as its Rust has them.

interface Operations {
  /** Milliseconds since the time origin. */
  monotonicNow(): number;
  monotonicParts(): [seconds: number, nanoseconds: number];
  /** Milliseconds since 1970. */
  timeOrigin(): number;
}
