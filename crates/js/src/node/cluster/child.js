// `node:cluster` in a worker: what listens asks the primary, which gives connections one by one or a listener that all share.
'use strict';

const { apply, assign, join, Map, mapDelete, mapForEach, mapGet, mapSet } = require('builtins/primordials');
const { setAdd, setDelete, setOf, setSize } = require('builtins/primordials');
const role = require('node/cluster/role');
const { listener, sendTo } = require('node/cluster/messages');
const { Worker } = require('node/cluster/worker');
const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { clearInterval, setInterval } = require('web/html/timers');
const loadPath = () => /** @type {any} */ (require('node/path/path'));

/** The longest that a timer waits. */
const longest = 2 ** 31 - 1;

/** @type {any} */
const cluster = assign(new EventEmitter(), {
  isWorker: true,
  isMaster: false,
  isPrimary: false,
  worker: null,
  _getServer: getServer,
  Worker,
  SCHED_NONE: 1,
  SCHED_RR: 2,
});

/** `process`, once this is a worker. @type {any} */
let own;

/** What the primary gave, by its key. @type {Map<string, any>} */
const handles = new Map();
/** The places of servers on the same address, so that each has a handle of its own. @type {Map<string, { next: number, used: Set<number> }>} */
const places = new Map();

/** @param {any} message @param {Function} [callback] */
const send = (message, callback) => sendTo(own, message, undefined, callback);

/** This process is a worker from now on. @param {any} process */
function setUp(process) {
  own = process;
  const id = +process.env.NODE_UNIQUE_ID | 0;
  delete process.env.NODE_UNIQUE_ID;
  const worker = new /** @type {any} */ (Worker)({ id, process, state: 'online' });
  cluster.worker = worker;
  role.worker = cluster;
  process.once('disconnect', () => {
    process.channel = null;
    worker.emit('disconnect');
    // The primary has ended.
    if (!worker.exitedAfterDisconnect) process.exit(0);
  });
  process.on(
    'internalMessage',
    listener(worker, (message, handle) => {
      if (message.act === 'newconn') connected(message, handle);
      else if (message.act === 'disconnect') disconnect(worker, true);
    }),
  );
  send({ act: 'online' });
}

/** @param {string} key @param {number} place */
function leave(key, place) {
  const known = mapGet(places, key);
  if (known === undefined) return;
  setDelete(known.used, place);
  if (setSize(known.used) === 0) mapDelete(places, key);
}

/**
 * What a server or a socket listens at.
 * @param {any} server @param {any} options @param {(errno: number, handle: any) => void} callback
 */
function getServer(server, options, callback) {
  let { address } = options;
  // The primary may be in another folder.
  if (options.port < 0 && typeof address === 'string' && address[0] !== '\0') address = loadPath().resolve(address);
  const known = join([address, options.port, options.addressType, options.fd], ':');
  let used = mapGet(places, known);
  if (used === undefined) {
    used = { next: 0, used: setOf(/** @type {number[]} */ ([])) };
    mapSet(places, known, used);
  }
  const index = used.next;
  used.next += 1;
  setAdd(used.used, index);
  /** @type {any} */
  const message = assign({ act: 'queryServer', index, data: null }, options, { address });
  if (server._getServerData) message.data = server._getServerData();
  send(message, (/** @type {any} */ reply, /** @type {any} */ handle) => {
    if (typeof server._setServerData === 'function') server._setServerData(reply.data);
    const left = () => leave(known, index);
    if (handle) shared(reply, handle, left, callback);
    else roundRobin(reply, left, callback);
  });
  server.once('listening', () => {
    // It was closed at once.
    if (mapGet(places, known) === undefined) return;
    cluster.worker.state = 'listening';
    message.act = 'listening';
    message.port = server.address()?.port || options.port;
    send(message);
  });
}

/** A listener that all have. @param {any} reply @param {any} handle @param {() => void} left @param {(errno: number, handle: any) => void} callback */
function shared(reply, handle, left, callback) {
  const { key } = reply;
  const { close } = handle;
  handle.close = (/** @type {any[]} */ ...given) => {
    handle.close = close;
    send({ act: 'close', key });
    mapDelete(handles, key);
    left();
    return apply(close, handle, given);
  };
  mapSet(handles, key, handle);
  callback(reply.errno || 0, handle);
}

