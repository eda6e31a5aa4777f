// `node:https` (https://nodejs.org/api/https.html): the settings of a pool; servers and requests are not there yet, and say so.
'use strict';

const { absentClass, absentFunction } = require('node/absent');
const { SecureAgent } = require('node/http/agent');
const { construct } = require('builtins/primordials');
const { prototype: emitter } = require('node/events/events');

module.exports = {
  Agent: SecureAgent,
  globalAgent: construct(SecureAgent, [{ keepAlive: true, scheduling: 'lifo', timeout: 5000 }]),
  Server: absentClass('https', 'Server', 2, emitter),
  createServer: absentFunction('https', 'createServer', 2),
  get: absentFunction('https', 'get', 3),
  request: absentFunction('https', 'request'),
};
