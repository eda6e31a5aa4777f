// The operations behind node/module, as modules/operations.rs has them.

interface Operations {
  /** The exports of a built-in module; undefined when there is none of that name. */
  builtinExports(specifier: string): any;
  /** The specifiers of all built-in modules, with `node:`. */
  builtinSpecifiers(): string[];
  /** A CommonJS file's text as a function of what stands around it. */
  commonJsFunction(text: string, file: string): Function;
  /** `require` for the file at this path. */
  requireOf(path: string): any;
  /** JavaScript of TypeScript, each character in its place. */
  strippedTypes(text: string): string;
}
