// What the package readable-stream takes of `process`: the streams' own ticks, without making `process` of a program that has no use for it.
'use strict';

const { nextTick } = require('node/process/ticks');
const loadProcess = () => require('node/process/process');

module.exports = {
  nextTick,
  get stdout() {
    return loadProcess().process.stdout;
  },
  get stderr() {
    return loadProcess().process.stderr;
  },
};
