// `node:timers`: the timers of the global object under their names.
'use strict';

const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = require('web/html/timers');
const loadTimersPromises = () => require('node/timers/promises');
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
