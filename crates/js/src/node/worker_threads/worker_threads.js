// `node:worker_threads` (https://nodejs.org/api/worker_threads.html) as the main thread sees it; workers and ports are not there yet.
'use strict';

const { absentClass, absentFunction } = require('node/absent');
const { prototype: emitter } = require('node/events/events');
const { mapDelete, mapGet, mapSet, Map, symbolFor } = require('builtins/primordials');

/** @type {Map<any, any>} */
const environmentData = new Map();

module.exports = {
  isInternalThread: false,
  isMainThread: true,
  MessagePort: absentClass('worker_threads', 'MessagePort'),
  MessageChannel: absentClass('worker_threads', 'MessageChannel'),
  markAsUncloneable: absentFunction('worker_threads', 'markAsUncloneable', 1),
  markAsUntransferable: absentFunction('worker_threads', 'markAsUntransferable', 1),
  isMarkedAsUntransferable: () => false,
  moveMessagePortToContext: absentFunction('worker_threads', 'moveMessagePortToContext'),
  receiveMessageOnPort: absentFunction('worker_threads', 'receiveMessageOnPort', 1),
  resourceLimits: {},
  postMessageToThread: absentFunction('worker_threads', 'postMessageToThread', 4),
  threadId: 0,
  threadName: '',
  SHARE_ENV: symbolFor('nodejs.worker_threads.SHARE_ENV'),
  Worker: absentClass('worker_threads', 'Worker', 1, emitter),
  parentPort: null,
  workerData: null,
  BroadcastChannel: absentClass('worker_threads', 'BroadcastChannel', 1),
  /** @param {any} key @param {any} [value] */
  setEnvironmentData(key, value) {
    if (value === undefined) mapDelete(environmentData, key);
    else mapSet(environmentData, key, value);
  },
  /** @param {any} key */
  getEnvironmentData: (key) => mapGet(environmentData, key),
};
