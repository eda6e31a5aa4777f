// `http.Agent` and `https.Agent` (https://nodejs.org/api/http.html#class-httpagent): pools of connections, by what tells them apart.
'use strict';

const { requireNumber, requireOneOf } = require('node/arguments');
const { named } = require('node/absent');
const { isIP } = require('node/net/addresses');
const { debug } = require('node/http/debug');
const EventEmitter = require('node/events/events');
const {
  apply,
  arraySlice,
  assign,
  construct,
  create,
  defineProperty,
  exec,
  indexOf,
  isFinite,
  keys,
  pop,
  push,
  regExp,
} = require('builtins/primordials');
const { includes, setPrototypeOf, shift, slice, splice, split, stringIndexOf, stringify } = require('builtins/primordials');
const loadNet = () => require('node/net/net');
const loadTls = () => /** @type {any} */ (require('node/tls/tls'));

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
  const { agentKeepAliveTimeoutBuffer: buffer } = this.options;
  this.agentKeepAliveTimeoutBuffer = isFinite(buffer) && buffer >= 0 ? buffer : 1000;
  this.totalSocketCount = 0;
  requireOneOf(this.scheduling, 'scheduling', ['fifo', 'lifo']);
  this.on('free', (/** @type {any} */ socket, /** @type {any} */ freeOptions) => onFreeSocket(this, socket, freeOptions));
  if (this.maxTotalSockets === undefined) this.maxTotalSockets = Number.POSITIVE_INFINITY;
  else requireNumber(this.maxTotalSockets, 'maxTotalSockets', 1);
}
setPrototypeOf(Agent, EventEmitter);
setPrototypeOf(Agent.prototype, EventEmitter.prototype);

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const methods = {
  /** @param {any} options @param {any} [callback] */
  createConnection(options, callback) {
    return loadNet().createConnection(options, callback);
  },
  /** The name under which connections with these options are kept. @param {any} [options] */
  getName(options = {}) {
    let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
    if (options.family === 4 || options.family === 6) name += `:${options.family}`;
    if (options.socketPath) name += `:${options.socketPath}`;
    return name;
  },

  /** Gives the request a connection: one that is free, a new one, or one that will be free. @param {any} request @param {any} given @param {any} [port] @param {any} [localAddress] */
  addRequest(request, given, port, localAddress) {
    const options = { ...(typeof given === 'string' ? { host: given, port, localAddress } : given), ...this.options };
    if (options.socketPath) options.path = options.socketPath;
    normalizeServerName(options, request);
    const name = this.getName(options);
    this.sockets[name] ??= [];
    const free = this.freeSockets[name];
    let socket;
    if (free) {
      while (free.length > 0 && free[0].destroyed) shift(free);
      socket = this.scheduling === 'fifo' ? shift(free) : pop(free);
      if (free.length === 0) delete this.freeSockets[name];
    }
    if (socket) {
      request.reusedSocket = true;
      push(this.sockets[name], socket);
      this.reuseSocket(socket, request);
      setRequestSocket(this, request, socket);
      return;
    }
    const freeCount = free ? free.length : 0;
    if (this.totalSocketCount < this.maxTotalSockets && this.sockets[name].length + freeCount < this.maxSockets) {
      this.createSocket(request, options, (/** @type {any} */ error, /** @type {any} */ made) => {
        if (error) request.onSocket(made, error);
        else setRequestSocket(this, request, made);
      });
      return;
    }
    // It waits for one.
    request[wanted] = options;
    push((this.requests[name] ??= []), request);
  },

  /** @param {any} request @param {any} given @param {(error: any, socket?: any) => void} callback */
  createSocket(request, given, callback) {
    const options = { ...given, ...this.options };
    if (options.socketPath) options.path = options.socketPath;
    normalizeServerName(options, request);
    // What a proxy may need to know; the options of a TLS connection come from here as well.
    const name = this.getName(options);
    options._agentKey = name;
    options.encoding = null;
    let isDone = false;
    const done = (/** @type {any} */ error, /** @type {any} */ socket) => {
      if (isDone) return;
      isDone = true;
      if (error) {
        callback(error);
        return;
      }
      push((this.sockets[name] ??= []), socket);
      this.totalSocketCount += 1;
      install(this, socket, options);
      callback(null, socket);
    };
    // A program that ends its keep-alive sockets itself says so by an agent without it.
    if (this.keepAlive) {
      options.keepAlive = this.keepAlive;
      options.keepAliveInitialDelay = this.keepAliveMsecs;
    }
    debug('a connection for %s', name);
    let made;
    try {
      made = /** @type {any} */ (this).createConnection(options, done);
    } catch (error) {
      done(error, undefined);
      return;
    }
    if (made) done(null, made);
  },

  /** @param {any} socket @param {any} options */
  removeSocket(socket, options) {
    const name = this.getName(options);
    const places = socket.writable ? [this.sockets] : [this.freeSockets, this.sockets];
    for (let i = 0; i < places.length; i += 1) {
      const list = places[i][name];
      const at = list === undefined ? -1 : indexOf(list, socket);
      if (at < 0) continue;
      splice(list, at, 1);
      if (list.length === 0) delete places[i][name];
      this.totalSocketCount -= 1;
      break;
    }
    // Somebody who waits may have a new one.
    const request = waitingRequest(this, name);
    if (request === undefined) return;
    this.createSocket(request, request[wanted] ?? options, (/** @type {any} */ error, /** @type {any} */ made) => {
      // Whoever is first in the queue then has it.
      if (error) request.onSocket(null, error);
      else made.emit('free');
    });
  },

  /** Whether the socket may wait for another request. @param {any} socket */
  keepSocketAlive(socket) {
    socket.setKeepAlive(true, this.keepAliveMsecs);
    socket.unref();
    let delay = this.options.timeout || 0;
    const hint = socket._httpMessage?.res?.headers['keep-alive'];
    if (hint) {
      const found = exec(hintPattern, hint);
      const milliseconds = found ? +found[1] * 1000 - this.agentKeepAliveTimeoutBuffer : 0;
      if (found && milliseconds <= 0) return false;
      if (milliseconds > 0 && (delay === 0 || milliseconds < delay)) delay = milliseconds;
    }
    if (socket.timeout !== delay) socket.setTimeout(delay);
    return true;
  },
  /** @param {any} socket @param {any} request */
  reuseSocket(socket, request) {
    socket.removeListener('error', freeSocketFailed);
    request.reusedSocket = true;
    socket.ref();
  },

  destroy() {
    const places = [this.freeSockets, this.sockets];
    for (let i = 0; i < places.length; i += 1) {
      const names = keys(places[i]);
      for (let j = 0; j < names.length; j += 1) {
        const list = arraySlice(places[i][names[j]], 0);
        for (let k = 0; k < list.length; k += 1) list[k].destroy();
      }
    }
  },
};

