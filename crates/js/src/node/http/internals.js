// What Node's underscored modules of http give (https://nodejs.org/api/deprecations.html#DEP0195), as packages of old require them.
'use strict';

const { Agent, globalAgent } = require('node/http/agent');
const { ClientRequest } = require('node/http/client');
const { validateHeaderName } = require('node/http/headers');
const { IncomingMessage, readStart, readStop } = require('node/http/incoming');
const { METHODS, STATUS_CODES } = require('node/http/names');
const { OutgoingMessage } = require('node/http/outgoing');
const { ServerResponse } = require('node/http/response');
const { Server, connectionListener } = require('node/http/server');
const { arraySlice, regExp, test } = require('builtins/primordials');

const invalidCharacter = regExp(/[^\t\x20-\x7e\x80-\xff]/);

/** @param {any} name */
function checkIsHttpToken(name) {
  try {
    validateHeaderName(name);
    return true;
  } catch {
    return false;
  }
}

module.exports = {
  agent: { Agent, globalAgent: globalAgent() },
  client: { ClientRequest },
  common: {
    _checkInvalidHeaderChar: (/** @type {any} */ value) => test(invalidCharacter, `${value}`),
    _checkIsHttpToken: checkIsHttpToken,
    chunkExpression: /(?:^|\W)chunked(?:$|\W)/i,
    continueExpression: /(?:^|\W)100-continue(?:$|\W)/i,
    CRLF: '\r\n',
    methods: arraySlice(METHODS, 0),
  },
  incoming: { IncomingMessage, readStart, readStop },
  outgoing: { OutgoingMessage },
  server: { STATUS_CODES, Server, ServerResponse, _connectionListener: connectionListener },
};
