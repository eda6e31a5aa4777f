// The operations of node/dns, as its Rust has them.

interface Operations {
  /** Addresses in the system's order. A rejection has libuv's number as `errno`. */
  dnsLookup(host: string, family: number, hints: number): Promise<string[]>;
  dnsNames(address: string, port: number): Promise<[host: string, service: string]>;
  dnsServers(): string[];
}
