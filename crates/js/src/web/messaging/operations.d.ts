// The operations of web/messaging, as its Rust has them.

/** A value as any thread can read it, once. */
type NativeMessage = object & { readonly nativeMessage: unique symbol };
/** An end of a channel that is this thread's now. */
type NativePort = object & { readonly nativePort: unique symbol };

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
}