/** Stands for a listener that the primary has: connections come as messages. */
class RemoteListener {
  #key;
  #left;
  #keeper;
  #sockname;
  isReferenced = true;
  fd = -1;
  /** The server. @type {any} */
  owner = {};
  /** @type {(errno: number, handle: any) => void} */
  onconnection = (_errno, handle) => this.owner.accepted?.(handle);

  /** @param {any} reply @param {() => void} left */
  constructor(reply, left) {
    this.#key = reply.key;
    this.#left = left;
    this.#sockname = reply.sockname;
    this.#keeper = keeper();
  }
  begin() {
    return 0;
  }
  address() {
    return this.#key === undefined ? undefined : this.#sockname;
  }
  ref() {
    this.isReferenced = true;
    if (this.#key !== undefined) this.#keeper ??= keeper();
  }
  unref() {
    this.isReferenced = false;
    if (this.#keeper !== undefined) clearInterval(this.#keeper);
    this.#keeper = undefined;
  }
  hasRef() {
    return this.#keeper !== undefined;
  }
  /** @param {() => void} [closed] */
  close(closed = undefined) {
    const key = this.#key;
    if (key !== undefined) {
      // Connections may come until the primary knows; they are sent back.
      this.unref();
      send({ act: 'close', key });
      mapDelete(handles, key);
      this.#left();
      this.#key = undefined;
    }
    closed?.();
  }
}

/** Keeps the program alive. @returns {any} */
const keeper = () => setInterval(() => {}, longest);

/** @param {any} reply @param {() => void} left @param {(errno: number, handle: any) => void} callback */
function roundRobin(reply, left, callback) {
  if (reply.errno) {
    callback(reply.errno, null);
    return;
  }
  const handle = new RemoteListener(reply, left);
  mapSet(handles, reply.key, handle);
  callback(0, handle);
}

/** @param {any} message @param {any} handle a connection */
function connected(message, handle) {
  const listening = mapGet(handles, message.key);
  const server = listening?.owner?.server;
  const isFull =
    server !== undefined &&
    // Who drops what is too much does it itself.
    !server.dropMaxConnection &&
    server.maxConnections !== undefined &&
    server.maxConnections !== null &&
    server._connections >= server.maxConnections;
  const accepted = listening !== undefined && handle !== undefined && !isFull;
  send({ ack: message.seq, accepted });
  if (accepted) listening.onconnection(0, handle);
  else handle?.close();
}

/** @param {any} worker @param {boolean} byPrimary */
function disconnect(worker, byPrimary) {
  worker.exitedAfterDisconnect = true;
  let left = 1;
  const closed = () => {
    left -= 1;
    if (left > 0) return;
    // Who leaves of its own says so first, so that the primary knows it when it is gone.
    if (byPrimary) own.disconnect();
    else send({ act: 'exitedAfterDisconnect' }, () => own.disconnect());
  };
  /** @type {any[]} */
  const open = [];
  mapForEach(handles, (handle) => {
    open[open.length] = handle;
  });
  left += open.length;
  for (let index = 0; index < open.length; index += 1) {
    const { server } = open[index].owner ?? {};
    if (server !== undefined) server.close(closed);
    else open[index].close(closed);
  }
  closed();
}

/** @this {any} */
Worker.prototype.disconnect = function () {
  if (this.state !== 'disconnecting' && this.state !== 'destroying') {
    this.state = 'disconnecting';
    disconnect(this, false);
  }
  return this;
};

/** @this {any} */
Worker.prototype.destroy = function () {
  if (this.state === 'destroying') return;
  this.exitedAfterDisconnect = true;
  if (!this.isConnected()) own.exit(0);
  this.state = 'destroying';
  send({ act: 'exitedAfterDisconnect' }, () => own.disconnect());
  own.once('disconnect', () => own.exit(0));
};

module.exports = { cluster, setUp };