const wanted = Symbol('options');
const hintPattern = regExp(/^timeout=(\d+)/);

/** The request that waits longest, of this name before others. @param {any} agent @param {string} name */
function waitingRequest(agent, name) {
  const own = agent.requests[name];
  if (own !== undefined && own.length > 0) return own[0];
  // Under a limit of all, those of other names that have no connection go on.
  const names = keys(agent.requests);
  for (let i = 0; i < names.length; i += 1) {
    if (agent.sockets[names[i]] === undefined || agent.sockets[names[i]].length === 0) return agent.requests[names[i]][0];
  }
  return undefined;
}

/** @param {any} agent @param {string} name */
function take(agent, name) {
  const request = shift(agent.requests[name]);
  if (agent.requests[name].length === 0) delete agent.requests[name];
  return request;
}

/** @param {any} agent @param {any} request @param {any} socket */
function setRequestSocket(agent, request, socket) {
  request.onSocket(socket);
  const delay = agent.options.timeout || 0;
  if (request.timeout === undefined || request.timeout === delay) return;
  socket.setTimeout(request.timeout);
}

/** The name that TLS asks for. @param {any} options @param {any} request */
function normalizeServerName(options, request) {
  if (options.servername || options.servername === '') return;
  let name = options.host;
  const header = request.getHeader?.('host');
  if (typeof header === 'string' && header !== '') {
    if (header[0] === '[') {
      const end = stringIndexOf(header, ']');
      name = end < 0 ? header : slice(header, 1, end);
    } else name = split(header, ':', 1)[0];
  }
  options.servername = isIP(name) ? '' : name;
}

/** @param {any} agent @param {any} socket @param {any} options */
function install(agent, socket, options) {
  const onFree = () => agent.emit('free', socket, options);
  const onClose = () => agent.removeSocket(socket, options);
  const onTimeout = () => {
    // A free one that idles is not needed.
    const lists = agent.freeSockets;
    const names = keys(lists);
    for (let i = 0; i < names.length; i += 1) {
      if (indexOf(lists[names[i]], socket) >= 0) {
        socket.destroy();
        return;
      }
    }
  };
  const onRemove = () => {
    agent.removeSocket(socket, options);
    socket.removeListener('close', onClose);
    socket.removeListener('free', onFree);
    socket.removeListener('timeout', onTimeout);
    socket.removeListener('agentRemove', onRemove);
  };
  socket.on('free', onFree);
  socket.on('close', onClose);
  socket.on('timeout', onTimeout);
  socket.on('agentRemove', onRemove);
  if (agent.options.timeout) socket.setTimeout(agent.options.timeout);
}

/** A socket is free: the next request has it, or it waits, or it goes. @param {any} agent @param {any} socket @param {any} options */
function onFreeSocket(agent, socket, options) {
  const name = agent.getName(options);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const waiting = agent.requests[name];
  if (waiting !== undefined && waiting.length > 0) {
    const request = take(agent, name);
    request.reusedSocket = socket._httpMessage !== undefined;
    setRequestSocket(agent, request, socket);
    return;
  }
  const request = socket._httpMessage;
  // Under a limit of all, its place may be another's.
  const isWanted = agent.totalSocketCount >= agent.maxTotalSockets && waitingRequest(agent, name) !== undefined;
  if (!agent.keepAlive || isWanted || (request && request.shouldKeepAlive === false)) {
    socket.destroy();
    return;
  }
  const free = agent.freeSockets[name] ?? [];
  const count = free.length + (agent.sockets[name]?.length ?? 0);
  if (
    agent.totalSocketCount > agent.maxTotalSockets ||
    count > agent.maxSockets ||
    free.length >= agent.maxFreeSockets ||
    !agent.keepSocketAlive(socket)
  ) {
    socket.destroy();
    return;
  }
  agent.freeSockets[name] = free;
  socket._httpMessage = null;
  const list = agent.sockets[name];
  const at = list === undefined ? -1 : indexOf(list, socket);
  if (at >= 0) splice(list, at, 1);
  if (list !== undefined && list.length === 0) delete agent.sockets[name];
  socket.once('error', freeSocketFailed);
  push(free, socket);
}

