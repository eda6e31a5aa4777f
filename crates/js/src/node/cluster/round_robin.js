// How the primary of a cluster listens for its workers: round robin accepts, and gives each connection to the worker that is free longest;
// a shared handle is bound once and sent to every worker, which the system then chooses between.
'use strict';

const { indexOf, Map, mapDelete, mapForEach, mapHas, mapSet, mapSize, push, shift, splice } = require('builtins/primordials');
const { sendTo } = require('node/cluster/messages');
const dgram = require('node/dgram/dgram');
const { createServerHandle, Server } = require('node/net/server');

/** @typedef {(errno: number | null, reply: any, handle: any) => void} Answer */

class RoundRobinHandle {
  key;
  /** What the servers of its workers share, as TLS does its keys. @type {any} */
  data;
  /** @type {Map<number, any>} */
  #workers = new Map();
  /** Those that wait for a connection, the longest first. @type {Map<number, any>} */
  #free = new Map();
  /** Connections that wait for a worker. @type {any[]} */
  #waiting = [];
  /** Connections that a worker was sent and has not answered for. @type {{ worker: any, handle: any }[]} */
  #sent = [];
  /** @type {any} */
  #server;

  /** @param {string} key @param {any} address @param {any} query */
  constructor(key, address, { port, fd, flags, backlog, readableAll, writableAll }) {
    this.key = key;
    const server = new /** @type {any} */ (Server)();
    this.#server = server;
    if (fd >= 0) server.listen({ fd, backlog });
    else if (port >= 0) server.listen({ port, host: address ?? undefined, ipv6Only: (flags & 1) !== 0, backlog });
    else server.listen({ path: address, backlog, readableAll, writableAll });
    // Nobody hears of a failure but who asks for the handle.
    server.on('error', () => {});
    if (server._handle) this.#listen();
    else server.once('listening', () => this.#listen());
  }

  #listen() {
    this.#server._handle.onconnection = (/** @type {number} */ errno, /** @type {any} */ handle) => {
      if (!errno) this.#distribute(handle);
    };
  }

  /** @param {any} worker */
  has(worker) {
    return mapHas(this.#workers, worker.id);
  }

  /** @param {any} worker @param {Answer} answer */
  add(worker, answer) {
    mapSet(this.#workers, worker.id, worker);
    const server = this.#server;
    const done = () => {
      answer(null, { sockname: server._handle.address(false) }, null);
      // Connections may wait already.
      this.#handOff(worker);
    };
    if (server._handle) {
      done();
      return;
    }
    server.once('listening', done);
    server.once('error', (/** @type {any} */ error) => answer(error.errno, null, null));
  }

  /** Whether nobody needs it any more. @param {any} worker */
  remove(worker) {
    if (!mapDelete(this.#workers, worker.id)) return false;
    mapDelete(this.#free, worker.id);
    // What it was sent is for others if it is gone; who only stops listening will answer.
    if (!worker.process.connected) {
      for (let index = this.#sent.length - 1; index >= 0; index -= 1) {
        const { handle, worker: owner } = this.#sent[index];
        if (owner !== worker) continue;
        splice(this.#sent, index, 1);
        this.#distribute(handle);
      }
    }
    if (mapSize(this.#workers) > 0) return false;
    for (let handle = shift(this.#waiting); handle !== undefined; handle = shift(this.#waiting)) handle.close();
    this.#server.close();
    return true;
  }

  /** @param {any} handle */
  #distribute(handle) {
    push(this.#waiting, handle);
    /** @type {any} */
    let next;
    mapForEach(this.#free, (worker) => {
      next ??= worker;
    });
    if (next === undefined) return;
    mapDelete(this.#free, next.id);
    this.#handOff(next);
  }

  /** @param {any} worker */
  #handOff(worker) {
    // It may have stopped to listen, or be gone.
    if (!mapHas(this.#workers, worker.id)) return;
    const handle = shift(this.#waiting);
    if (handle === undefined) {
      mapSet(this.#free, worker.id, worker);
      return;
    }
    const sent = { worker, handle };
    push(this.#sent, sent);
    const answered = (/** @type {any} */ reply) => {
      const at = indexOf(this.#sent, sent);
      // It was given to another, as this one was gone.
      if (at === -1) return;
      splice(this.#sent, at, 1);
      // It is shutting down: another may take it.
      if (reply.accepted) handle.close();
      else if (mapSize(this.#workers) === 0) handle.close();
      else this.#distribute(handle);
      this.#handOff(worker);
    };
    sendTo(worker.process, { act: 'newconn', key: this.key }, handle, answered);
  }
}

class SharedHandle {
  key;
  /** @type {Map<number, any>} */
  #workers = new Map();
  /** @type {any} */
  #handle = null;
  #errno = 0;
  /** As there. @type {any} */
  data;

  /** @param {string} key @param {any} address @param {any} query */
  constructor(key, address, { port, addressType, fd, flags }) {
    this.key = key;
    const made =
      addressType === 'udp4' || addressType === 'udp6'
        ? dgram._createSocketHandle(address, port, addressType, fd, flags)
        : createServerHandle(address, port, fd, flags);
    if (typeof made === 'number') this.#errno = made;
    else this.#handle = made;
  }

  /** @param {any} worker */
  has(worker) {
    return mapHas(this.#workers, worker.id);
  }

  /** @param {any} worker @param {Answer} answer */
  add(worker, answer) {
    mapSet(this.#workers, worker.id, worker);
    answer(this.#errno, null, this.#handle);
  }

  /** @param {any} worker */
  remove(worker) {
    if (!mapDelete(this.#workers, worker.id) || mapSize(this.#workers) > 0) return false;
    this.#handle?.close();
    this.#handle = null;
    return true;
  }
}

module.exports = { RoundRobinHandle, SharedHandle };
