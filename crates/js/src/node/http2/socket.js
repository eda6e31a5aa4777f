// What `session.socket` is (https://nodejs.org/api/http2.html#http2sessionsocket): the socket without what would disturb the session.
'use strict';

const { http2Error } = require('node/http2/errors');
const { bind, getPrototypeOf, has, reflectGet, setHas, setOf } = require('builtins/primordials');

const forbidden = setOf(['destroy', 'emit', 'end', 'pause', 'read', 'resume', 'write', 'setEncoding', 'setKeepAlive', 'setNoDelay']);
const ofSession = setOf(['setTimeout', 'ref', 'unref']);

/** A session's socket; without one there is nothing to ask. @param {() => any} current */
function boundSocket(current) {
  const socket = current();
  if (socket === undefined) throw http2Error('SOCKET_UNBOUND');
  return socket;
}

/**
 * A socket as programs may use it.
 * @param {any} session @param {() => any} current the socket, while there is one
 */
function socketProxy(session, current) {
  return new Proxy(
    {},
    {
      get(_target, name) {
        if (setHas(ofSession, /** @type {any} */ (name))) return bind(session[name], session);
        if (setHas(forbidden, /** @type {any} */ (name))) throw http2Error('NO_SOCKET_MANIPULATION');
        const socket = boundSocket(current);
        const value = socket[name];
        return typeof value === 'function' && name !== 'constructor' ? bind(value, socket) : value;
      },
      set(_target, name, value) {
        if (setHas(ofSession, /** @type {any} */ (name))) session[name] = value;
        else if (setHas(forbidden, /** @type {any} */ (name))) throw http2Error('NO_SOCKET_MANIPULATION');
        else boundSocket(current)[name] = value;
        return true;
      },
      has: (_target, name) => has(boundSocket(current), name),
      getPrototypeOf() {
        const socket = current();
        if (socket === undefined) throw http2Error('SOCKET_UNBOUND');
        return getPrototypeOf(socket);
      },
    },
  );
}

/**
 * The socket of a request or a response of a stream: the session's, but it ends and speaks as the stream does.
 * @param {any} stream
 */
function streamSocket(stream) {
  const current = () => {
    const session = stream.session;
    return session === undefined ? undefined : session.socket;
  };
  const own = setOf(['on', 'once', 'end', 'emit', 'destroy']);
  return new Proxy(stream, {
    has: (target, name) => has(target, name) || (current() !== undefined && has(current(), name)),
    get(target, name) {
      if (setHas(own, /** @type {any} */ (name))) return bind(target[name], target);
      if (name === 'writable' || name === 'destroyed') return target[name];
      if (name === 'readable') return target.destroyed ? false : target.readable;
      if (name === 'setTimeout') {
        const session = target.session;
        return session === undefined ? bind(target.setTimeout, target) : bind(session.setTimeout, session);
      }
      if (name === 'write' || name === 'read' || name === 'pause' || name === 'resume') throw http2Error('NO_SOCKET_MANIPULATION');
      const socket = current();
      const from = socket === undefined ? target : socket;
      const value = reflectGet(from, name);
      return typeof value === 'function' && name !== 'constructor' ? bind(value, from) : value;
    },
    getPrototypeOf(target) {
      const socket = current();
      return getPrototypeOf(socket === undefined ? target : socket);
    },
    set(target, name, value) {
      if (name === 'writable' || name === 'readable' || name === 'destroyed' || setHas(own, /** @type {any} */ (name))) {
        target[name] = value;
        return true;
      }
      if (name === 'setTimeout') {
        const session = target.session;
        if (session === undefined) target.setTimeout = value;
        else session.setTimeout = value;
        return true;
      }
      if (name === 'write' || name === 'read' || name === 'pause' || name === 'resume') throw http2Error('NO_SOCKET_MANIPULATION');
      const socket = current();
      (socket === undefined ? target : socket)[name] = value;
      return true;
    },
  });
}

module.exports = { socketProxy, streamSocket };
