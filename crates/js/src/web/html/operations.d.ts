// The operations of web/html, as its Rust has them.

interface Operations {
  /** Numbers of `startImmediate` only. */
  cancelImmediate(number: number): void;
  cancelTimer(number: number): void;
  /** A copy; `transfer` lists what moves. */
  structuredClone(value: any, transfer: any[] | undefined): any;
  /** What it throws is an uncaught exception. */
  enqueueMicrotask(callback: () => void): void;
  referenceTimer(number: number, referenced: boolean): void;
  setTimerCallback(run: (timer: any) => void): void;
  /** A number, never 0. */
  startImmediate(immediate: object): number;
  /** A number, never 0. */
  startTimer(timer: object, milliseconds: number, referenced: boolean): number;
}
