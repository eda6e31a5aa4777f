// `node:inspector/promises` (https://nodejs.org/api/inspector.html#promises-api).
'use strict';

const inspector = require('node/inspector/inspector');
const { absentClass } = require('node/absent');
const { prototype: emitter } = require('node/events/events');
const { assign } = require('builtins/primordials');

module.exports = assign({}, inspector, { Session: absentClass('inspector/promises', 'Session', 0, emitter) });
