// What `performance` tells of the loop and of the start (https://nodejs.org/api/perf_hooks.html#performanceeventlooputilizationutilization1-utilization2).
'use strict';

const { loopTimes, monotonicNow } = ops;

/** @typedef {{ idle: number, active: number, utilization: number }} Utilization */

/** @param {Utilization} [first] @param {Utilization} [second] @returns {Utilization} */
function eventLoopUtilization(first, second) {
  const times = loopTimes();
  if (times[0] < 0) return { idle: 0, active: 0, utilization: 0 };
  let idle = 0;
  let active = 0;
  if (second !== undefined && first !== undefined) {
    idle = first.idle - second.idle;
    active = first.active - second.active;
  } else {
    idle = times[1] - (first?.idle ?? 0);
    active = monotonicNow() - times[0] - times[1] - (first?.active ?? 0);
  }
  return { idle, active, utilization: idle + active === 0 ? 0 : active / (idle + active) };
}

let loopExit = -1;

/** Noted when the program ends. */
function noteExit() {
  loopExit = monotonicNow();
}

/** The times of the process. The steps of its start are not told apart: together they take a millisecond. */
const nodeTiming = {
  name: 'node',
  entryType: 'node',
  startTime: 0,
  get duration() {
    return monotonicNow();
  },
  nodeStart: 0,
  v8Start: 0,
  environment: 0,
  bootstrapComplete: 0,
  get loopStart() {
    return loopTimes()[0];
  },
  get loopExit() {
    return loopExit;
  },
  get idleTime() {
    return loopTimes()[1];
  },
};

module.exports = { eventLoopUtilization, nodeTiming, noteExit };
