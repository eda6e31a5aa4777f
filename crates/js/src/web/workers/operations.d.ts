// The operations of threads, as `program/workers.rs` has them.

/** A thread that was started. */
type NativeThread = object & { readonly nativeThread: unique symbol };

interface Operations {
  /** Runs a script of the global object. */
  evaluateScript(text: string, name: string): any;
  /** The URL of the program, or of the current folder. */
  programUrl(): string;
  /** The text behind a `file:` or `data:` URL. */
  scriptText(url: string): string;
  /** This worker ends with the turn. */
  threadClose(): void;
  /** 0 for the thread in which the program began. */
  threadFacts(): [id: number, name: string];
  /** By which other threads reach this one; once. */
  threadMailbox(): NativePort;
  /** Of one that has ended; the reason: 0 it came to its end, 1 memory ran out, 2 it never began. */
  threadOutcome(thread: NativeThread): [code: number, reason: number, text: string];
  /** Hears of errors that nobody handled; true if the worker goes on. */
  threadSetFail(fail: (error: any) => boolean): void;
  /** Once, in a worker. */
  threadSetup(): [setup: NativeMessage, messages: NativePort, control: NativePort];
  /** The ports are those for messages, for control, and for the end. */
  threadStart(
    boot: string,
    setup: NativeMessage,
    ports: NativePort[],
    name: string,
    heapBytes: number,
    stackBytes: number,
    permissions: string[] | undefined,
  ): [thread: NativeThread, id: number];
  threadTerminate(thread: NativeThread): void;
  /** Milliseconds that it computed, and that it exists; none before it has begun and after it has ended. */
  threadTimes(thread: NativeThread): [] | [computed: number, exists: number];
}
