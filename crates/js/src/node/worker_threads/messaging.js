// `postMessageToThread` (https://nodejs.org/api/worker_threads.html#worker_threadspostmessagetothreadthreadid-value-transferlist-timeout):
// every thread that loaded the module is a member of a broadcast channel of its own, to which others send, with a port for the answer.
'use strict';

const { nodeError } = require('node/errors');
const { requireInteger } = require('node/arguments');
const { push } = require('builtins/primordials');
const { readMessage, writeMessage } = require('web/html/message');
const { listen, makePort } = require('web/messaging/port');
const { broadcastCount, broadcastJoin, broadcastPost, channelPorts, portClose, portReference, threadFacts, threadMailbox } = ops;
const { process } = require('node/process/process');
const loadTimers = () => require('web/html/timers');

const ownId = threadFacts()[0];
/** @param {number} id */
const address = (id) => `\u0000thread ${id}`;

const received = 'received';
const silent = 'silent';
const threw = 'threw';

/** A message came from another thread. @param {NativeMessage} message */
function receive(message) {
  const { source, value, port } = readMessage(message).value;
  let answer = received;
  try {
    if (!process.emit('workerMessage', value, source)) answer = silent;
  } catch {
    answer = threw;
  }
  port.postMessage(answer);
  port.close();
}

listen(threadMailbox(), { receive, ended() {} });

/** @type {Record<string, [code: string, message: string]>} */
const failures = {
  [silent]: ['ERR_WORKER_MESSAGING_FAILED', 'Cannot find the destination thread or listener'],
  [threw]: ['ERR_WORKER_MESSAGING_ERRORED', 'The destination thread threw an error while processing the message'],
};

/** @param {any} threadId @param {any} value @param {any} [transferList] @param {any} [timeout] */
async function postMessageToThread(threadId, value, transferList = undefined, timeout = undefined) {
  let list = transferList;
  let milliseconds = timeout;
  if (typeof list === 'number' && milliseconds === undefined) {
    milliseconds = list;
    list = undefined;
  }
  if (milliseconds !== undefined) requireInteger(milliseconds, 'timeout', 0);
  if (threadId === ownId) throw nodeError(Error, 'ERR_WORKER_MESSAGING_SAME_THREAD', 'Cannot sent a message to the same thread');
  const name = address(threadId);
  const member = broadcastJoin(name);
  try {
    if (broadcastCount(member) === 0) throw nodeError(Error, failures[silent][0], failures[silent][1]);
    const ports = channelPorts();
    const port = makePort(ports[1]);
    /** @type {any[]} */
    const transfer = [];
    for (let i = 0; i < (list?.length ?? 0); i += 1) push(transfer, list[i]);
    push(transfer, port);
    const message = writeMessage({ source: ownId, value, port }, transfer);
    const answer = answerOf(ports[0], milliseconds);
    broadcastPost(member, [message]);
    const failure = failures[await answer];
    if (failure !== undefined) throw nodeError(Error, failure[0], failure[1]);
  } finally {
    portClose(member);
  }
}

/** @param {NativePort} port @param {number | undefined} timeout @returns {Promise<string>} */
function answerOf(port, timeout) {
  return new Promise((resolve, reject) => {
    /** @type {any} */
    let timer;
    const end = () => {
      if (timer !== undefined) loadTimers().clearTimeout(timer);
      portClose(port);
    };
    portReference(port, true);
    listen(port, {
      receive(message) {
        end();
        resolve(readMessage(message).value);
      },
      ended() {
        end();
        resolve(silent);
      },
    });
    if (timeout === undefined) return;
    timer = loadTimers().setTimeout(() => {
      end();
      reject(nodeError(Error, 'ERR_WORKER_MESSAGING_TIMEOUT', 'Sending a message to another thread timed out'));
    }, timeout);
  });
}

module.exports = { postMessageToThread };
