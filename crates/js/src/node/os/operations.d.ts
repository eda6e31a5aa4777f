// The operations of node/os, as its Rust has them.

interface Operations {
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
    totalMemory: number;
    freeMemory: number;
    uptime: number;
    processors: number;
    userId: number;
    groupId: number;
    load: number[];
  };
}
