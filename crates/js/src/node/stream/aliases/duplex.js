// node:_stream_duplex: the name under which old packages take the class.
'use strict';

const Stream = /** @type {any} */ (require('node/stream/module'));

module.exports = Stream.Duplex;
