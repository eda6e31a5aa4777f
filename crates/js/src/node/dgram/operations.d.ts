// The operations of node/dgram, as its Rust has them. What may fail gives the error's number (negative) where it says so.

/** A UDP socket, bound from the start. */
interface NativeUdp {
  readonly nativeUdp: unique symbol;
}

interface Operations {
  /** Or the error's number. */
  udpAddress(socket: NativeUdp, isRemote: boolean): [address: string, port: number] | number;
  /** A socket that another process sent. */
  udpAdopt(object: object, descriptor: NativeDescriptor): NativeUdp | number;
  /** Flags: 1 only IPv6, 2 a shared port, 4 a shared address. */
  udpBind(object: object, address: string, port: number, flags: number): NativeUdp | number;
  /** The size, or the error's number; a size of 0 only asks. */
  udpBufferSize(socket: NativeUdp, isReceive: boolean, size: number): number;
  udpClose(socket: NativeUdp): void;
  /** 0 or the error's number, as everything here that gives a number and does not say otherwise. */
  udpConnect(socket: NativeUdp, address: string, port: number): number;
  udpDisconnect(socket: NativeUdp): number;
  udpMembership(socket: NativeUdp, group: string, networkInterface: string | undefined, joins: boolean): number;
  udpMulticastInterface(socket: NativeUdp, networkInterface: string): number;
  /** The descriptor's number, or -1. */
  udpNumber(socket: NativeUdp): number;
  /** A socket that was open when the process began. */
  udpOpen(object: object, descriptor: number): NativeUdp | number;
  /** What waits to be sent. */
  udpQueued(socket: NativeUdp): [bytes: number, datagrams: number];
  udpReceive(socket: NativeUdp, on: boolean): void;
  udpReference(socket: NativeUdp, on: boolean): void;
  /** The length of what was sent and one, 0 when `sent` will be told, or the error's number. Without an address it goes to the peer. */
  udpSend(socket: NativeUdp, number: number, contents: Uint8Array[], address: string | undefined, port: number): number;
  udpSet(socket: NativeUdp, name: 'broadcast' | 'ttl' | 'multicastTTL' | 'multicastLoop', value: number): number;
  udpSetReceiver(
    receivers: [
      received: (object: any, bytes: Uint8Array<ArrayBuffer>, address: string, port: number) => void,
      failed: (object: any, errno: number) => void,
      sent: (object: any, number: number, errno: number, length: number) => void,
    ],
  ): void;
  udpSourceMembership(
    socket: NativeUdp,
    source: string,
    group: string,
    networkInterface: string | undefined,
    joins: boolean,
  ): number;
}
