// The operations of node/process, as its Rust has them.

interface Operations {
  changeDirectory(path: string): void;
  /** Frees what nothing reaches, now. */
  collectGarbage(): void;
  /** Names and values of Node's options in turn, those of NODE_OPTIONS first. */
  commandOptions(): string[];
  currentDirectory(): string;
  environment(): [name: string, value: string][];
  environmentVariable(name: string): string | undefined;
  /** Nothing of the program runs after it. */
  exitProcess(code: number): never;
  /** The mask of the modes of new files until now; undefined leaves it. */
  fileModeMask(mask: number | undefined): number;
  /** The environment as keys and values in turn. It returns only by an error. */
  replaceProcess(program: string, given: string[], environment: string[]): void;
  setGroups(ids: number[]): void;
  /** 0 to 3 for user, effective user, group, effective group. */
  setIdentity(what: number, id: number): void;
  isInputTerminal(): boolean;
  /** Keys one by one, or lines; true if it is a terminal. */
  setRawInput(on: boolean): boolean;
  loadedFiles(): string[];
  memoryUsage(): [rss: number, heapTotal: number, heapUsed: number, external: number, arrayBuffers: number];
  parentId(): number;
  /** How many operations the threads of the pool have to do. */
  pooledOperations(): number;
  /** By `--permission`. */
  isLimited(): boolean;
  isWorkerThread(): boolean;
  permissionDrop(name: string, reference: string | undefined): void;
  permissionHas(name: string, reference: string | undefined): boolean;
  processFacts(): {
    argv: string[];
    argv0: string;
    execPath: string;
    pid: number;
    /** Its version. */
    sqlite: string;
    channel?: [number: string, serialization: string];
  };
  /** The next bytes of standard input, none at its end; undefined when `stopInput` came first. */
  readInput(most: number): Promise<Uint8Array | undefined>;
  /** Times in microseconds, sizes in kilobytes. */
  resourceUsage(
    ofThread: boolean,
  ): [
    user: number,
    system: number,
    mostResident: number,
    minorFaults: number,
    majorFaults: number,
    blocksRead: number,
    blocksWritten: number,
    switchesGiven: number,
    switchesTaken: number,
  ];
  /** Called once, at the next checkpoint. */
  runBeforeMicrotasks(callback: () => void): void;
  sendSignal(pid: number, signal: number): void;
  /** Undefined takes it away. */
  setSharedVariable(number: number, name: string, value: string | undefined): void;
  sharedVariable(number: number, name: string): string | undefined;
  sharedVariableNames(number: number): string[];
  /** The number, never 0, of an environment of these names and values in turn. */
  sharedVariables(list: string[]): number;
  setTimeZone(name: string | undefined): void;
  stopInput(): void;
  supplementaryGroups(): number[];
  unwatchSignal(signal: number): void;
  userAndGroupIds(): [user: number, effectiveUser: number, group: number, effectiveGroup: number];
  /** The options as they were written on the command line. */
  writtenOptions(): string[];
  /** The name is for messages. */
  watchSignal(name: string, signal: number, callback: (number: number) => void): void;
}
