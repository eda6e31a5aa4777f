// `node:https` (https://nodejs.org/api/https.html): `node:http` over `node:tls`.
'use strict';

const { SecureAgent } = require('node/http/agent');
const { ClientRequest } = require('node/http/client');
const { Server, createServer } = require('node/https/server');
const { named } = require('node/absent');
const { assign, construct, push, shift } = require('builtins/primordials');
const loadUrl = () => /** @type {any} */ (require('node/url/url'));
const loadWebUrl = () => /** @type {any} */ (require('web/url/url'));

/** @param {any[]} given */
function request(...given) {
  let options = {};
  if (typeof given[0] === 'string') {
    const url = /** @type {string} */ (shift(given));
    options = loadUrl().urlToHttpOptions(new (loadWebUrl().URL)(url));
  } else if (given[0] instanceof loadWebUrl().URL) options = loadUrl().urlToHttpOptions(shift(given));
  if (given[0] && typeof given[0] !== 'function') assign(options, shift(given));
  /** @type {any} */ (options)._defaultAgent = module.exports.globalAgent;
  /** @type {any[]} */
  const all = [options];
  for (let index = 0; index < given.length; index += 1) push(all, given[index]);
  return construct(/** @type {any} */ (ClientRequest), all);
}

/** @param {any} input @param {any} options @param {any} callback */
function get(input, options, callback) {
  const made = request(input, options, callback);
  made.end();
  return made;
}

module.exports = {
  Agent: SecureAgent,
  globalAgent: construct(SecureAgent, [{ keepAlive: true, scheduling: 'lifo', timeout: 5000 }]),
  Server: named(Server, 'Server', 2),
  createServer,
  get,
  request: named(request, 'request', 0),
};
