// The operations of builtins/inspect, as its Rust has them.

interface Operations {
  /** The name of the engine's class, whatever the prototype says. */
  className(object: object): string;
  /** Pending, fulfilled with a value, rejected with a reason. */
  promiseDetails(promise: Promise<any>): [state: 0 | 1 | 2, result?: any];
  /** Target and handler of a Proxy, nulls when it is revoked; undefined for anything else. */
  proxyDetails(object: object): [target: any, handler: any] | undefined;
}
