// The native operations: each room declares its own in an `operations.d.ts` beside its Rust, merged into this one interface.

interface Operations {
  /** The frame that follows what the program starts; undefined when there is none. */
  asyncContext(): object | undefined;
  /** The same with what the host knows. */
  asyncContextToKeep(): object | undefined;
  setAsyncContext(frame: object | undefined): void;
  setPromiseTracker(begin: () => object, enter: (context: object) => void, leave: (context: object) => void): void;
  trackPromises(on: boolean): void;
  /** A built-in file as a function of `ops`, `require` and `module`. */
  fileFunction(name: string): (ops: Operations, require: (name: string) => any, module: { exports: any }) => void;
  /** 0 for what is no buffer, 1 for an ArrayBuffer, 2 for shared memory, 3 for a view, 4 for a view of shared memory. */
  bufferKind(value: any): number;
  /** Whether there is another language in the process. */
  hasGuest(): boolean;
  /** Whether the value is a buffer of it (Python's bytes). */
  isGuestBuffer(value: any): boolean;
  /** A copy of such a buffer's bytes. */
  guestBytes(buffer: any): Uint8Array<ArrayBuffer>;
  /** Whether the value is a dictionary of another language (a Python dict), which web APIs take as a record. */
  isGuestRecord(value: any): boolean;
  /** A copy in JavaScript's own types; undefined for what is no data of another language's. */
  guestCopy(value: any): any;
  /** What does not change while the process runs. */
  hostFacts(): { platform: string; arch: string; version: string; engine: string };
  /** How many threads can run at once. */
  parallelism(): number;
}

declare const ops: Operations & Record<string, any>;
