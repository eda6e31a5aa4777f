// Messages between the primary and its workers, and their answers: internal ones of the channel, in Node's form, so that either side may be Node.
'use strict';

const { apply, assign, Map, mapDelete, mapGet, mapSet } = require('builtins/primordials');

/** Who waits for an answer, by the number of the message. @type {Map<number, Function>} */
const callbacks = new Map();
let count = 0;

/** @param {any} process that of the other side @param {any} message @param {any} handle @param {Function} [callback] for the answer */
function sendTo(process, message, handle, callback) {
  if (!process.connected) return false;
  const sent = assign({ cmd: 'NODE_CLUSTER' }, message, { seq: count });
  if (callback !== undefined) mapSet(callbacks, count, callback);
  count += 1;
  return process.send(sent, handle);
}

/** A listener of `internalMessage`. @param {any} worker @param {(message: any, handle: any) => void} hear */
function listener(worker, hear) {
  return (/** @type {any} */ message, /** @type {any} */ handle) => {
    if (message.cmd !== 'NODE_CLUSTER') return;
    /** @type {Function} */
    let told = hear;
    if (message.ack !== undefined) {
      const waiting = mapGet(callbacks, message.ack);
      if (waiting !== undefined) {
        told = waiting;
        mapDelete(callbacks, message.ack);
      }
    }
    apply(told, worker, [message, handle]);
  };
}

module.exports = { listener, sendTo };
