// The operations of node/net, as its Rust has them. What may fail gives the error's number (negative) where it says so.

/** A stream socket. */
interface NativeSocket {
  readonly nativeSocket: unique symbol;
}
interface NativeListener {
  readonly nativeListener: unique symbol;
}

interface Operations {
  /** Undefined for what is not a socket of IP, or is closed. */
  netAddress(either: NativeSocket | NativeListener, isRemote: boolean): [address: string, port: number] | undefined;
  /** A socket that another process sent. */
  netAdopt(descriptor: NativeDescriptor): NativeSocket | number;
  netAdoptListener(object: object, descriptor: NativeDescriptor, backlog: number): NativeListener | number;
  /** Who hears of the socket from now on. */
  netAttach(socket: NativeSocket, object: object): void;
  /** What others are to listen at; flags as for `netListen`. */
  netBind(object: object, address: string, port: number, flags: number): NativeListener | number;
  netBindPath(object: object, path: string): NativeListener | number;
  netClose(either: NativeSocket | NativeListener): void;
  netConnect(object: object, address: string, port: number, localAddress: string | undefined, localPort: number): NativeSocket;
  netConnectPath(object: object, path: string): NativeSocket;
  /** 0 or the error's number. */
  netKeepAlive(socket: NativeSocket, on: boolean, seconds: number): number;
  /** Flags: 1 only IPv6, 2 a shared port. */
  netListen(object: object, address: string, port: number, backlog: number, flags: number): NativeListener | number;
  netListenPath(object: object, path: string, backlog: number): NativeListener | number;
  /** 0 or the error's number. */
  netNoDelay(socket: NativeSocket, on: boolean): number;
  /** The descriptor's number, or -1. */
  netNumber(either: NativeSocket | NativeListener): number;
  /** A socket that was open when the process began. */
  netOpen(descriptor: number): NativeSocket | number;
  netOpenListener(object: object, descriptor: number, backlog: number): NativeListener | number;
  /** Throws what a program is told that may not reach this, or be reached there. */
  netPermit(host: string, port: number): void;
  /** How many bytes the system has not taken yet. */
  netQueued(socket: NativeSocket): number;
  /** 0 or the error's number. */
  netRead(socket: NativeSocket, on: boolean): number;
  netReference(either: NativeSocket | NativeListener, on: boolean): void;
  netReset(socket: NativeSocket): void;
  netSetReceiver(
    receivers: [
      connected: (object: any, errno: number) => void,
      received: (object: any, bytes?: Uint8Array<ArrayBuffer>) => void,
      drained: (object: any) => void,
      failed: (object: any, errno: number, isRead: boolean) => void,
      accepted: (object: any, socket: NativeSocket) => void,
    ],
  ): void;
  /** Another process has it as well from now on. */
  netShare(socket: NativeSocket): void;
  /** As `netWrite`. */
  netShutdown(socket: NativeSocket): number;
  /** The byte of the IP header, or the error's number; -1 only asks. */
  netTypeOfService(socket: NativeSocket, value: number): number;
  /** 0 when it is done, 1 when `drained` will be told, or the error's number. */
  netWrite(socket: NativeSocket, content: Uint8Array | string, isLatin1: boolean): number;
}
