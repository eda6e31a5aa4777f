// `node:trace_events` (https://nodejs.org/api/tracing.html): no category is ever traced.
'use strict';

const { absentFunction } = require('node/absent');

module.exports = { createTracing: absentFunction('trace_events', 'createTracing', 1), getEnabledCategories() {} };
