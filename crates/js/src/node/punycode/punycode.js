// `node:punycode` (https://nodejs.org/api/punycode.html), deprecated in Node.
'use strict';

const { warnOfCall } = require('node/process/callers');

const message = 'The `punycode` module is deprecated. Please use a userland alternative instead.';
// Whoever loads it first: old packages do (whatwg-url, below node-fetch 2), and Node says nothing of them.
warnOfCall({ message, code: 'DEP0040', isSaid: false, looks: 0 });
module.exports = require('node/punycode/codec');
