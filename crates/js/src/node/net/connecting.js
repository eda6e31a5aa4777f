// How a socket of `node:net` comes to its connection: what its arguments mean, the name's addresses, and those addresses one by one, a family in
// turn (https://www.rfc-editor.org/rfc/rfc8305), as Node tries them.
'use strict';

const { isArray, push } = require('builtins/primordials');
const { requireBoolean, requireFunction, requireInteger, requireNumber, requirePort, requireString } = require('node/arguments');
const { invalidType, nodeError } = require('node/errors');
const { isIP } = require('node/net/addresses');
const { blocked, invalidAddress } = require('node/net/errors');
const families = require('node/net/families');
const { SocketHandle } = require('node/net/handle');
const { nextTick } = require('node/process/ticks');
const { exceptionWithHostPort } = require('node/util/system_errors');
const { clearTimeout, setTimeout } = require('web/html/timers');
const { beginMeasure, endMeasure } = require('web/performance/measured');
const { netPermit } = ops;
const loadDns = () => /** @type {any} */ (require('node/dns/module'));

/** When the connecting of a socket began, if somebody observes it. */
const measured = Symbol('measured');

/** What sockets do for their connections; node/net/socket says it. */
let sockets = {
  active: (/** @type {any} */ _socket) => {},
  ownerOf: (/** @type {any} */ _socket) => /** @type {import('node/net/handle').Owner} */ ({}),
  settle: (/** @type {any} */ _socket) => {},
};

/** @param {typeof sockets} given */
function useSockets(given) {
  sockets = given;
}

const ADDRCONFIG = 32;
const ETIMEDOUT = -110;
const EINVAL = -22;
const ENAMETOOLONG = -36;

const normalizedMark = Symbol('normalizedArgs');
/** The program gave the address itself, which is asked for then as well as the name. */
const ownLookup = Symbol('ownLookup');

/** The options and the callback of `connect` and `listen`. @param {any[]} given @returns {[options: any, callback: any]} */
function normalized(given) {
  if (given.length === 1 && isArray(given[0]) && /** @type {any} */ (given[0])[normalizedMark]) return /** @type {any} */ (given[0]);
  /** @type {any} */
  let options = {};
  const first = given[0];
  if (given.length > 0) {
    if (typeof first === 'object' && first !== null) options = first;
    else if (isPipeName(first)) options.path = first;
    else {
      options.port = first;
      if (given.length > 1 && typeof given[1] === 'string') options.host = given[1];
    }
  }
  const last = given[given.length - 1];
  const callback = given.length > 0 && typeof last === 'function' ? last : null;
  const pair = /** @type {any} */ ([options, callback]);
  pair[normalizedMark] = true;
  return pair;
}

/** @param {any} value */
function isPipeName(value) {
  return typeof value === 'string' && toNumber(value) === false;
}

/** @param {any} value @returns {number | false} */
function toNumber(value) {
  const number = Number(value);
  return number >= 0 ? number : false;
}

/** @param {any} socket @param {any} options */
function connect(socket, options) {
  const { path } = options;
  socket.connecting = true;
  if (path) {
    requireString(path, 'options.path');
    connectPath(socket, path);
  } else byName(socket, options);
}

/** @param {any} socket @param {any} error */
function fail(socket, error) {
  socket.destroy(error);
}

/** @param {any} socket @param {string} path */
function connectPath(socket, path) {
  const handle = socket._handle;
  handle.owner.connected = (/** @type {number} */ errno) => connected(socket, errno === ENAMETOOLONG ? EINVAL : errno, { address: path });
  handle.connect({ address: path, oncomplete: completing(handle) }, path);
}

