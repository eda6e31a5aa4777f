// `node:timers`: the timers of the global object under their names.
'use strict';

const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = require('web/html/timers');
const { symbolFor, defineProperty } = require('builtins/primordials');
const loadTimersPromises = () => require('node/timers/promises');

// What `util.promisify` takes for them.
const custom = symbolFor('nodejs.util.promisify.custom');
defineProperty(setTimeout, custom, { get: () => loadTimersPromises().setTimeout, enumerable: true, configurable: true });
defineProperty(setImmediate, custom, { get: () => loadTimersPromises().setImmediate, enumerable: true, configurable: true });

module.exports = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  clearImmediate,
  get promises() {
    return loadTimersPromises();
  },
};
