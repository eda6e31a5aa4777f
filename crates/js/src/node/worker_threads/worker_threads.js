// `node:worker_threads` (https://nodejs.org/api/worker_threads.html). In a worker `inside` says what is different there (`become`), before
// its program begins.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { assign, defineProperty, symbolFor } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { BroadcastChannel } = require('web/messaging/broadcast_channel');
const { isMessagePort, MessageChannel, MessagePort, nativeOf, setNodeManners } = require('web/messaging/port');
const { setImmediate } = require('web/html/timers');
const { emitWarning } = require('node/process/warnings');
const { markAsUncloneable } = require('web/html/cloner');
const { isMarkedAsUntransferable, markAsUntransferable, readMessage, writeMessage } = require('web/html/message');
const { getEnvironmentData, setEnvironmentData } = require('node/worker_threads/environment');
const { postMessageToThread } = require('node/worker_threads/messaging');
const { receiveMessageOnPort } = require('node/worker_threads/ports');
const { Worker } = require('node/worker_threads/worker');
const { portIsOpen } = ops;

const loadLocks = () => require('web/locks/locks');

/** @type {Record<string, any>} */
const exported = {
  isInternalThread: false,
  /** The locks of `navigator`. */
  get locks() {
    return loadLocks().locks;
  },
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
    if (!portIsOpen(nativeOf(port))) throw nodeError(Error, 'ERR_CLOSED_MESSAGE_PORT', 'Cannot send data on closed MessagePort');
    return readMessage(writeMessage(port, [port])).value;
  },
  receiveMessageOnPort,
  resourceLimits: {},
  postMessageToThread,
  threadId: 0,
  threadName: '',
  SHARE_ENV: symbolFor('nodejs.worker_threads.SHARE_ENV'),
  Worker,
  parentPort: null,
  workerData: null,
  BroadcastChannel,
  setEnvironmentData,
  getEnvironmentData,
};

setNodeManners({
  closed(tell) {
    setImmediate(tell);
  },
  lost() {
    emitWarning('The target port was posted to itself, and the communication channel was lost');
  },
});

// For `inside` only.
defineProperty(exported, 'become', {
  value: (/** @type {Record<string, any>} */ facts) => {
    delete exported.become;
    assign(exported, facts);
  },
  enumerable: false,
  configurable: true,
});

module.exports = exported;
