// The operations of web/performance, as its Rust has them.

interface Operations {
  /** In milliseconds: when the first turn began, -1 before it, and how long the loop has been blocked. */
  loopTimes(): [started: number, idle: number];
  /** Milliseconds since the time origin. */
  monotonicNow(): number;
  monotonicParts(): [seconds: number, nanoseconds: number];
  /** Milliseconds since 1970. */
  timeOrigin(): number;
}