/** @param {any} socket @param {any} options */
function byName(socket, options) {
  const { localAddress, localPort } = options;
  const host = options.host || 'localhost';
  requireString(host, 'options.host');
  let { port, autoSelectFamily, autoSelectFamilyAttemptTimeout } = options;
  if (localAddress && !isIP(localAddress)) throw invalidAddress(localAddress);
  if (localPort) requireNumber(localPort, 'options.localPort');
  if (port !== undefined) {
    if (typeof port !== 'number' && typeof port !== 'string') throw invalidType('options.port', ['number', 'string'], port);
    port = requirePort(port, 'Port');
  }
  port |= 0;
  if (autoSelectFamily !== undefined && autoSelectFamily !== null) requireBoolean(autoSelectFamily, 'options.autoSelectFamily');
  else autoSelectFamily = families.selects;
  if (autoSelectFamilyAttemptTimeout !== undefined && autoSelectFamilyAttemptTimeout !== null) {
    requireInteger(autoSelectFamilyAttemptTimeout, 'options.autoSelectFamilyAttemptTimeout', 1, 2 ** 31 - 1);
    if (autoSelectFamilyAttemptTimeout < 10) autoSelectFamilyAttemptTimeout = 10;
  } else autoSelectFamilyAttemptTimeout = families.attemptTimeout;
  netPermit(host, port);
  socket[measured] = beginMeasure('net');

  const family = isIP(host);
  if (family) {
    nextTick(() => {
      if (socket.connecting) attempt(socket, host, port, family, localAddress, localPort);
    });
    return;
  }
  const { lookup } = options;
  if (lookup !== undefined && lookup !== null) requireFunction(lookup, 'options.lookup');
  const wanted = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family;
  /** @type {any} */
  const question = { family: wanted, hints: options.hints || 0 };
  if (question.family !== 4 && question.family !== 6 && question.hints === 0) question.hints = ADDRCONFIG;
  socket._host = host;
  socket[ownLookup] = !!lookup;
  const ask = lookup || loadDns().lookup;
  if (autoSelectFamily && question.family !== 4 && question.family !== 6 && !localAddress) {
    question.all = true;
    ask(host, question, (/** @type {any} */ error, /** @type {any} */ addresses) => {
      foundAll(socket, error, addresses, { host, port, options, localAddress, localPort, timeout: autoSelectFamilyAttemptTimeout });
    });
    return;
  }
  ask(host, question, (/** @type {any} */ error, /** @type {any} */ address, /** @type {any} */ addressFamily) => {
    socket.emit('lookup', error, address, addressFamily, host);
    if (!socket.connecting) return;
    if (error) nextTick(fail, socket, error);
    else if (typeof address !== 'string' || !isIP(address)) nextTick(fail, socket, invalidAddress(address));
    else if (addressFamily !== 4 && addressFamily !== 6) nextTick(fail, socket, invalidFamily(addressFamily, host, port));
    else {
      sockets.active(socket);
      attempt(socket, address, port, addressFamily, localAddress, localPort);
    }
  });
}

