// `node:punycode` (https://nodejs.org/api/punycode.html), deprecated in Node.
'use strict';

const { emitWarning } = require('node/process/warnings');

emitWarning('The `punycode` module is deprecated. Please use a userland alternative instead.', 'DeprecationWarning', 'DEP0040');
module.exports = require('node/punycode/codec');
