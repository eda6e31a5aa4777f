// node:util beside inspect and format, which have suites of their own, and timers as it promisifies them.
import util, { callbackify, debuglog, promisify, styleText } from 'node:util';
import { test, run, equal, ok, rejects, throws } from '../harness.mjs';

test('promisified timers wait and give a value (the callback came first, so a plain promisify waited for ever)', async () => {
  equal(await promisify(setTimeout)(1, 'v'), 'v');
  equal(await promisify(setImmediate)('i'), 'i');
  await rejects(promisify(setTimeout)(60_000, 'v', { signal: AbortSignal.abort() }), { name: 'AbortError', code: 'ABORT_ERR' });
});

test('promisify of what is promisified gives the same', async () => {
  const once = promisify((value, callback) => callback(null, value + 1));
  equal(await once(1), 2);
  equal(promisify(once), once);
});

test('styles begin and end, the outer around the inner', () => {
  const plain = { validateStream: false };
  equal(styleText('blue', 'x', plain), '\u001b[34mx\u001b[39m');
  equal(styleText(['bold', 'red'], 'x', plain), '\u001b[1m\u001b[31mx\u001b[39m\u001b[22m');
  throws(() => styleText('nope', 'x', plain), { code: 'ERR_INVALID_ARG_VALUE', message: /must be one of: 'reset', 'bold'/ });
  throws(() => styleText('red', 5, plain), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('debuglog is silent unless NODE_DEBUG names it', () => {
  const log = debuglog('twinloop-test');
  equal(log.enabled, false);
  log('nobody sees this');
  equal(util.debug, debuglog);
});

test('callbackify wraps a falsy rejection', async () => {
  const failing = callbackify(async () => {
    throw null;
  });
  const error = await new Promise((resolve) => failing(resolve));
  equal(error.code, 'ERR_FALSY_VALUE_REJECTION');
  equal(error.reason, null);
  ok(error.stack.startsWith('Error [ERR_FALSY_VALUE_REJECTION]: Promise was rejected with falsy value'));
});

test('arguments are checked', () => {
  const bodies = [() => promisify(5), () => callbackify(5), () => queueMicrotask(5), () => setTimeout(5)];
  for (const body of bodies)
    throws(body, { code: 'ERR_INVALID_ARG_TYPE', message: /must be of type function\. Received type number \(5\)$/ });
});

await run();
