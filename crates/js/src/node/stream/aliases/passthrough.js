// node:_stream_passthrough: the name under which old packages take the class.
'use strict';

const Stream = /** @type {any} */ (require('node/stream/module'));

module.exports = Stream.PassThrough;
