// The operations of node/child_process, as its Rust has them.

/** A child that runs. */
interface NativeChild {
  readonly nativeChild: unique symbol;
}
/** An end of a local socket. */
interface NativePipe {
  readonly nativePipe: unique symbol;
}

/** A descriptor that another process sent, until somebody takes it over. */
interface NativeDescriptor {
  readonly nativeDescriptor: unique symbol;
}

interface Operations {
  /** Both are numbers; the signal 0 only asks. */
  childKill(pid: number, signal: number): void;
  childReference(child: NativeChild, referenced: boolean): void;
  /** Runs a child to its end, while the loop stands still. `exceeded` is 0, or the number of the error. */
  childRun(
    file: string,
    args: string[],
    environment: string[] | undefined,
    directory: string | undefined,
    user: number | undefined,
    group: number | undefined,
    detached: boolean,
    stdio: number[],
    inputs: (Uint8Array | undefined)[],
    milliseconds: number,
    limit: number,
    signal: number,
  ): [pid: number, code: number | null, signal: number | null, output: (Uint8Array<ArrayBuffer> | null)[], exceeded: number];
  /** `environment` has names and values in turn; `stdio` has descriptors, -1 for none, -2 for a pipe. */
  childStart(
    file: string,
    args: string[],
    environment: string[] | undefined,
    directory: string | undefined,
    user: number | undefined,
    group: number | undefined,
    detached: boolean,
    stdio: number[],
  ): [
    child: NativeChild,
    pid: number,
    pipes: (NativePipe | undefined)[],
    ended: Promise<[code: number | undefined, signal: number | undefined]>,
  ];
  /** A listener is any socket that has no peer. */
  descriptorKind(descriptor: NativeDescriptor): 'connection' | 'listener';
  pipeClose(pipe: NativePipe): void;
  pipeEnd(pipe: NativePipe): void;
  /** The socket that whoever started this process left open under this number. */
  pipeInherited(number: number): NativePipe;
  pipeNumber(pipe: NativePipe): number;
  /** The next bytes; none at the end. */
  pipeRead(pipe: NativePipe, most: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Whether a read keeps the program alive; a write always does. */
  pipeReference(pipe: NativePipe, referenced: boolean): void;
  /** As `pipeRead`; descriptors that come along are there for `pipeTake`. */
  pipeReceive(pipe: NativePipe, most: number): Promise<Uint8Array<ArrayBuffer>>;
  /** As `pipeWrite`, with a descriptor of this number for who reads; throws without one. */
  pipeSend(pipe: NativePipe, content: Uint8Array | string, number: number): Promise<void>;
  /** The next descriptor that came along. */
  pipeTake(pipe: NativePipe): NativeDescriptor | undefined;
  pipeWrite(pipe: NativePipe, content: Uint8Array | string): Promise<void>;
}
