// The operations behind node/module, as modules/operations.rs has them.

interface Operations {
  /** The exports of a built-in module; undefined when there is none of that name. */
  builtinExports(specifier: string): any;
  /** The specifiers of all built-in modules, with `node:`. */
  builtinSpecifiers(): string[];
  /** A CommonJS file's text as a function of what stands around it. */
  commonJsFunction(text: string, file: string): Function;
  /** An expression without effects as a tree; undefined for any other. */
  promptExpression(text: string): any;
  /** Of a text that is no script: false if more lines may make one of it, or a text that awaits. */
  promptIsWhole(text: string): boolean;
  /** What a prompt runs in place of code that awaits or imports; undefined for the code itself. */
  promptScript(text: string): string | undefined;
  /** `require` for the file at this path. */
  requireOf(path: string): any;
  /** JavaScript of TypeScript, each character in its place. */
  strippedTypes(text: string): string;
}
