// The operations of web/html, as its Rust has them.

interface Operations {
  /** Numbers of `startImmediate` only. */
  cancelImmediate(number: number): void;
  referenceImmediate(number: number, referenced: boolean): void;
  cancelTimer(number: number): void;
  /** 0 an object, 1 an array, 2 a map, 3 a set, 4 anything else: what the engine made it as. */
  cloneKind(value: object): number;
  /** A copy; `transfer` lists what moves. */
  structuredClone(value: any, transfer: any[] | undefined): any;
  /** What it throws is an uncaught exception. */
  enqueueMicrotask(callback: () => void): void;
  referenceTimer(number: number, referenced: boolean): void;
  /** `callbackOf` gives what a timer will call. */
  setTimerCallback(run: (timer: any) => void, callbackOf: (timer: any) => Function | null): void;
  /** A number, never 0. */
  startImmediate(immediate: object): number;
  /** A number, never 0. */
  startTimer(timer: object, milliseconds: number, referenced: boolean): number;
}
