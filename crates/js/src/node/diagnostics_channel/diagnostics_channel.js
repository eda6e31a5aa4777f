// `node:diagnostics_channel` (https://nodejs.org/api/diagnostics_channel.html): named channels, on which somebody tells and others listen.
'use strict';

const { invalidType } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { setTeller } = require('web/console/console');
const {
  apply,
  arraySlice,
  deref,
  filter,
  getPrototypeOf,
  indexOf,
  Map,
  mapGet,
  mapSet,
  mapDelete,
  push,
  startsWith,
  symbolFor,
  WeakRef,
} = require('builtins/primordials');
const { builtinExports, reportException } = ops;
const { setFinder } = require('node/diagnostics_channel/heard');
const loadTracing = () => require('node/diagnostics_channel/tracing_channel');

/** @typedef {{ store: any, transform: ((data: any) => any) | undefined }} Binding */
/** @typedef {(message: any, name: string | symbol) => void} Subscriber */

/** Channels that nobody listens to are kept by those who tell on them; others stay. @type {Map<string | symbol, WeakRef<Channel> | Channel>} */
const channels = new Map();
const nobody = /** @type {Subscriber[]} */ ([]);

/** What a subscriber throws is an uncaught exception, and not the teller's. @param {any} error */
function throwLater(error) {
  nextTick(() => reportException(error));
}

class Channel {
  /** Replaced at every change: `publish` may be walking along it. @type {Subscriber[]} */
  #subscribers = nobody;
  /** @type {Binding[]} */
  #bindings = [];

  /** @param {string | symbol} name */
  constructor(name) {
    this.name = name;
    mapSet(channels, name, new WeakRef(this));
  }

  /** Also instances of subclasses are none, as in Node. @param {any} instance */
  static [Symbol.hasInstance](instance) {
    return typeof instance === 'object' && instance !== null && getPrototypeOf(instance) === Channel.prototype;
  }

  /** @param {Subscriber} subscription */
  subscribe(subscription) {
    requireFunction(subscription, 'subscription');
    this.#subscribers = arraySlice(this.#subscribers);
    push(this.#subscribers, subscription);
    mapSet(channels, this.name, this);
    // Modules are required without JavaScript as long as nothing of it needs that.
    if (typeof this.name === 'string' && startsWith(this.name, 'tracing:module.require:')) builtinExports('node:module');
  }

  /** @param {Subscriber} subscription */
  unsubscribe(subscription) {
    const at = indexOf(this.#subscribers, subscription);
    if (at === -1) return false;
    const rest = arraySlice(this.#subscribers, 0, at);
    for (let index = at + 1; index < this.#subscribers.length; index += 1) push(rest, this.#subscribers[index]);
    this.#subscribers = rest;
    this.#release();
    return true;
  }

  /** @param {any} store @param {(data: any) => any} [transform] */
  bindStore(store, transform) {
    this.unbindStore(store);
    push(this.#bindings, { store, transform });
    mapSet(channels, this.name, this);
  }

  /** @param {any} store */
  unbindStore(store) {
    const rest = filter(this.#bindings, (binding) => binding.store !== store);
    const isBound = rest.length !== this.#bindings.length;
    this.#bindings = rest;
    if (isBound) this.#release();
    return isBound;
  }

  #release() {
    if (!this.hasSubscribers) mapSet(channels, this.name, new WeakRef(this));
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#bindings.length > 0;
  }

  /** @param {any} data */
  publish(data) {
    const subscribers = this.#subscribers;
    for (let index = 0; index < subscribers.length; index += 1) {
      try {
        const tell = subscribers[index];
        tell(data, this.name);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  /**
   * Tells `data`, and calls the function while the bound stores hold it.
   * @param {any} data @param {Function} body @param {any} [thisArg] @param {...any} given
   */
  runStores(data, body, thisArg, ...given) {
    let run = () => {
      this.publish(data);
      return apply(body, thisArg, given);
    };
    for (let index = 0; index < this.#bindings.length; index += 1) {
      const { store, transform } = this.#bindings[index];
      const inner = run;
      run = () => {
        let held = data;
        if (transform !== undefined) {
          try {
            held = transform(data);
          } catch (error) {
            throwLater(error);
            return inner();
          }
        }
        return store.run(held, inner);
      };
    }
    return run();
  }

  /** The same until the result is disposed of. @param {any} data */
  withStoreScope(data) {
    /** @type {{ store: any, before: any }[]} */
    const entered = [];
    for (let index = this.#bindings.length - 1; index >= 0; index -= 1) {
      const { store, transform } = this.#bindings[index];
      try {
        const held = transform === undefined ? data : transform(data);
        push(entered, { store, before: store.getStore() });
        store.enterWith(held);
      } catch (error) {
        throwLater(error);
      }
    }
    this.publish(data);
    return {
      [Symbol.dispose ?? symbolFor('Symbol.dispose')]() {
        for (let index = entered.length - 1; index >= 0; index -= 1) entered[index].store.enterWith(entered[index].before);
        entered.length = 0;
      },
    };
  }
}

/** The channel of this name, made if it is not there. @param {any} name @returns {Channel} */
function channel(name) {
  const known = mapGet(channels, name);
  const living = known instanceof WeakRef ? deref(known) : known;
  if (living !== undefined) return living;
  if (known !== undefined) mapDelete(channels, name);
  if (typeof name !== 'string' && typeof name !== 'symbol') throw invalidType('channel', ['string', 'symbol'], name);
  return new Channel(name);
}

// `console.log` and its like tell what they print, as long as there is a channel of that name.
setTeller((method, args) => {
  const known = mapGet(channels, `console.${method}`);
  const living = known instanceof WeakRef ? deref(known) : known;
  living?.publish(args);
});

/** What traces under a name, for Node's own. @type {Map<string, any>} */
const traces = new Map();

setFinder((name, isTracing) => {
  if (!isTracing) return hasSubscribers(name) ? channel(name) : undefined;
  let trace = mapGet(traces, name);
  if (trace === undefined) {
    trace = new (loadTracing().tracing(channel).TracingChannel)(name);
    mapSet(traces, name, trace);
  }
  return trace.hasSubscribers ? trace : undefined;
});

/** @param {any} name @param {Subscriber} subscription */
function subscribe(name, subscription) {
  channel(name).subscribe(subscription);
}

/** @param {any} name @param {Subscriber} subscription */
function unsubscribe(name, subscription) {
  return channel(name).unsubscribe(subscription);
}

/** @param {any} name */
function hasSubscribers(name) {
  const known = mapGet(channels, name);
  const living = known instanceof WeakRef ? deref(known) : known;
  return living?.hasSubscribers ?? false;
}

module.exports = {
  channel,
  hasSubscribers,
  subscribe,
  /** @param {any} nameOrChannels */
  tracingChannel: (nameOrChannels) => new (loadTracing().tracing(channel).TracingChannel)(nameOrChannels),
  unsubscribe,
  /** @param {any} nameOrChannels */
  boundedChannel: (nameOrChannels) => new (loadTracing().tracing(channel).BoundedChannel)(nameOrChannels),
  Channel,
  get BoundedChannel() {
    return loadTracing().tracing(channel).BoundedChannel;
  },
};
