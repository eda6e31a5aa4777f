// `node:perf_hooks` (https://nodejs.org/api/perf_hooks.html): what the web has of it, and Node's own histograms and measures of functions and the loop.
'use strict';

const performanceFile = require('web/performance/performance');
const { PerformanceObserver, PerformanceObserverEntryList } = require('web/performance/observer');
const { absentFunction } = require('node/absent');
const {
  PerformanceResourceTiming,
  clearResourceTimings,
  markResourceTiming,
  setResourceTimingBufferSize,
} = require('node/perf_hooks/resource');
const { createHistogram } = require('node/perf_hooks/histogram');
const { eventLoopUtilization, nodeTiming, noteExit } = require('node/perf_hooks/loop');
const { monitorEventLoopDelay } = require('node/perf_hooks/delay');
const { timerify } = require('node/perf_hooks/timerify');
const { process } = require('node/process/process');
const { assign, create, defineProperty, freeze } = require('builtins/primordials');

const { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, hooks, performance } = performanceFile;

process.once('exit', noteExit);

// The kinds of V8's collector, as programs name them; this engine's collections are not told.
const constants = freeze(
  assign(create(null), {
    NODE_PERFORMANCE_GC_MAJOR: 4,
    NODE_PERFORMANCE_GC_MINOR: 1,
    NODE_PERFORMANCE_GC_MINOR_MARK_SWEEP: 2,
    NODE_PERFORMANCE_GC_INCREMENTAL: 8,
    NODE_PERFORMANCE_GC_WEAKCB: 16,
    NODE_PERFORMANCE_GC_FLAGS_NO: 0,
    NODE_PERFORMANCE_GC_FLAGS_CONSTRUCT_RETAINED: 2,
    NODE_PERFORMANCE_GC_FLAGS_FORCED: 4,
    NODE_PERFORMANCE_GC_FLAGS_SYNCHRONOUS_PHANTOM_PROCESSING: 8,
    NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: 16,
    NODE_PERFORMANCE_GC_FLAGS_ALL_EXTERNAL_MEMORY: 32,
    NODE_PERFORMANCE_GC_FLAGS_SCHEDULE_IDLE: 64,
  }),
);

const exported = {
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
  constants,
  PerformanceResourceTiming,
  createHistogram,
  createSlidingWindowHistogram: absentFunction('perf_hooks', 'createSlidingWindowHistogram', 1),
  importHistogram: absentFunction('perf_hooks', 'importHistogram', 1),
  eventLoopUtilization,
  monitorEventLoopDelay,
  performance,
  timerify,
};

const ofPerformance = {
  eventLoopUtilization,
  nodeTiming,
  timerify,
  markResourceTiming,
  clearResourceTimings,
  setResourceTimingBufferSize,
};
defineProperty(exported, hooks, { value: ofPerformance });

module.exports = exported;
