// `node:sys`: the old name of `node:util`.
'use strict';

const util = require('node/util/util');
const { emitWarning } = require('node/process/warnings');

emitWarning('sys is deprecated. Use `node:util` instead.', 'DeprecationWarning', 'DEP0025');
module.exports = util;
