// Event, EventTarget and the events with attributes of their own.
import { test, run, equal, ok, deepEqual, many, throws } from '../harness.mjs';

test('listeners run in order, once each, with the target as this and currentTarget', () => {
  const target = new EventTarget();
  const seen = [];
  const listener = function (event) {
    seen.push(['function', this === target, event.currentTarget === target, event.eventPhase]);
  };
  target.addEventListener('x', listener);
  target.addEventListener('x', listener);
  target.addEventListener('x', { handleEvent: (event) => seen.push(['object', event.type]) });
  const event = new Event('x');
  equal(target.dispatchEvent(event), true);
  deepEqual(seen, [
    ['function', true, true, 2],
    ['object', 'x'],
  ]);
  equal(event.currentTarget, null);
  equal(event.target, target);
  equal(event.eventPhase, 0);
});

test('once, removal and removal during the dispatch', () => {
  const target = new EventTarget();
  const seen = [];
  const second = () => seen.push('second');
  target.addEventListener('x', () => seen.push('once'), { once: true });
  target.addEventListener('x', () => target.removeEventListener('x', second));
  target.addEventListener('x', second);
  target.dispatchEvent(new Event('x'));
  target.dispatchEvent(new Event('x'));
  deepEqual(seen, ['once']);
});

test('a listener added during the dispatch waits for the next one', () => {
  const target = new EventTarget();
  let calls = 0;
  target.addEventListener('x', () => target.addEventListener('x', () => (calls += 1)), { once: true });
  target.dispatchEvent(new Event('x'));
  equal(calls, 0);
  target.dispatchEvent(new Event('x'));
  equal(calls, 1);
});

test('capture listeners are told apart', () => {
  const target = new EventTarget();
  let calls = 0;
  const listener = () => (calls += 1);
  target.addEventListener('x', listener, true);
  target.addEventListener('x', listener, false);
  target.removeEventListener('x', listener, { capture: true });
  target.dispatchEvent(new Event('x'));
  equal(calls, 1);
});

test('preventDefault works on cancelable events only, and not from passive listeners', () => {
  const target = new EventTarget();
  target.addEventListener('x', (event) => event.preventDefault());
  equal(target.dispatchEvent(new Event('x')), true);
  equal(target.dispatchEvent(new Event('x', { cancelable: true })), false);
  const passive = new EventTarget();
  passive.addEventListener('x', (event) => event.preventDefault(), { passive: true });
  equal(passive.dispatchEvent(new Event('x', { cancelable: true })), true);
});

test('stopImmediatePropagation ends the dispatch', () => {
  const target = new EventTarget();
  let calls = 0;
  target.addEventListener('x', (event) => event.stopImmediatePropagation());
  target.addEventListener('x', () => (calls += 1));
  target.dispatchEvent(new Event('x'));
  equal(calls, 0);
});

test('a signal takes its listeners away', () => {
  const target = new EventTarget();
  const controller = new AbortController();
  let calls = 0;
  target.addEventListener('x', () => (calls += 1), { signal: controller.signal });
  target.dispatchEvent(new Event('x'));
  controller.abort();
  target.dispatchEvent(new Event('x'));
  equal(calls, 1);
  target.addEventListener('x', () => (calls += 1), { signal: controller.signal });
  target.dispatchEvent(new Event('x'));
  equal(calls, 1);
});

test('bad arguments are TypeErrors', () => {
  const target = new EventTarget();
  throws(() => new Event(), TypeError);
  throws(() => target.addEventListener('x'), TypeError);
  throws(() => target.addEventListener('x', 5), TypeError);
  throws(() => target.dispatchEvent({}), TypeError);
  throws(() => EventTarget.prototype.addEventListener.call({}, 'x', () => {}), TypeError);
  target.addEventListener('x', null);
});

test('an event cannot be dispatched twice at once', () => {
  const target = new EventTarget();
  let error;
  target.addEventListener('x', (event) => {
    error = throws(() => target.dispatchEvent(event));
  });
  target.dispatchEvent(new Event('x'));
  equal(error.name, 'InvalidStateError');
});

