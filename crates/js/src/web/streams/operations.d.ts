// The operations of web/streams, as its Rust has them.

interface Operations {
  /** How many microtasks were ever queued, modulo 2^30. */
  microtasksQueued(): number;
  /** Puts a function of ours at the end of the queue of microtasks; gives what `microtasksQueued` is with it. */
  enqueueTurn(run: () => void): number;
  /** One that the other two settle, once. */
  pendingPromise(): Promise<any>;
  rejectPromise(promise: Promise<any>, reason: any): void;
  resolvePromise(promise: Promise<any>, value: any): void;
}
