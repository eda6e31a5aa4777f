// `twinloop.asgi` and `twinloop.wsgi`: handlers that have a Python application answer.
//
// The application gets the exchange with the client itself, so nothing of a request or an answer passes through JavaScript. It hears of the start
// before its first request, and of the end when the last server has stopped. `_twinloop/serve/mounts.py` is the other side.
'use strict';

const { Set, WeakMap, arraySlice, catchRejection, endsWith, entries, push, setAdd, setDelete } = require('builtins/primordials');
const { setForEach, slice, weakMapGet, weakMapSet } = require('builtins/primordials');
const { isObject, toDOMString } = require('builtins/webidl');
const { arrivedOf } = require('web/server/arrived');

/** The handlers' mounts. @type {WeakMap<object, Mount>} */
const mounts = new WeakMap();
/** Those that wait for a server, or have been started. @type {Set<Mount>} */
const known = new Set();
let serverCount = 0;

class Mount {
  /** @type {any} */
  #application;
  /** @type {any} */
  #options;
  /** Where it stands, if that was said. @type {string | undefined} */
  prefix;
  /** Its Python half, once it has started. @type {any} */
  #started = undefined;
  /** @type {Promise<any> | undefined} */
  #starting = undefined;

  /** @param {any} application @param {string | undefined} prefix @param {any} options */
  constructor(application, prefix, options) {
    this.#application = application;
    this.prefix = prefix;
    this.#options = options;
    setAdd(known, this);
  }

  start() {
    if (this.#starting === undefined) {
      setAdd(known, this);
      this.#starting = this.#start();
      // Whoever needs it is told as well.
      catchRejection(this.#starting, () => undefined);
    }
    return this.#starting;
  }

  async #start() {
    const name = 'python:_twinloop.serve.mounts';
    const python = await import(name);
    const { interface: kind, lifespan, threads } = this.#options;
    this.#started = await python.mount(this.#application, this.prefix ?? '', kind, lifespan ?? 'auto', threads ?? 10);
    return this.#started;
  }

  /** @param {boolean} atOnce */
  async end(atOnce) {
    const starting = this.#starting;
    this.#starting = undefined;
    try {
      const started = await starting;
      this.#started = undefined;
      await started?.end(atOnce);
    } catch {
      // It has not started, and has said why.
    }
  }

  /** @param {any} request */
  answer(request) {
    const record = arrivedOf(request);
    if (record === undefined) throw new TypeError('asgi: the request is not one that came to a server');
    if (record.isTaken) throw new TypeError('asgi: the request is answered already');
    if (record.isRead) throw new TypeError("asgi: the request's body has already been used");
    record.isTaken = true;
    if (this.#started === undefined) return this.#answerLater(record);
    this.#started.answer(record.exchange);
    return undefined;
  }

  /** @param {NonNullable<ReturnType<typeof arrivedOf>>} record */
  async #answerLater(record) {
    try {
      const started = await this.start();
      started.answer(record.exchange);
    } catch (error) {
      // Nobody has it yet.
      record.isTaken = false;
      throw error;
    }
  }
}

/** @param {string} name @param {any} application @param {any} given @param {string} kind */
function mountedBy(name, application, given, kind) {
  if (!isObject(application)) throw new TypeError(`${name}: the application must be one of Python`);
  const options = given ?? {};
  const prefix = options.prefix === undefined ? undefined : checkedPrefix(name, toDOMString(options.prefix));
  const mount = new Mount(application, prefix, { interface: kind, lifespan: options.lifespan, threads: options.threads });
  /** @param {any} request */
  const handler = (request) => mount.answer(request);
  weakMapSet(mounts, handler, mount);
  return handler;
}

/** @param {string} name @param {string} prefix */
function checkedPrefix(name, prefix) {
  if (prefix === '') return prefix;
  if (slice(prefix, 0, 1) !== '/' || endsWith(prefix, '/')) {
    throw new TypeError(`${name}: the option 'prefix' must begin with '/' and not end with it`);
  }
  return prefix;
}

/** A handler that an ASGI application answers for. @param {any} application @param {any} [options] */
function asgi(application, options = undefined) {
  return mountedBy('asgi', application, options, 'auto');
}

/** A handler that a WSGI application answers for, in threads. @param {any} application @param {any} [options] */
function wsgi(application, options = undefined) {
  return mountedBy('wsgi', application, options, 'wsgi');
}

/** A route's handler stands where the route does. @param {any} target @param {string} path */
function place(target, path) {
  const mount = typeof target === 'function' ? weakMapGet(mounts, target) : undefined;
  if (mount === undefined || mount.prefix !== undefined) return;
  mount.prefix = endsWith(path, '/*') ? slice(path, 0, -2) : '';
}

/** Starts what was mounted; resolves when all have, or one cannot. @param {any} [routes] what they may stand in */
async function startMounts(routes = undefined) {
  const pairs = isObject(routes) ? entries(routes) : [];
  for (let i = 0; i < pairs.length; i += 1) place(pairs[i][1], pairs[i][0]);
  const list = all();
  for (let i = 0; i < list.length; i += 1) await list[i].start();
}

function all() {
  /** @type {Mount[]} */
  const list = [];
  setForEach(known, (mount) => push(list, mount));
  return arraySlice(list);
}

/** A server has begun. */
function serverBegan() {
  serverCount += 1;
  catchRejection(startMounts(), () => undefined);
}

/** A server has stopped; resolves when nothing is left of what only servers need. @param {boolean} atOnce */
async function serverEnded(atOnce) {
  serverCount -= 1;
  if (serverCount === 0) await endMounts(atOnce);
}

/** Tells what was started that it ends. @param {boolean} atOnce */
async function endMounts(atOnce) {
  const list = all();
  for (let i = 0; i < list.length; i += 1) {
    setDelete(known, list[i]);
    await list[i].end(atOnce);
  }
}

module.exports = { asgi, endMounts, place, serverBegan, serverEnded, startMounts, wsgi };