/** @this {any} */
function freeSocketFailed() {
  this.destroy();
  this.emit('agentRemove');
}

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

/** What tells them apart also when it is false or zero. */
const countIfFalse = ['rejectUnauthorized', 'honorCipherOrder', 'secureOptions'];

/** @this {any} @param {any} [options] */
function SecureAgent(options) {
  if (new.target === undefined && !(this instanceof SecureAgent)) return construct(SecureAgent, [options]);
  apply(Agent, this, [options]);
  this.options = assign(create(null), { defaultPort: 443, protocol: 'https:' }, options, { noDelay: options?.noDelay ?? true });
  if (this.options.path === undefined) this.options.path = null;
  this.defaultPort = this.options.defaultPort;
  this.protocol = this.options.protocol;
  this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
  this._sessionCache = { map: create(null), list: [] };
  this.on('newListener', wantKeys);
}
setPrototypeOf(SecureAgent, Agent);
setPrototypeOf(SecureAgent.prototype, Agent.prototype);

/** Somebody wants a log of keys, of the connections that come. @this {any} @param {string} event */
function wantKeys(event) {
  if (event !== 'keylog') return;
  this.removeListener('newListener', wantKeys);
  this[hearsKeys] = true;
}
const hearsKeys = Symbol('keylog');

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const secureMethods = {
  /** As `tls.connect` has them: options, or a port and a host before them. @param {any[]} given */
  createConnection(...given) {
    let options = optionsOf(given);
    const key = options._agentKey;
    if (key) {
      const session = this._getSession(key);
      if (session) options = { session, ...options };
    }
    const socket = loadTls().connect(options);
    if (this[hearsKeys]) socket.on('keylog', (/** @type {any} */ line) => this.emit('keylog', line, socket));
    if (key) {
      socket.on('session', (/** @type {any} */ session) => this._cacheSession(key, session));
      socket.once('close', (/** @type {any} */ hadError) => {
        if (hadError) this._evictSession(key);
      });
    }
    return socket;
  },

  /** @param {any} [options] */
  getName(options = {}) {
    let name = apply(methods.getName, this, [options]);
    for (let index = 0; index < tlsNames.length; index += 1) {
      let value = options[tlsNames[index]];
      // The host's own name tells nothing.
      if (tlsNames[index] === 'servername' && value === options.host) value = '';
      const isShown = includes(countIfFalse, tlsNames[index]) ? value !== undefined : Boolean(value);
      const shown = tlsNames[index] === 'sigalgs' && value ? stringify(value) : value;
      name += `:${isShown ? shown : ''}`;
    }
    return name;
  },

  /** @param {string} key */
  _getSession(key) {
    return this._sessionCache.map[key];
  },
  /** @param {string} key @param {any} session */
  _cacheSession(key, session) {
    const { list, map } = this._sessionCache;
    if (this.maxCachedSessions === 0) return;
    if (map[key] === undefined) {
      // The oldest goes.
      if (list.length >= this.maxCachedSessions) delete map[/** @type {any} */ (shift(list))];
      push(list, key);
    }
    map[key] = session;
  },
  /** @param {string} key */
  _evictSession(key) {
    const { list, map } = this._sessionCache;
    const at = indexOf(list, key);
    if (at < 0) return;
    splice(list, at, 1);
    delete map[key];
  },
};
assign(SecureAgent.prototype, secureMethods);

/** @param {any[]} given */
function optionsOf(given) {
  const isObject = (/** @type {any} */ value) => value !== null && typeof value === 'object';
  if (isObject(given[0])) return given[0];
  const options = { ...(isObject(given[1]) ? given[1] : isObject(given[2]) ? given[2] : {}) };
  if (typeof given[0] === 'number') options.port = given[0];
  if (typeof given[1] === 'string') options.host = given[1];
  return options;
}
named(SecureAgent, 'Agent', 1);

/** @type {any} */
let shared;
/** The agent of requests that name none. */
function globalAgent() {
  return (shared ??= construct(Agent, [{ keepAlive: true, scheduling: 'lifo', timeout: 5000 }]));
}
/** @param {any} agent */
function setGlobalAgent(agent) {
  shared = agent;
}
defineProperty(Agent, 'defaultMaxSockets', { value: Number.POSITIVE_INFINITY, writable: true, enumerable: true, configurable: true });

module.exports = { Agent, SecureAgent, globalAgent, setGlobalAgent };
