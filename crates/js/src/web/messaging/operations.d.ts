// The operations of web/messaging, as its Rust has them.

/** A value as any thread can read it, once. */
type NativeMessage = object & { readonly nativeMessage: unique symbol };
/** An end of a channel that is this thread's now. */
type NativePort = object & { readonly nativePort: unique symbol };
/** A broadcast channel beyond this process. */
type NativeShared = object & { readonly nativeShared: unique symbol };

interface Operations {
  /** How many messages `broadcastPost` wants. */
  broadcastCount(port: NativePort): number;
  broadcastJoin(name: string): NativePort;
  /** One for each of the others. */
  broadcastPost(port: NativePort, messages: NativeMessage[]): void;
  channelPorts(): [NativePort, NativePort];
  /** What stands in a value that is written for the element of `made` in `messageRead`. */
  cloneHole(index: number): object;
  /** A list with what cannot be written, or undefined. */
  messageAttach(message: NativeMessage, records: any[], ports: NativePort[]): [any] | undefined;
  messagePorts(message: NativeMessage): NativePort[];
  messageRead(message: NativeMessage, made: any[] | undefined): any;
  /** What `messageAttach` was given. */
  messageRecords(message: NativeMessage): any[] | undefined;
  /** A list with what cannot be written, or the message; the buffers are detached. */
  messageWrite(value: any, buffers: any[] | undefined): NativeMessage | [any];
  portAreEntangled(one: NativePort, other: NativePort): boolean;
  portClose(port: NativePort): void;
  /** Whether it is neither closed nor detached. */
  portIsOpen(port: NativePort): boolean;
  /** What hears of messages and lives as long as the port is open. */
  portKeep(port: NativePort, object: object | undefined): void;
  /** False if nobody can receive it. */
  portPost(port: NativePort, message: NativeMessage): boolean;
  /** Whether it keeps the program alive; what it does then. */
  portReference(port: NativePort, on: boolean): boolean;
  portSetReceiver(receive: (object: any, message: NativeMessage) => void, closed: (object: any) => void): void;
  portStart(port: NativePort): void;
  portTake(port: NativePort): NativeMessage | undefined;
  sharedClose(shared: NativeShared): void;
  /** Settles when all that was posted was handed over. */
  sharedFlush(shared: NativeShared): Promise<void>;
  sharedIsOpen(shared: NativeShared): boolean;
  /** What hears of events and lives as long as the channel is open. */
  sharedKeep(shared: NativeShared, object: object | undefined): void;
  sharedOpen(name: string, url: string, history: number | undefined, since: string | undefined, presence: any): NativeShared;
  /** Who is there: an id and a value for each, in turn. */
  sharedOthers(shared: NativeShared): any[];
  sharedPost(shared: NativeShared, message: any): void;
  /** Settles when it hears of all that others post. */
  sharedReady(shared: NativeShared): Promise<void>;
  /** Whether it keeps the program alive. */
  sharedReference(shared: NativeShared, on: boolean): void;
  sharedSetReceiver(receive: (object: any, kind: number, value: any, position: string | undefined) => void): void;
  /** Without a password. */
  sharedUrl(shared: NativeShared): string;
  /** Where channels reach that are told nothing, if that is beyond this process. */
  sharedUsualUrl(): string | undefined;
}
