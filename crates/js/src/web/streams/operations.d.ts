// The operations of web/streams, as its Rust has them.

interface Operations {
  /** One that the other two settle, once. */
  pendingPromise(): Promise<any>;
  rejectPromise(promise: Promise<any>, reason: any): void;
  resolvePromise(promise: Promise<any>, value: any): void;
}
