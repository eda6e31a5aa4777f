// What the bridge's JavaScript files get as `ops`: `python_in_js/operations.rs`, and the flags of `abilities.rs` and `kinds.rs`. No
// Python value is null in JavaScript, so null says that there is none.

/** An opaque object that owns a Python object. */
type PythonHandle = { readonly __python: unique symbol };

interface BridgeOperations {
  /** The promise that all that waits for this one leads to, and for which only Python waits; undefined if there is none. */
  servedBy(promise: object): object | undefined;
  /** The frames of async functions that an error has left, beyond those of this stack, a line each. */
  asyncFrames(error: any, stack: string): string;
  forgetAsyncFrames(error: any): void;
  pyStr(handle: PythonHandle): string;
  pyRepr(handle: PythonHandle): string;
  /** The name of the object's type. */
  pyType(handle: PythonHandle): string;
  pyPrimitive(handle: PythonHandle, hint: string): any;
  pyToJs(handle: PythonHandle, depth: number): any;
  /** What `JSON.stringify` makes of the object, which stands under `key`. */
  pyToJson(handle: PythonHandle, key: string): any;
  /** Undefined where there is none. */
  pyGetAttribute(handle: PythonHandle, name: string): any;
  /** Of a dict of another class than dict: an attribute that dict has not; undefined where there is none. */
  pyExtra(handle: PythonHandle, name: string): any;
  pySetAttribute(handle: PythonHandle, name: string, value: any): void;
  pyHasAttribute(handle: PythonHandle, name: string): boolean;
  pyDeleteAttribute(handle: PythonHandle, name: string): void;
  /** The fields, without special names; of a module or class all that `dir` lists. */
  pyNames(handle: PythonHandle): string[];
  /** Whether `pyNames` lists it. */
  pyHasOwn(handle: PythonHandle, name: string): boolean;
  /** The keys of a dict that are strings. */
  pyKeys(handle: PythonHandle): string[];
  /** The item of a dict, or null. */
  pyItem(handle: PythonHandle, key: string): any;
  pyLength(handle: PythonHandle): number;
  pyIndex(handle: PythonHandle, index: number): any;
  /** Of a list: replaces the item, or adds it at the end. */
  pyPut(handle: PythonHandle, index: number, value: any): void;
  /** Of a list: drops the items from here on. */
  pyCut(handle: PythonHandle, length: number): void;
  pyGetItem(handle: PythonHandle, key: any): any;
  pySetItem(handle: PythonHandle, key: any, value: any): void;
  pyDeleteItem(handle: PythonHandle, key: any): boolean;
  pyContains(handle: PythonHandle, key: any): boolean;
  pyCall(handle: PythonHandle, named: object | undefined, ...values: any[]): any;
  /** A proxy of the iterator. */
  pyIter(handle: PythonHandle): any;
  pyNext(handle: PythonHandle, value: any): IteratorResult<any>;
  /** What a generator makes of an error; an iterator that takes none throws it. */
  pyThrow(handle: PythonHandle, error: any): IteratorResult<any>;
  /** The next value, or null at the end. */
  pyStep(handle: PythonHandle): any;
  /** What the generator returned whose `pyStep` gave null just now. */
  pyReturned(handle: PythonHandle): any;
  /** Python itself, as a proxy. */
  pyRoot(): any;
  pyCloseIterator(handle: PythonHandle): void;
  /** A proxy of the async iterator. */
  pyAsyncIter(handle: PythonHandle): any;
  pyAsyncNext(handle: PythonHandle): Promise<IteratorResult<any>>;
  pyAsyncSend(handle: PythonHandle, value: any): Promise<IteratorResult<any>>;
  pyAsyncThrow(handle: PythonHandle, error: any): Promise<IteratorResult<any>>;
  pyCloseAsyncIterator(handle: PythonHandle): Promise<void>;
  /** Leaves a context manager, without an exception. */
  pyExit(handle: PythonHandle): void;
  pyAsyncExit(handle: PythonHandle): Promise<any>;
  pyIsInstance(handle: PythonHandle, value: any): boolean;
  /** What instances of the class can do: `abilities`. */
  pyInstanceFlags(handle: PythonHandle): number;
  /** A proxy of the class that Python has for `jsClass`, which extends this one. */
  pyDerive(handle: PythonHandle, jsClass: any, members: any[]): any;
  /** The class of JavaScript's for which the object's class was made. */
  pyDerivedFrom(handle: PythonHandle): any;
  /** An object of a class that `pyDerive` made, for its constructor in JavaScript. */
  pyMake(handle: PythonHandle, values: any[]): any;
  /** `super.name = value` in a method of a class that extends this one. */
  pySetSuper(handle: PythonHandle, instance: any, name: string, value: any): void;
  /** Lets the object keep what holds its proxy. */
  pyKeepProxy(handle: PythonHandle, holder: object): void;
  /** An attribute of `instance` as the class has it, below what was derived; undefined where there is none. */
  pySuper(handle: PythonHandle, instance: any, name: string): any;
  pyAwait(handle: PythonHandle): Promise<any>;
  /** A Python object (its proxy) and an object of JavaScript's are two halves of one. */
  pyBind(instance: any, object: object): void;
  abilities: Record<
    | 'CALLABLE'
    | 'AWAITABLE'
    | 'ITERABLE'
    | 'ITERATOR'
    | 'ASYNC_ITERABLE'
    | 'SIZED'
    | 'ITEMS'
    | 'MUTABLE_ITEMS'
    | 'CONTAINER'
    | 'SEQUENCE'
    | 'RECORD'
    | 'ARRAY'
    | 'SUBCLASS'
    | 'ASYNC_ITERATOR'
    | 'DISPOSABLE'
    | 'ASYNC_DISPOSABLE'
    | 'CLASS'
    | 'DERIVED',
    number
  >;
  kinds: Record<
    | 'CALLABLE'
    | 'AWAITABLE'
    | 'ITERABLE'
    | 'ASYNC_ITERABLE'
    | 'SIZED'
    | 'BYTES'
    | 'RECORD'
    | 'ITERATOR'
    | 'ASYNC_ITERATOR'
    | 'DISPOSABLE'
    | 'ASYNC_DISPOSABLE'
    | 'BEYOND',
    number
  >;
}

declare const ops: BridgeOperations;

/** Of the built-in files, whose own `ops` is another. */
declare module 'builtins/inspect/inspect' {
  export function inspect(value: any, options?: object): string;
}

declare module 'builtins/abortable' {
  export function noteAbortables(): void;
  export function forEachAbortable(f: (abort: () => void, promise: object) => void): void;
}

declare module 'builtins/async_context' {
  export function currentFrame(): object | undefined;
  export function enterFrame(frame: object | undefined): void;
  export const use: { begun: boolean; hasHost: boolean };
}
