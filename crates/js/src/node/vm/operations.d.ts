// The operations of node/vm, as its Rust has them. Lines are counted from 0; a global that is undefined is the program's own.

/** The engine's record of a module. */
interface NativeModule {
  readonly nativeModule: unique symbol;
}

/** What a script or a module imports, if that is not the loader's business: of an `import()` also a promise of what it gives. */
type Load = (specifier: string, isDynamic: boolean) => NativeModule | Promise<any>;

interface Operations {
  /** `load` gives the record of an import, `meta` fills `import.meta`. */
  moduleCompile(
    text: string,
    file: string,
    line: number,
    global: object | undefined,
    load: Load,
    meta: (meta: object) => void,
  ): NativeModule;
  /** A promise of its end. No limit for 0 milliseconds. */
  moduleEvaluate(module: NativeModule, milliseconds: number): Promise<void>;
  /** What a text imports: specifiers, each with keys and values of its attributes behind it; undefined if it is no module. */
  moduleImports(text: string): [requests: string[][], awaits: boolean, textWithoutAttributes: string] | undefined;
  moduleLink(module: NativeModule): void;
  moduleNamespace(module: NativeModule): any;
  /** Throws if the syntax is wrong. */
  realmCheck(text: string, file: string, line: number, column?: number): void;
  /** The global object of a new realm, which has the language and nothing else, and may be forbidden to make code. */
  realmCreate(ownQueue: boolean, noStrings: boolean, noWasm: boolean): any;
  realmFunction(text: string, file: string, line: number, global: object | undefined, environment: object[], parameters: string[], load?: Load): Function;
  /** No limit for 0 milliseconds. */
  realmRun(text: string, file: string, line: number, global: object | undefined, environment: object[], milliseconds: number, load?: Load, breaksOnInterrupt?: boolean, column?: number): any;
}
