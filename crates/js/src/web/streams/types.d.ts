// The records of streams, whose fields are the specification's internal slots, as types for every file that handles them.

type StreamSlots = InstanceType<typeof import('./algorithms.js').StreamRecord>;
type ReaderSlots = InstanceType<typeof import('./algorithms.js').ReaderRecord>;
type ControllerSlots = InstanceType<typeof import('./algorithms.js').ControllerRecord>;
type ByteControllerSlots = InstanceType<typeof import('./byte_algorithms.js').ByteControllerRecord>;
type PullIntoSlots = InstanceType<typeof import('./byte_algorithms.js').PullInto>;
type Callback = NonNullable<ReturnType<typeof import('./callback.js').callbackOf>>;
type Stream = InstanceType<typeof import('./readable_stream.js').ReadableStream>;

type WritableSlots = InstanceType<typeof import('./writable_algorithms.js').WritableRecord>;
type WriterSlots = InstanceType<typeof import('./writable_algorithms.js').WriterRecord>;
type WritableControllerSlots = InstanceType<typeof import('./writable_algorithms.js').WritableControllerRecord>;

interface Queue<T> {
  readonly length: number;
  /** The first, which stays; only called when there is one. */
  first(): T;
  /** Puts another in the place of the first. */
  setFirst(item: T): void;
  push(item: T): void;
  /** The first; only called when there is one. */
  shift(): T;
}

/** What a byte stream does otherwise than a stream of chunks: `byte_algorithms` has it, so that the others go without. */
interface ByteHooks {
  /** Takes the first chunk of the queue. */
  take(controller: ControllerSlots): Uint8Array<ArrayBuffer>;
  /** A read of a default reader is about to wait; a TypeError or RangeError that it fails with, or undefined. */
  wait(controller: ControllerSlots): unknown;
  /** Forgets the buffers that were to be filled. */
  clear(controller: ControllerSlots): void;
  /** The reader let go of the stream. */
  release(controller: ControllerSlots): void;
}
