/** What other rooms use of an EventEmitter. */
interface Emitter {
  on(event: PropertyKey, listener: Function): this;
  once(event: PropertyKey, listener: Function): this;
  addListener(event: PropertyKey, listener: Function): this;
  prependListener(event: PropertyKey, listener: Function): this;
  removeListener(event: PropertyKey, listener: Function): this;
  removeAllListeners(event?: PropertyKey): this;
  emit(event: PropertyKey, ...given: any[]): boolean;
  listenerCount(event: PropertyKey, listener?: Function): number;
  listeners(event: PropertyKey): Function[];
  getMaxListeners(): number;
  setMaxListeners(count: number): this;
}

interface EmitterClass {
  new (options?: { captureRejections?: boolean }): Emitter;
  prototype: Emitter;
}
