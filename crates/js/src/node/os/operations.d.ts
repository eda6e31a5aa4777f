// The operations of node/os, as its Rust has them.

interface Operations {
  networkAddresses(): [name: string, address: string, netmask: string, mac: string, internal: boolean, scope: number, bits: number][];
  /** The error number is 0 when there was none. */
  processPriority(pid: number): [error: number, priority: number];
  setProcessPriority(pid: number, priority: number): [error: number, priority: number];
  osFacts(): {
    hostname: string;
    machine: string;
    release: string;
    type: string;
    version: string;
    model: string;
    user: string;
    home: string;
    shell: string;
    glibcVersion: string | undefined;
    totalMemory: number;
    freeMemory: number;
    uptime: number;
    processors: number;
    userId: number;
    groupId: number;
    load: number[];
  };
}
