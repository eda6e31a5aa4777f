// The operations of node/tty, as its Rust has them.

interface Operations {
  /** Whether this open descriptor is a terminal's. */
  isTerminalDescriptor(descriptor: number): boolean;
}
