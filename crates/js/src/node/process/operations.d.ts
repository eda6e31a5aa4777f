// The operations of node/process, as its Rust has them.

interface Operations {
  changeDirectory(path: string): void;
  currentDirectory(): string;
  environment(): [name: string, value: string][];
  /** Nothing of the program runs after it. */
  exitProcess(code: number): never;
  isInputTerminal(): boolean;
  memoryUsage(): [rss: number, heapTotal: number, heapUsed: number, external: number, arrayBuffers: number];
  parentId(): number;
  processFacts(): { argv: string[]; execPath: string; pid: number };
  /** The next bytes of standard input, none at its end; undefined when `stopInput` came first. */
  readInput(most: number): Promise<Uint8Array | undefined>;
  /** Called once, at the next checkpoint. */
  runBeforeMicrotasks(callback: () => void): void;
  sendSignal(pid: number, signal: string): void;
  setTimeZone(name: string | undefined): void;
  stopInput(): void;
  unwatchSignal(name: string): void;
  watchSignal(name: string, callback: (number: number) => void): void;
}
