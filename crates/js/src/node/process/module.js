// `node:process`: its exports are the global `process` itself.
'use strict';

module.exports = require('node/process/process').process;
