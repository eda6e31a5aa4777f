// The operations of node/vm, as its Rust has them. Lines are counted from 0; a global that is undefined is the program's own.

interface Operations {
  /** Throws if the syntax is wrong. */
  realmCheck(text: string, file: string, line: number): void;
  /** The global object of a new realm, which has the language and nothing else. */
  realmCreate(): any;
  realmFunction(text: string, file: string, line: number, global: object | undefined, environment: object[], parameters: string[]): Function;
  /** No limit for 0 milliseconds. */
  realmRun(text: string, file: string, line: number, global: object | undefined, environment: object[], milliseconds: number): any;
}
