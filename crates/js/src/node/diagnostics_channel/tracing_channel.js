// `TracingChannel` and `BoundedChannel` (https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel): channels for the begin and the end of
// what is traced. The file that has the channels gives `channel`, so that neither takes the other.
'use strict';

const { invalidType } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { emitWarning } = require('node/process/warnings');
const { apply, create, defineProperty, getPrototypeOf, Promise, splice, symbolFor, then } = require('builtins/primordials');

/** @param {(name: string) => any} channel */
function makeClasses(channel) {
  /** The channel of an event, by the name of all or from a record of them. @param {any} from @param {string} event @param {string} kind */
  function channelOf(from, event, kind) {
    if (typeof from === 'string') return channel(`tracing:${from}:${event}`);
    if (typeof from !== 'object' || from === null) throw invalidType('nameOrChannels', ['string', 'object', kind], from);
    const own = from[event];
    if (own !== undefined && typeof own?.publish !== 'function') throw invalidType(`nameOrChannels.${event}`, 'Channel', own);
    return own;
  }

  /** @param {any} target @param {any} from @param {string[]} events @param {string} kind */
  function defineChannels(target, from, events, kind) {
    for (let index = 0; index < events.length; index += 1) {
      defineProperty(target, events[index], { value: channelOf(from, events[index], kind) });
    }
  }

  /** @param {any} target @param {string[]} events */
  function anyIsHeard(target, events) {
    for (let index = 0; index < events.length; index += 1) if (target[events[index]]?.hasSubscribers) return true;
    return false;
  }

  /** @param {any} target @param {string[]} events @param {any} handlers */
  function subscribeAll(target, events, handlers) {
    for (let index = 0; index < events.length; index += 1) {
      if (handlers[events[index]]) target[events[index]]?.subscribe(handlers[events[index]]);
    }
  }

  /** @param {any} target @param {string[]} events @param {any} handlers */
  function unsubscribeAll(target, events, handlers) {
    let done = true;
    for (let index = 0; index < events.length; index += 1) {
      if (handlers[events[index]] && !target[events[index]]?.unsubscribe(handlers[events[index]])) done = false;
    }
    return done;
  }

  /** Tells the begin, calls while the stores of that channel hold the context, and tells the end. @param {any} begin @param {any} end @param {any} context @param {() => any} body */
  function within(begin, end, context, body) {
    const inside = () => {
      try {
        return body();
      } finally {
        end?.publish(context);
      }
    };
    return begin === undefined ? inside() : begin.runStores(context, inside);
  }

  const bounds = ['start', 'end'];

  class BoundedChannel {
    /** @param {any} nameOrChannels */
    constructor(nameOrChannels) {
      defineChannels(this, nameOrChannels, bounds, 'BoundedChannel');
    }
    get hasSubscribers() {
      return anyIsHeard(this, bounds);
    }
    /** @param {any} handlers */
    subscribe(handlers) {
      subscribeAll(this, bounds, handlers);
    }
    /** @param {any} handlers */
    unsubscribe(handlers) {
      return unsubscribeAll(this, bounds, handlers);
    }
    /** Until the result is disposed of. @param {any} [context] */
    withScope(context = {}) {
      const dispose = Symbol.dispose ?? symbolFor('Symbol.dispose');
      /** @type {any} */
      const { start, end } = /** @type {any} */ (this);
      if (!this.hasSubscribers) return { [dispose]() {} };
      const scope = start?.withStoreScope(context);
      return {
        [dispose]() {
          end?.publish(context);
          scope?.[dispose]();
        },
      };
    }
    /** @param {any} context @param {Function} body @param {any} [thisArg] @param {...any} given */
    run(context, body, thisArg, ...given) {
      /** @type {any} */
      const { start, end } = /** @type {any} */ (this);
      return within(start, end, context ?? {}, () => apply(body, thisArg, given));
    }
  }

  const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

  class TracingChannel {
    /** @param {any} nameOrChannels */
    constructor(nameOrChannels) {
      defineChannels(this, nameOrChannels, events, 'TracingChannel');
    }
    get hasSubscribers() {
      return anyIsHeard(this, events);
    }
    /** @param {any} handlers */
    subscribe(handlers) {
      subscribeAll(this, events, handlers);
    }
    /** @param {any} handlers */
    unsubscribe(handlers) {
      return unsubscribeAll(this, events, handlers);
    }

    /** @param {Function} body @param {any} [context] @param {any} [thisArg] @param {...any} given */
    traceSync(body, context = create(null), thisArg = undefined, ...given) {
      if (!this.hasSubscribers) return apply(body, thisArg, given);
      /** @type {any} */
      const { start, end, error } = /** @type {any} */ (this);
      return within(start, end, context, () => {
        try {
          context.result = apply(body, thisArg, given);
          return context.result;
        } catch (thrown) {
          context.error = thrown;
          error?.publish(context);
          throw thrown;
        }
      });
    }

    /** @param {Function} body @param {any} [context] @param {any} [thisArg] @param {...any} given */
    tracePromise(body, context = create(null), thisArg = undefined, ...given) {
      if (!this.hasSubscribers) {
        const result = apply(body, thisArg, given);
        if (typeof result?.then !== 'function') warnAboutResult(body);
        return result;
      }
      /** @type {any} */
      const { start, end, asyncStart, asyncEnd, error } = /** @type {any} */ (this);
      const fulfilled = (/** @type {any} */ value) => {
        context.result = value;
        tellSettled();
        return value;
      };
      const rejected = (/** @type {any} */ reason) => {
        context.error = reason;
        error?.publish(context);
        tellSettled();
      };
      // A promise has no moment after it, so no store is entered here.
      const tellSettled = () => {
        asyncStart?.publish(context);
        asyncEnd?.publish(context);
      };
      return within(start, end, context, () => {
        try {
          const result = apply(body, thisArg, given);
          if (typeof result?.then !== 'function') {
            warnAboutResult(body);
            context.result = result;
            return result;
          }
          if (getPrototypeOf(result) === Promise.prototype) {
            return then(result, fulfilled, (reason) => {
              rejected(reason);
              throw reason;
            });
          }
          // Who made a thenable of its own gets that very one back.
          result.then(fulfilled, rejected);
          return result;
        } catch (thrown) {
          context.error = thrown;
          error?.publish(context);
          throw thrown;
        }
      });
    }

    /** @param {Function} body @param {number} [position] the callback's place among the arguments @param {any} [context] @param {any} [thisArg] @param {...any} given */
    traceCallback(body, position = -1, context = {}, thisArg = undefined, ...given) {
      if (!this.hasSubscribers) return apply(body, thisArg, given);
      /** @type {any} */
      const { start, end, asyncStart, asyncEnd, error } = /** @type {any} */ (this);
      const at = position < 0 ? given.length + position : position;
      const callback = given[at];
      requireFunction(callback, 'callback');
      /** @this {any} @param {...any} results */
      function wrapped(...results) {
        if (results[0]) {
          context.error = results[0];
          error?.publish(context);
        } else {
          context.result = results[1];
        }
        return within(asyncStart, asyncEnd, context, () => apply(callback, this, results));
      }
      splice(given, at, 1, wrapped);
      return within(start, end, context, () => {
        try {
          return apply(body, thisArg, given);
        } catch (thrown) {
          context.error = thrown;
          error?.publish(context);
          throw thrown;
        }
      });
    }
  }

  return { BoundedChannel, TracingChannel };
}

/** @param {Function} body */
function warnAboutResult(body) {
  emitWarning(`tracePromise was called with the function '${body.name || '<anonymous>'}', which returned a non-thenable.`);
}

/** @type {ReturnType<typeof makeClasses> | undefined} */
let classes;

/** @param {(name: string) => any} channel */
const tracing = (channel) => (classes ??= makeClasses(channel));

module.exports = { tracing };
