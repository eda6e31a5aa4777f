// `node:timers`: the timers of the global object under their names.
(function (ops, use) {
  'use strict';

  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = use('timers');
  return {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    get promises() {
      return use('node_timers_promises');
    },
  };
})
