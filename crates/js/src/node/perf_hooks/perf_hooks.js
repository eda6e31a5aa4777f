// node:perf_hooks: what it shares with the web.
'use strict';

module.exports = require('web/performance/performance');
