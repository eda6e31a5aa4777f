// `node:worker_threads` (https://nodejs.org/api/worker_threads.html) as the main thread sees it; workers are not there yet.
'use strict';

const { absentClass, absentFunction } = require('node/absent');
const { invalidType } = require('node/errors');
const { prototype: emitter } = require('node/events/events');
const { mapDelete, mapGet, mapSet, Map, symbolFor } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { BroadcastChannel } = require('web/messaging/broadcast_channel');
const { isMessagePort, MessageChannel, MessagePort } = require('web/messaging/port');
const { markAsUncloneable } = require('web/html/cloner');
const { isMarkedAsUntransferable, markAsUntransferable, readMessage, writeMessage } = require('web/html/message');
const { receiveMessageOnPort } = require('node/worker_threads/ports');

/** @type {Map<any, any>} */
const environmentData = new Map();

module.exports = {
  isInternalThread: false,
  isMainThread: true,
  MessagePort,
  MessageChannel,
  /** @param {any} object */
  markAsUncloneable(object) {
    if (isObject(object)) markAsUncloneable(object);
  },
  /** @param {any} object */
  markAsUntransferable(object) {
    if (isObject(object)) markAsUntransferable(object);
  },
  isMarkedAsUntransferable,
  /** Contexts of `node:vm` are realms of one engine: the port is another object on the same loop. @param {any} port @param {any} context */
  moveMessagePortToContext(port, context) {
    if (!isMessagePort(port)) throw invalidType('port', 'MessagePort', port);
    if (!isObject(context)) throw invalidType('contextifiedSandbox', 'Object', context);
    return readMessage(writeMessage(port, [port])).value;
  },
  receiveMessageOnPort,
  resourceLimits: {},
  postMessageToThread: absentFunction('worker_threads', 'postMessageToThread', 4),
  threadId: 0,
  threadName: '',
  SHARE_ENV: symbolFor('nodejs.worker_threads.SHARE_ENV'),
  Worker: absentClass('worker_threads', 'Worker', 1, emitter),
  parentPort: null,
  workerData: null,
  BroadcastChannel,
  /** @param {any} key @param {any} [value] */
  setEnvironmentData(key, value) {
    if (value === undefined) mapDelete(environmentData, key);
    else mapSet(environmentData, key, value);
  },
  /** @param {any} key */
  getEnvironmentData: (key) => mapGet(environmentData, key),
};