test('attributes of the classes of events', () => {
  equal(new CustomEvent('x', { detail: 5 }).detail, 5);
  equal(new CustomEvent('x').detail, null);
  const error = new ErrorEvent('error', { message: 'm', filename: 'f', lineno: 3, colno: 4, error: 7 });
  deepEqual([error.message, error.filename, error.lineno, error.colno, error.error], ['m', 'f', 3, 4, 7]);
  const message = new MessageEvent('message', { data: { a: 1 }, origin: 'o', lastEventId: 'i' });
  deepEqual([message.data, message.origin, message.lastEventId, message.source, message.ports.length], [{ a: 1 }, 'o', 'i', null, 0]);
  const progress = new ProgressEvent('progress', { lengthComputable: true, loaded: 1, total: 2 });
  deepEqual([progress.lengthComputable, progress.loaded, progress.total], [true, 1, 2]);
  const promise = Promise.resolve();
  const rejection = new PromiseRejectionEvent('unhandledrejection', { promise, reason: 'r' });
  equal(rejection.promise, promise);
  equal(rejection.reason, 'r');
  throws(() => new PromiseRejectionEvent('x'), TypeError);
  throws(() => new PromiseRejectionEvent('x', {}), TypeError);
  ok(error instanceof Event);
});

test('constants, tags and enumerable members as Web IDL has them', () => {
  equal(Event.AT_TARGET, 2);
  equal(new Event('x').BUBBLING_PHASE, 3);
  equal(Object.prototype.toString.call(new CustomEvent('x')), '[object CustomEvent]');
  ok(Object.getOwnPropertyDescriptor(Event.prototype, 'type').enumerable);
  ok(Object.getOwnPropertyDescriptor(EventTarget.prototype, 'addEventListener').enumerable);
});

test('a subclass of EventTarget dispatches', () => {
  class Player extends EventTarget {}
  const player = new Player();
  let seen;
  player.addEventListener('play', (event) => (seen = event.target));
  player.dispatchEvent(new Event('play'));
  equal(seen, player);
});

test('the global object is a target', () => {
  let seen;
  const listener = (event) => (seen = event.target);
  addEventListener('custom', listener);
  globalThis.addEventListener('custom', listener);
  dispatchEvent(new Event('custom'));
  equal(seen, globalThis);
  removeEventListener('custom', listener);
  seen = undefined;
  globalThis.dispatchEvent(new Event('custom'));
  equal(seen, undefined);
  equal(self, globalThis);
});

test('what a listener throws is reported as an error event, and the other listeners run', () => {
  const target = new EventTarget();
  const thrown = new Error('from a listener');
  let reported;
  let second = false;
  const onError = (event) => {
    reported = event;
    event.preventDefault();
  };
  addEventListener('error', onError);
  target.addEventListener('x', () => {
    throw thrown;
  });
  target.addEventListener('x', () => (second = true));
  target.dispatchEvent(new Event('x'));
  removeEventListener('error', onError);
  equal(reported.error, thrown);
  ok(reported instanceof ErrorEvent);
  ok(reported.message.includes('from a listener'));
  ok(reported.isTrusted);
  equal(second, true);
});

test('reportError reaches onerror with its five arguments', () => {
  const error = new Error('told');
  let given;
  globalThis.onerror = (...args) => {
    given = args;
    return true;
  };
  reportError(error);
  globalThis.onerror = null;
  equal(given.length, 5);
  ok(given[0].includes('told'));
  equal(given[4], error);
});

test('an unhandled rejection is an event, and its late handler another', async () => {
  const events = [];
  const onUnhandled = (event) => {
    event.preventDefault();
    events.push([event.type, event.reason, event.promise === promise, event.cancelable]);
  };
  const onHandled = (event) => events.push([event.type, event.reason, event.promise === promise]);
  addEventListener('unhandledrejection', onUnhandled);
  addEventListener('rejectionhandled', onHandled);
  const promise = Promise.reject('reason');
  await new Promise((resolve) => setTimeout(resolve, 5));
  promise.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  removeEventListener('unhandledrejection', onUnhandled);
  removeEventListener('rejectionhandled', onHandled);
  deepEqual(events[0], ['unhandledrejection', 'reason', true, true]);
  equal(events[1]?.[0], 'rejectionhandled');
  equal(events[1]?.[2], true);
});