/** @param {any} family @param {string} host @param {number} port */
function invalidFamily(family, host, port) {
  const error = nodeError(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', `Invalid address family: ${family} ${host}:${port}`);
  error.host = host;
  error.port = port;
  return error;
}

/**
 * @param {any} socket @param {any} error @param {any} found
 * @param {{ host: string, port: number, options: any, localAddress: any, localPort: any, timeout: number }} asked
 */
function foundAll(socket, error, found, asked) {
  const { host, port } = asked;
  if (!socket.connecting) {
    if (!error && found?.length > 0) socket.emit('lookup', null, found[0].address, found[0].family, host);
    return;
  }
  if (error) {
    socket.emit('lookup', error, undefined, undefined, host);
    nextTick(fail, socket, error);
    return;
  }
  /** @type {any[][]} */
  const valid = [[], []];
  let first;
  for (let i = 0; i < found.length; i += 1) {
    const { address, family } = found[i];
    socket.emit('lookup', error, address, family, host);
    if (!socket.connecting) return;
    if (typeof address === 'string' && isIP(address) && (family === 4 || family === 6)) {
      first ??= family === 6 ? 1 : 0;
      push(valid[family === 6 ? 1 : 0], found[i]);
    }
  }
  if (first === undefined) {
    const { address, family } = found[0] ?? {};
    nextTick(fail, socket, typeof address === 'string' && isIP(address) ? invalidFamily(family, host, port) : invalidAddress(address));
    return;
  }
  // Families in turn, beginning with that of the first address.
  const order = first === 0 ? [valid[0], valid[1]] : [valid[1], valid[0]];
  /** @type {any[]} */
  const list = [];
  for (let i = 0; i < order[0].length || i < order[1].length; i += 1) {
    if (i < order[0].length) push(list, order[0][i]);
    if (i < order[1].length) push(list, order[1][i]);
  }
  sockets.active(socket);
  if (list.length === 1) {
    attempt(socket, list[0].address, port, list[0].family, asked.localAddress, asked.localPort);
    return;
  }
  socket.autoSelectFamilyAttemptedAddresses = [];
  const race = {
    list,
    next: 0,
    port,
    localAddress: asked.localAddress,
    localPort: asked.localPort,
    timeout: asked.timeout,
    errors: /** @type {any[]} */ ([]),
    timer: undefined,
  };
  nextTick(attemptNext, socket, race);
}

/** The next of several addresses. @param {any} socket @param {any} race */
function attemptNext(socket, race) {
  if (!socket.connecting) return;
  const { list, port } = race;
  if (race.next === list.length) {
    const { errors } = race;
    if (errors.length === 0) {
      fail(socket, nodeError(Error, 'ERR_SOCKET_CONNECTION_TIMEOUT', 'Socket connection timeout'));
      return;
    }
    /** @type {any} */
    const error = new AggregateError(errors);
    error.code = errors[0].code;
    fail(socket, error);
    return;
  }
  const { address, family } = list[race.next];
  const isFirst = race.next === 0;
  race.next += 1;
  push(socket.autoSelectFamilyAttemptedAddresses, `${address}:${port}`);
  if (!isFirst) {
    // Each address has a socket of its own.
    const old = socket._handle;
    if (old?.renew !== undefined) old.renew();
    else {
      socket._handle = new SocketHandle(sockets.ownerOf(socket));
      socket._handle.isReferenced = old?.isReferenced ?? true;
      old?.close();
    }
  }
  const isLast = race.next === list.length;
  const handle = socket._handle;
  if (socket.blockList?.check(address, `ipv${family}`)) {
    push(race.errors, blocked(address));
    socket.emit('connectionAttemptFailed', address, port, family, race.errors[race.errors.length - 1]);
    attemptNext(socket, race);
    return;
  }
  socket.emit('connectionAttempt', address, port, family);
  handle.owner.connected = (/** @type {number} */ errno) => {
    clearTimeout(race.timer);
    if (socket._handle !== handle) return;
    if (errno === 0) {
      connected(socket, errno, { address, port });
      return;
    }
    const error = exceptionWithHostPort(errno, 'connect', address, port, localOf(race.localAddress, race.localPort));
    push(race.errors, error);
    socket.emit('connectionAttemptFailed', address, port, family, error);
    if (socket.connecting) attemptNext(socket, race);
  };
  open(socket, handle, address, port, family, race.localAddress, race.localPort);
  if (!isLast) {
    race.timer = setTimeout(() => {
      if (!socket.connecting || socket._handle !== handle) return;
      socket.emit('connectionAttemptTimeout', address, port, family);
      push(race.errors, exceptionWithHostPort(ETIMEDOUT, 'connect', address, port, localOf(race.localAddress, race.localPort)));
      attemptNext(socket, race);
    }, race.timeout);
    if (!handle.isReferenced) race.timer.unref();
  }
}

/** @param {any} localAddress @param {any} localPort */
function localOf(localAddress, localPort) {
  return localAddress && localPort ? `${localAddress}:${localPort}` : undefined;
}

/** The only address. @param {any} socket @param {string} address @param {number} port @param {number} family @param {any} localAddress @param {any} localPort */
function attempt(socket, address, port, family, localAddress, localPort) {
  if (socket.blockList?.check(address, `ipv${family}`)) {
    // A lookup of the program's own may have answered before anybody can listen.
    nextTick(fail, socket, blocked(address));
    return;
  }
  socket.emit('connectionAttempt', address, port, family);
  const handle = socket._handle;
  if (!socket.connecting || handle === null) return;
  handle.owner.connected = (/** @type {number} */ errno) => {
    if (errno !== 0 && socket.connecting) {
      const error = exceptionWithHostPort(errno, 'connect', address, port, localOf(localAddress, localPort));
      socket.emit('connectionAttemptFailed', address, port, family, error);
    }
    connected(socket, errno, { address, port, local: localOf(localAddress, localPort) });
  };
  open(socket, handle, address, port, family, localAddress, localPort);
}

/** What tells a handle's owner that the connection is there, for who connects in its stead. @param {any} handle */
function completing(handle) {
  return (/** @type {number} */ errno) => handle.owner.connected?.(errno);
}

/** @param {any} socket @param {any} handle @param {string} address @param {number} port @param {number} family @param {any} localAddress @param {any} localPort */
function open(socket, handle, address, port, family, localAddress, localPort) {
  const isBound = !!localAddress || !!localPort;
  const from = localAddress || (isBound ? (family === 6 ? '::' : '0.0.0.0') : undefined);
  if (socket[ownLookup]) {
    try {
      netPermit(address, port);
    } catch (error) {
      nextTick(fail, socket, error);
      return;
    }
  }
  try {
    const request = { address, port, localAddress, localPort, oncomplete: completing(handle) };
    handle.connect(request, address, port, from, isBound ? localPort | 0 : 0);
  } catch {
    // A zone of an address, which the system's resolver would have to read.
    nextTick(() => socket._handle === handle && handle.owner.connected?.(-22));
  }
}

/**
 * A connection is there, or could not be made.
 * @param {any} socket @param {number} errno @param {{ address: string, port?: number, local?: string }} to
 */
function connected(socket, errno, to) {
  if (socket.destroyed) return;
  socket.connecting = false;
  socket._sockname = undefined;
  if (errno !== 0) {
    fail(socket, exceptionWithHostPort(errno, 'connect', to.address, to.port, to.local));
    return;
  }
  if (socket[measured] !== undefined) endMeasure('net', 'connect', socket[measured], { host: to.address, port: to.port });
  sockets.settle(socket);
  sockets.active(socket);
  socket.emit('connect');
  socket.emit('ready');
  if (socket.readable && !socket.isPaused()) socket.read(0);
}

module.exports = { connect, normalized, toNumber, useSockets };
