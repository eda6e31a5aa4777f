// The operations behind node/module, as modules/operations.rs has them.

interface Operations {
  /** The exports of a built-in module; undefined when there is none of that name. */
  builtinExports(specifier: string): any;
  /** The specifiers of all built-in modules, with `node:`. */
  builtinSpecifiers(): string[];
  /** Where compiled files are kept; undefined without a compile cache. */
  compileCacheFolder(): string | undefined;
  /** What ran so far, as V8's JSON. */
  coverageReport(): string | undefined;
  coverageWrite(): void;
  /** Writes what was compiled since there is a compile cache. */
  compileCacheFlush(): void;
  /** Keeps compiled files below this folder; why not, if that fails. */
  compileCacheEnable(folder: string): string | undefined;
  /** A CommonJS file's text as a function of what stands around it. */
  commonJsFunction(text: string, file: string): Function;
  /** An expression without effects as a tree; undefined for any other. */
  promptExpression(text: string): any;
  /** Of a text that is no script: false if more lines may make one of it, or a text that awaits. */
  promptIsWhole(text: string): boolean;
  /** What a prompt runs in place of code that awaits or imports; undefined for the code itself. */
  promptScript(text: string): string | undefined;
  /** Node's name for what a file holds; undefined where its text has to tell. */
  formatOf(path: string): string | undefined;
  /** A promise for the namespace of the program in a file, run as `import` would. */
  importMain(path: string): Promise<any>;
  /** A promise for the namespace of a module. */
  importModule(url: string, format: string, source: any): Promise<any>;
  /** The JavaScript of a file's text, and whether it is CommonJS. It is TypeScript if that is said, whatever the file is called. */
  javascriptOf(text: string, file: string, isTypeScript?: boolean): [code: string, isCommonJs: boolean];
  /** The URL of the program. */
  mainUrl(): string;
  /** The prototype of CommonJS modules. */
  modulePrototype(): any;
  /** Text that stands for a file may name its source map. */
  noteSourceMap(file: string, text: string): void;
  /** The text of a file that is a program. */
  programText(path: string): string;
  /** `require.cache`. */
  requireCache(): any;
  /** `require` of this module. */
  requireFunction(module: any): any;
  /** What `require` gives for a module; without a source it is the file's. */
  requireModule(url: string, format: string, source: any, specifier: string): any;
  /** `require` for the file at this path. */
  requireOf(path: string): any;
  /** The path of what is required, or the specifier of a built-in module. */
  resolveRequired(specifier: string, file: string, extensions?: string[]): string;
  /** The URL of what is imported or required, and its format where that is known. */
  resolveSpecifier(specifier: string, base: string, requires: boolean): [url: string, format: string | undefined];
  /** Whether imports ask the hooks. */
  setHooks(has: boolean): void;
  /** What `require.main` is from now on. */
  setMainModule(module: any): void;
  /** The class of modules, whose loader it is from now on. */
  setModuleClass(Module: any): void;
  /** A line of a file, of code without one, or of a source that only a map has. */
  sourceLine(file: string, line: number): string | undefined;
  /** The address and the text of a file's source map. */
  sourceMapOf(file: string): [url: string, text: string] | undefined;
  /** Whether stacks have the places of the sources. */
  sourceMapsOn(on: boolean, ofPackages: boolean): void;
  /** JavaScript of TypeScript, each character in its place. */
  strippedTypes(text: string): string;
  /** JavaScript of TypeScript, and its source map where lines moved. */
  transformedTypes(text: string, name: string): [code: string, map: string | undefined];
}
