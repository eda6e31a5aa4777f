// `http.Agent` and `https.Agent` (https://nodejs.org/api/http.html#class-httpagent): the settings of a pool of connections, which packages
// make when they are loaded. Connections themselves are not there yet, so the pool stays empty.
'use strict';

const { requireNumber, requireOneOf } = require('node/arguments');
const { absentFunction, named } = require('node/absent');
const EventEmitter = require('node/events/events');
const { apply, assign, construct, create, defineProperty, setPrototypeOf } = require('builtins/primordials');

// Functions, not classes: old packages call them without `new`.
/** @this {any} @param {any} [options] */
function Agent(options) {
  if (new.target === undefined && !(this instanceof Agent)) return construct(Agent, [options]);
  apply(/** @type {any} */ (EventEmitter), this, []);
  this.options = assign(create(null), options, { noDelay: options?.noDelay ?? true });
  if (this.options.path === undefined) this.options.path = null;
  this.defaultPort = 80;
  this.protocol = 'http:';
  this.requests = create(null);
  this.sockets = create(null);
  this.freeSockets = create(null);
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.keepAlive = this.options.keepAlive || false;
  this.maxSockets = this.options.maxSockets || Number.POSITIVE_INFINITY;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.scheduling = this.options.scheduling || 'lifo';
  this.maxTotalSockets = this.options.maxTotalSockets;
  this.totalSocketCount = 0;
  requireOneOf(this.scheduling, 'scheduling', ['fifo', 'lifo']);
  if (this.maxTotalSockets === undefined) this.maxTotalSockets = Number.POSITIVE_INFINITY;
  else requireNumber(this.maxTotalSockets, 'maxTotalSockets', 1);
}
setPrototypeOf(Agent, EventEmitter);
setPrototypeOf(Agent.prototype, EventEmitter.prototype);

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const methods = {
  createConnection: absentFunction('http.Agent', 'createConnection'),
  /** The name under which connections with these options are kept. @param {any} [options] */
  getName(options = {}) {
    let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
    if (options.family === 4 || options.family === 6) name += `:${options.family}`;
    if (options.socketPath) name += `:${options.socketPath}`;
    return name;
  },
  addRequest: absentFunction('http.Agent', 'addRequest', 4),
  createSocket: absentFunction('http.Agent', 'createSocket', 3),
  destroy() {},
};
assign(Agent.prototype, methods);

// What tells TLS connections to the same host apart, in Node's order.
const tlsNames = [
  'ca',
  'cert',
  'clientCertEngine',
  'ciphers',
  'key',
  'pfx',
  'rejectUnauthorized',
  'servername',
  'minVersion',
  'maxVersion',
  'secureProtocol',
  'crl',
  'honorCipherOrder',
  'ecdhCurve',
  'dhparam',
  'secureOptions',
  'sessionIdContext',
  'sigalgs',
  'privateKeyIdentifier',
  'privateKeyEngine',
];

/** @this {any} @param {any} [options] */
function SecureAgent(options) {
  if (new.target === undefined && !(this instanceof SecureAgent)) return construct(SecureAgent, [options]);
  apply(Agent, this, [options]);
  this.options = assign(create(null), { defaultPort: 443, protocol: 'https:' }, options, { noDelay: options?.noDelay ?? true });
  if (this.options.path === undefined) this.options.path = null;
  this.defaultPort = this.options.defaultPort;
  this.protocol = this.options.protocol;
  this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
}
setPrototypeOf(SecureAgent, Agent);
setPrototypeOf(SecureAgent.prototype, Agent.prototype);
defineProperty(SecureAgent.prototype, 'getName', {
  /** @this {any} @param {any} [options] */
  value(options = {}) {
    let name = apply(methods.getName, this, [options]);
    for (let index = 0; index < tlsNames.length; index += 1) {
      const value = options[tlsNames[index]];
      const isShown = tlsNames[index] === 'rejectUnauthorized' ? value !== undefined : Boolean(value);
      name += `:${isShown ? value : ''}`;
    }
    return name;
  },
  writable: true,
  enumerable: true,
  configurable: true,
});
named(SecureAgent, 'Agent', 1);

module.exports = { Agent, SecureAgent };
