// node:_http_agent: the name under which old packages take what it has.
'use strict';

module.exports = require('node/http/internals').agent;
