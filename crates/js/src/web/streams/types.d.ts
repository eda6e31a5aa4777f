// The records of streams, whose fields are the specification's internal slots, as types for every file that handles them.

type StreamSlots = InstanceType<typeof import('./algorithms.js').StreamRecord>;
type ReaderSlots = InstanceType<typeof import('./algorithms.js').ReaderRecord>;
type ControllerSlots = InstanceType<typeof import('./algorithms.js').ControllerRecord>;
type Stream = InstanceType<typeof import('./readable_stream.js').ReadableStream>;

type WritableSlots = InstanceType<typeof import('./writable_algorithms.js').WritableRecord>;
type WriterSlots = InstanceType<typeof import('./writable_algorithms.js').WriterRecord>;
type WritableControllerSlots = InstanceType<typeof import('./writable_algorithms.js').WritableControllerRecord>;

interface Queue<T> {
  readonly length: number;
  /** The first, which stays; only called when there is one. */
  first(): T;
  push(item: T): void;
  /** The first; only called when there is one. */
  shift(): T;
}
