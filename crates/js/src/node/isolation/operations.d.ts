// The operation of node/isolation, as its Rust has it.

interface Operations {
  /** From now on the program finds these globals and modules alone; the names of what is to be deleted. */
  contextClose(globals: string[], sources: Record<string, string>, modules: string[]): string[];
}
