// `node:perf_hooks` and PerformanceObserver.
import { createHistogram, eventLoopUtilization, monitorEventLoopDelay, performance, PerformanceObserver, timerify } from 'node:perf_hooks';
import { test, run, equal, ok, deepEqual, delay, throws } from '../harness.mjs';

test('a histogram counts what it is given, to so many figures', () => {
  const histogram = createHistogram();
  equal(histogram.min, 9223372036854776000);
  for (let value = 1; value <= 1000; value += 1) histogram.record(value);
  deepEqual([histogram.count, histogram.min, histogram.max, histogram.percentile(50), histogram.percentile(99)], [1000, 1, 1000, 500, 990]);
  equal(histogram.mean, 500.5);
  equal(Math.round(histogram.stddev), 289);
  histogram.record(10n ** 12n);
  ok(Math.abs(histogram.max / 1e12 - 1) < 0.001);
  const other = createHistogram({ highest: 100 });
  other.add(histogram);
  deepEqual([other.count, other.exceeds], [100, 0]);
  histogram.reset();
  equal(histogram.count, 0);
  deepEqual([...createHistogram().percentiles], [[100, 0]]);
  equal(throws(() => histogram.record(0), RangeError).code, 'ERR_OUT_OF_RANGE');
  equal(throws(() => createHistogram({ figures: 6 }), RangeError).code, 'ERR_OUT_OF_RANGE');
});

test('a histogram is bounded, however many values it has', () => {
  const histogram = createHistogram({ figures: 1 });
  for (let value = 1; value < 200_000; value += 1) histogram.record(value * 1000);
  ok(histogram.percentiles.size < 200);
});

test('observers are told of marks, measures and timed functions', async () => {
  const seen = [];
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries().map((entry) => [entry.entryType, entry.name])));
  observer.observe({ entryTypes: ['mark', 'measure', 'function'] });
  performance.mark('one');
  performance.measure('way', 'one');
  const add = timerify(function add(left, right) {
    return left + right;
  });
  equal(add(1, 2), 3);
  equal(add.name, 'timerified add');
  await delay(20);
  deepEqual(seen.map(String).sort(), ['function,add', 'mark,one', 'measure,way']);
  observer.disconnect();
  performance.mark('two');
  await delay(10);
  equal(seen.length, 3);
  performance.clearMarks();
  performance.clearMeasures();
  equal(throws(() => observer.observe(), TypeError).code, 'ERR_MISSING_ARGS');
});

test('the loop tells how idle it is, and how late its timers are', async () => {
  const before = eventLoopUtilization();
  const late = monitorEventLoopDelay({ resolution: 5 });
  equal(late.enable(), true);
  await delay(60);
  const { idle, active, utilization } = performance.eventLoopUtilization(before);
  ok(idle > 10 && active > 0 && utilization < 1, JSON.stringify({ idle, active, utilization }));
  equal(late.disable(), true);
  ok(late.count > 1 && late.min > 1e6, `${late.count} ${late.min}`);
  ok(performance.nodeTiming.idleTime > 0);
});

test('a histogram is cloned', () => {
  const histogram = createHistogram();
  histogram.record(5);
  const copy = structuredClone(histogram);
  equal(copy.count, 1);
  equal(copy.max, 5);
});

test('entries of resources are kept as far as there is room, and the program is told when it is full', async () => {
  const timing = (startTime) => ({ startTime, endTime: startTime, encodedBodySize: 1, finalConnectionTimingInfo: null });
  const mark = (startTime) => performance.markResourceTiming(timing(startTime), 'http://a/', 'fetch', globalThis, '', {}, 200, '');
  const starts = () => performance.getEntriesByType('resource').map((entry) => entry.startTime);
  performance.setResourceTimingBufferSize(1);
  equal(mark(1).transferSize, 301);
  mark(2);
  mark(3);
  deepEqual(starts(), [1]);
  await new Promise((resolve) => {
    const full = () => {
      performance.removeEventListener('resourcetimingbufferfull', full);
      performance.setResourceTimingBufferSize(2);
      resolve();
    };
    performance.addEventListener('resourcetimingbufferfull', full);
  });
  deepEqual(starts(), [1, 2]);
  equal(performance.getEntriesByName('http://a/').length, 2);
  performance.clearResourceTimings();
  deepEqual(starts(), []);
  performance.setResourceTimingBufferSize(250);
});

test('a time or a name of the wrong kind is refused', () => {
  equal(throws(() => performance.mark('a', { startTime: 'b' }), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => performance.mark('a', { startTime: -1 }), TypeError).code, 'ERR_PERFORMANCE_INVALID_TIMESTAMP');
  throws(() => performance.clearMarks(Symbol('a')), TypeError);
});

await run();
