// `node:cluster` (https://nodejs.org/api/cluster.html) as the first process of a program sees it; workers are not there yet.
'use strict';

const { absentClass, absentFunction } = require('node/absent');
const EventEmitter = require('node/events/events');
const { arraySlice, assign } = require('builtins/primordials');
const loadProcess = () => require('node/process/process');

const SCHED_NONE = 1;
const SCHED_RR = 2;

/** @this {any} @param {any} [options] */
function setupPrimary(options) {
  /** @type {any} */
  const cluster = module.exports;
  const { argv, execArgv } = loadProcess().process;
  cluster.settings = assign({ args: arraySlice(argv, 2), exec: argv[1], execArgv, silent: false }, cluster.settings, options);
}

module.exports = assign(new EventEmitter(), {
  isWorker: false,
  isMaster: true,
  isPrimary: true,
  Worker: absentClass('cluster', 'Worker', 1, EventEmitter.prototype),
  workers: {},
  settings: {},
  SCHED_NONE,
  SCHED_RR,
  schedulingPolicy: SCHED_RR,
  setupPrimary,
  setupMaster: setupPrimary,
  fork: absentFunction('cluster', 'fork', 1),
  /** There is no worker to wait for. @param {() => void} [callback] */
  disconnect(callback) {
    if (callback !== undefined) loadProcess().process.nextTick(callback);
  },
});
