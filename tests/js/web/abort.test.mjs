// AbortController, AbortSignal and DOMException.
import { test, run, equal, notEqual, ok, throws, rejects, delay, deepEqual } from '../harness.mjs';

test('a controller aborts its signal once, with an AbortError', () => {
  const controller = new AbortController();
  const { signal } = controller;
  let events = 0;
  signal.onabort = (event) => {
    events += 1;
    equal(event.target, signal);
    equal(event.isTrusted, true);
  };
  equal(signal.aborted, false);
  equal(signal.reason, undefined);
  signal.throwIfAborted();
  controller.abort();
  controller.abort('again');
  equal(events, 1);
  equal(signal.aborted, true);
  equal(signal.reason.name, 'AbortError');
  equal(signal.reason.code, 20);
  ok(signal.reason instanceof DOMException);
  equal(
    throws(() => signal.throwIfAborted()),
    signal.reason,
  );
});

test('a reason of the program is kept', () => {
  const reason = { mine: true };
  const controller = new AbortController();
  controller.abort(reason);
  equal(controller.signal.reason, reason);
  equal(AbortSignal.abort(0).reason, 0);
  equal(AbortSignal.abort().reason.name, 'AbortError');
});

test('a signal cannot be constructed', () => {
  throws(() => new AbortSignal(), TypeError);
});

test('timeout aborts with a TimeoutError', async () => {
  const signal = AbortSignal.timeout(5);
  equal(signal.aborted, false);
  await new Promise((resolve) => {
    const alive = setTimeout(() => {}, 5000);
    signal.addEventListener('abort', () => {
      clearTimeout(alive);
      resolve();
    });
  });
  equal(signal.reason.name, 'TimeoutError');
  equal(signal.reason.code, 23);
  throws(() => AbortSignal.timeout(-1), TypeError);
  throws(() => AbortSignal.timeout(), TypeError);
});

test('any follows the first of its sources', () => {
  const first = new AbortController();
  const second = new AbortController();
  const either = AbortSignal.any([first.signal, second.signal]);
  let events = 0;
  either.addEventListener('abort', () => (events += 1));
  second.abort('two');
  first.abort('one');
  equal(either.reason, 'two');
  equal(events, 1);
  equal(AbortSignal.any([second.signal, new AbortController().signal]).reason, 'two');
  equal(AbortSignal.any([]).aborted, false);
  throws(() => AbortSignal.any([{}]), TypeError);
});

test('any of any depends on the original sources', () => {
  const controller = new AbortController();
  const outer = AbortSignal.any([AbortSignal.any([controller.signal])]);
  controller.abort('deep');
  equal(outer.reason, 'deep');
});

test('every dependent is marked before the first event', () => {
  const controller = new AbortController();
  const dependent = AbortSignal.any([controller.signal]);
  let marked;
  controller.signal.addEventListener('abort', () => (marked = dependent.aborted));
  controller.abort();
  equal(marked, true);
});

test('10,000 signals of any on one source do not accumulate', async () => {
  const source = new AbortController().signal;
  for (let round = 0; round < 10; round += 1) {
    for (let index = 0; index < 1000; index += 1) AbortSignal.any([source]);
    await delay(0);
  }
  equal(source.aborted, false);
});

test('DOMException has the names, the codes and the constants', () => {
  const error = new DOMException('text', 'DataCloneError');
  equal(error.name, 'DataCloneError');
  equal(error.message, 'text');
  equal(error.code, 25);
  equal(DOMException.DATA_CLONE_ERR, 25);
  equal(error.ABORT_ERR, 20);
  equal(new DOMException().name, 'Error');
  equal(new DOMException().message, '');
  equal(new DOMException('x', 'Unheard').code, 0);
  ok(error instanceof Error);
  equal(Object.prototype.toString.call(error), '[object DOMException]');
  equal(String(error), 'DataCloneError: text');
  ok(error.stack.includes('abort.test.mjs'), error.stack);
  equal(Object.keys(error).length, 0);
  throws(() => Object.getOwnPropertyDescriptor(DOMException.prototype, 'name').get.call({}), TypeError);
  class Mine extends DOMException {}
  ok(new Mine('a', 'b') instanceof Mine);
  equal(new Mine('a', 'b').name, 'b');
  equal(new DOMException('m', { name: 'N', cause: 1 }).cause, 1);
});

test('an aborted wait rejects with the reason', async () => {
  const controller = new AbortController();
  const waiting = new Promise((_, reject) => controller.signal.addEventListener('abort', () => reject(controller.signal.reason)));
  controller.abort(new RangeError('stop'));
  notEqual(await rejects(waiting, RangeError), undefined);
});

test('a signal of any follows whichever source was aborted first, whenever it is looked at', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const signal = AbortSignal.any([a.signal, b.signal]);
  const nested = AbortSignal.any([signal]);
  b.abort('b');
  a.abort('a');
  equal(signal.reason, 'b');
  equal(nested.reason, 'b');
  equal(AbortSignal.any([a.signal, b.signal]).reason, 'a');
});

test('dependents fire after their source, in the order in which they were made', () => {
  const controller = new AbortController();
  const first = AbortSignal.any([controller.signal]);
  const second = AbortSignal.any([controller.signal]);
  const order = [];
  second.addEventListener('abort', () => order.push('second'));
  first.addEventListener('abort', () => order.push('first'));
  controller.signal.addEventListener('abort', () => order.push(first.aborted && second.aborted ? 'source' : 'too early'));
  controller.abort();
  deepEqual(order, ['source', 'first', 'second']);
});

test('a listener that goes again leaves nothing with the source', () => {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal]);
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  signal.addEventListener('abort', listener);
  signal.removeEventListener('abort', listener);
  controller.abort(1);
  equal(calls, 0);
  equal(signal.aborted, true);
});

test('timeout takes what [EnforceRange] allows', () => {
  for (const value of [-1, Infinity, Number.NaN, 2 ** 53]) throws(() => AbortSignal.timeout(value), TypeError);
});

await run();
