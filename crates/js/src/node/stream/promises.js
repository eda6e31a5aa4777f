// node:stream/promises (https://nodejs.org/api/stream.html#streams-promises-api).
'use strict';

const Stream = /** @type {any} */ (require('node/stream/module'));

module.exports = Stream.promises;