test('however many listeners there are, each is found: added once, removed once, called once', () => {
  // Each addition and each removal once walked and copied the whole list: 80,000 once-listeners took minutes.
  const target = new EventTarget();
  let calls = 0;
  const listeners = [];
  for (let i = 0; i < many(80_000); i += 1) {
    const listener = () => {
      calls += 1;
    };
    listeners.push(listener);
    target.addEventListener('x', listener, { once: true });
    target.addEventListener('x', listener, { once: true });
  }
  for (let i = 0; i < listeners.length; i += 2) target.removeEventListener('x', listeners[i]);
  target.dispatchEvent(new Event('x'));
  equal(calls, many(40_000));
  target.dispatchEvent(new Event('x'));
  equal(calls, many(40_000));
});

test('a dispatch sees the listeners of its start, but not those that were removed meanwhile', () => {
  const target = new EventTarget();
  const seen = [];
  const last = () => seen.push('last');
  target.addEventListener('x', () => {
    seen.push('first');
    target.addEventListener('x', () => seen.push('late'), { once: true });
    target.removeEventListener('x', last);
  });
  target.addEventListener('x', last);
  target.dispatchEvent(new Event('x'));
  deepEqual(seen, ['first']);
  target.addEventListener('x', last);
  target.dispatchEvent(new Event('x'));
  deepEqual(seen, ['first', 'first', 'late']);
});

test('a listener of both phases is two listeners, and the capturing one is removed by itself', () => {
  const target = new EventTarget();
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  for (let i = 0; i < 20; i += 1) target.addEventListener('x', () => undefined);
  target.addEventListener('x', count);
  target.addEventListener('x', count, true);
  target.dispatchEvent(new Event('x'));
  equal(calls, 2);
  target.removeEventListener('x', count, { capture: true });
  target.dispatchEvent(new Event('x'));
  equal(calls, 3);
});

test('isTrusted is an own property of every event that nobody can change', () => {
  const event = new Event('x');
  const descriptor = Object.getOwnPropertyDescriptor(event, 'isTrusted');
  equal(descriptor.configurable, false);
  equal(descriptor.enumerable, true);
  equal(descriptor.set, undefined);
  equal(event.isTrusted, false);
  equal(Object.getOwnPropertyDescriptor(new CustomEvent('y'), 'isTrusted').get, descriptor.get);
  equal('isTrusted' in Event.prototype, false);
});

test('a target forgets the types that it has no listeners of, and may have them again', () => {
  const target = new EventTarget();
  let heard = 0;
  const listener = () => {
    heard += 1;
  };
  // Some empty lists are kept for the listeners to come, more are dropped.
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 20; i += 1) {
      target.addEventListener(`t${i}`, listener, { once: i % 2 === 0 });
      target.dispatchEvent(new Event(`t${i}`));
      target.removeEventListener(`t${i}`, listener);
      target.dispatchEvent(new Event(`t${i}`));
    }
  }
  equal(heard, 60);
  // One that is added while the list of its type is walked for the last time.
  target.addEventListener('again', () => target.addEventListener('again', listener), { once: true });
  target.dispatchEvent(new Event('again'));
  equal(heard, 60);
  target.dispatchEvent(new Event('again'));
  equal(heard, 61);
});

test('an event handler is set on what is an event target', () => {
  const { set } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'onabort');
  throws(() => set.call({}, () => {}), TypeError);
  throws(() => set.call({}, null), TypeError);
});

test('a proxy of a target, and what was made of one, has its listeners', () => {
  // graphql-yoga puts a proxy before the signals of its requests.
  class Signal extends EventTarget {
    stop() {
      return this.dispatchEvent(new Event('stop'));
    }
  }
  const signal = new Signal();
  const heard = [];
  for (const other of [new Proxy(signal, {}), Object.create(signal)]) {
    other.addEventListener('stop', (event) => heard.push(event.target === other), { once: true });
    equal(other.stop(), true);
  }
  deepEqual(heard, [true, true]);
  throws(() => EventTarget.prototype.addEventListener.call({}, 'x', () => {}), TypeError);
  throws(() => EventTarget.prototype.dispatchEvent.call(new Proxy({}, {}), new Event('x')), TypeError);
});

await run();
