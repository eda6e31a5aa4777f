// node:_http_outgoing: the name under which old packages take what it has.
'use strict';

module.exports = require('node/http/internals').outgoing;
