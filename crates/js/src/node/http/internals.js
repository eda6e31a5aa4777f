// What Node's underscored modules of http give (https://nodejs.org/api/deprecations.html#DEP0195), as packages of old require them.
'use strict';

const { Agent, globalAgent } = require('node/http/agent');
const { ClientRequest } = require('node/http/client');
const { hasUnfit, isToken } = require('node/http/headers');
const { IncomingMessage, readStart, readStop } = require('node/http/incoming');
const { idleParsers, METHODS, STATUS_CODES } = require('node/http/names');
const { HTTPParser } = require('node/http/parser');
const { OutgoingMessage } = require('node/http/outgoing');
const { ServerResponse } = require('node/http/response');
const { Server, checking, connectionListener } = require('node/http/server');
const { arraySlice } = require('builtins/primordials');

module.exports = {
  agent: { Agent, globalAgent: globalAgent() },
  client: { ClientRequest },
  common: {
    _checkInvalidHeaderChar: hasUnfit,
    _checkIsHttpToken: isToken,
    chunkExpression: /(?:^|\W)chunked(?:$|\W)/i,
    continueExpression: /(?:^|\W)100-continue(?:$|\W)/i,
    HTTPParser,
    CRLF: '\r\n',
    methods: arraySlice(METHODS, 0),
    parsers: idleParsers,
  },
  incoming: { IncomingMessage, readStart, readStop },
  outgoing: { OutgoingMessage },
  server: { STATUS_CODES, Server, ServerResponse, _connectionListener: connectionListener, kConnectionsCheckingInterval: checking },
};
