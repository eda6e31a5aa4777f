// AbortSignals as Node's modules take them: any object that has a state will do, as those of polyfills do (graphql-yoga's, the package abort-controller's).
'use strict';

const { addAlgorithm, isAbortSignal, removeAlgorithm } = require('web/abort/abort');

/** Calls when the signal is aborted, which it is not yet; of one of ours also when a listener stops the event. @param {any} signal @param {() => void} act */
function onAbort(signal, act) {
  if (isAbortSignal(signal)) addAlgorithm(signal, act);
  else signal.addEventListener('abort', act, { once: true });
}

/** @param {any} signal @param {() => void} act */
function offAbort(signal, act) {
  if (isAbortSignal(signal)) removeAlgorithm(signal, act);
  else signal.removeEventListener('abort', act);
}

module.exports = { offAbort, onAbort };
