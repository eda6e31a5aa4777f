// The operations of node/dns, as its Rust has them.

/** What a cancellation ends. */
interface NativeQuestion {
  readonly nativeQuestion: unique symbol;
}
/** A record, with Node's fields; `data` as numbers. */
type DnsRecord = { type: string; [field: string]: any };

interface Operations {
  /** Times in milliseconds, none for 0. A rejection has c-ares' code. */
  dnsAsk(
    question: NativeQuestion,
    servers: string[],
    name: string,
    kind: string,
    timeout: number,
    tries: number,
    mostTimeout: number,
  ): Promise<DnsRecord[]>;
  dnsCancel(question: NativeQuestion): void;
  /** The names of an address in the machine's own list. */
  dnsHostNames(address: string): string[];
  dnsQuestion(): NativeQuestion;
  /** The name below which an address stands backwards. */
  dnsReverseName(address: string): string;
  /** Addresses in the system's order. A rejection has libuv's number as `errno`. */
  dnsLookup(host: string, family: number, hints: number): Promise<string[]>;
  dnsNames(address: string, port: number): Promise<[host: string, service: string]>;
  dnsServers(): string[];
}
