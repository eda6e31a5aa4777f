// `node:cluster` in the process that starts workers (https://nodejs.org/api/cluster.html): it listens for them, and tells what becomes of them.
'use strict';

const { arraySlice, assign, join, keys, Map, mapDelete, mapForEach, mapGet, mapSet } = require('builtins/primordials');
const { nodeError } = require('node/errors');
const { RoundRobinHandle, SharedHandle } = require('node/cluster/round_robin');
const { listener, sendTo } = require('node/cluster/messages');
const { Worker } = require('node/cluster/worker');
const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { process } = require('node/process/process');
const { nextTick } = require('node/process/ticks');
const loadChildProcess = () => require('node/child_process/module');
const loadPath = () => /** @type {any} */ (require('node/path/path'));

const SCHED_NONE = 1;
const SCHED_RR = 2;

/** @type {any} */
const cluster = new EventEmitter();
/** Tells that the last worker is gone. */
const intercom = new EventEmitter();
/** What workers listen at, by its key. @type {Map<string, any>} */
const handles = new Map();
let count = 0;
/** As it was when the first worker was started. @type {number | undefined} */
let policy;

/** What the environment says. */
function policyOfEnvironment() {
  const named = process.env.NODE_CLUSTER_SCHED_POLICY;
  return named === 'none' ? SCHED_NONE : SCHED_RR;
}

/** @param {any} [options] */
function setupPrimary(options) {
  const { argv, execArgv } = process;
  const settings = assign({ args: arraySlice(argv, 2), exec: argv[1], execArgv, silent: false }, cluster.settings, options);
  cluster.settings = settings;
  if (policy === undefined) {
    const { schedulingPolicy } = cluster;
    if (schedulingPolicy !== SCHED_NONE && schedulingPolicy !== SCHED_RR) {
      throw nodeError(Error, 'ERR_ASSERTION', `Bad cluster.schedulingPolicy: ${schedulingPolicy}`);
    }
    policy = schedulingPolicy;
  }
  nextTick(() => cluster.emit('setup', settings));
}

/** @param {number} id @param {any} env */
function startProcess(id, env) {
  const { settings } = cluster;
  return loadChildProcess().fork(settings.exec, settings.args, {
    cwd: settings.cwd,
    env: assign({}, process.env, env, { NODE_UNIQUE_ID: `${id}` }),
    serialization: settings.serialization,
    silent: settings.silent,
    windowsHide: settings.windowsHide,
    execArgv: arraySlice(settings.execArgv),
    stdio: settings.stdio,
    gid: settings.gid,
    uid: settings.uid,
  });
}

/** @param {any} worker */
function removeWorker(worker) {
  delete cluster.workers[worker.id];
  if (keys(cluster.workers).length === 0) intercom.emit('disconnect');
}

/** @param {any} worker */
function removeHandles(worker) {
  mapForEach(handles, (handle, key) => {
    if (handle.remove(worker)) mapDelete(handles, key);
  });
}

/** @param {any} [env] */
function fork(env) {
  cluster.setupPrimary();
  count += 1;
  const id = count;
  const worker = new /** @type {any} */ (Worker)({ id, process: startProcess(id, env) });
  worker.on('message', (/** @type {any} */ message, /** @type {any} */ handle) => cluster.emit('message', worker, message, handle));
  worker.process.once('exit', (/** @type {any} */ code, /** @type {any} */ signal) => {
    // What it said last may not have been read yet.
    if (!worker.isConnected()) {
      removeHandles(worker);
      removeWorker(worker);
    }
    worker.exitedAfterDisconnect = !!worker.exitedAfterDisconnect;
    worker.state = 'dead';
    worker.emit('exit', code, signal);
    cluster.emit('exit', worker, code, signal);
  });
  worker.process.once('disconnect', () => {
    worker.process.channel = null;
    removeHandles(worker);
    if (worker.isDead()) removeWorker(worker);
    worker.exitedAfterDisconnect = !!worker.exitedAfterDisconnect;
    worker.state = 'disconnected';
    worker.emit('disconnect');
    cluster.emit('disconnect', worker);
  });
  worker.process.on(
    'internalMessage',
    listener(worker, (message) => heard(worker, message)),
  );
  nextTick(() => cluster.emit('fork', worker));
  cluster.workers[worker.id] = worker;
  return worker;
}

/** @param {any} worker @param {any} message */
function heard(worker, message) {
  const { act } = message;
  if (act === 'queryServer') queryServer(worker, message);
  else if (act === 'online') {
    worker.state = 'online';
    worker.emit('online');
    cluster.emit('online', worker);
  } else if (act === 'listening') {
    const { addressType, address, port, fd } = message;
    const info = { addressType, address, port, fd };
    worker.state = 'listening';
    worker.emit('listening', info);
    cluster.emit('listening', worker, info);
  } else if (act === 'close') {
    if (mapGet(handles, message.key)?.remove(worker)) mapDelete(handles, message.key);
  } else if (act === 'exitedAfterDisconnect') {
    worker.exitedAfterDisconnect = true;
    sendTo(worker.process, { ack: message.seq }, undefined);
  }
}

/** @param {any} worker @param {any} message */
function queryServer(worker, message) {
  // It ends, and nobody is to wait for it.
  if (worker.exitedAfterDisconnect) return;
  const { addressType } = message;
  const key = join([message.address, message.port, addressType, message.fd, message.index], ':');
  let handle = mapGet(handles, key);
  if (handle === undefined || handle.has(worker)) {
    const isUdp = addressType === 'udp4' || addressType === 'udp6';
    const Handle = policy !== SCHED_RR || isUdp ? SharedHandle : RoundRobinHandle;
    handle = new Handle(key, addressOf(message), message);
    mapSet(handles, key, handle);
  }
  handle.data ??= message.data;
  const made = handle;
  made.add(worker, (/** @type {any} */ errno, /** @type {any} */ reply, /** @type {any} */ native) => {
    const { data } = made;
    // Others have another chance.
    if (errno && mapGet(handles, key) === made) mapDelete(handles, key);
    sendTo(worker.process, assign({ errno, key, ack: message.seq, data }, reply), native);
  });
}

/** The address of a message; of a local path the shorter form, as its length is limited. @param {any} message */
function addressOf(message) {
  const { address, port } = message;
  if (!(port < 0) || typeof address !== 'string' || address[0] === '\0') return address;
  const relative = loadPath().relative(process.cwd(), address);
  return relative.length < address.length ? relative : address;
}

/** @param {any} [callback] */
function disconnect(callback) {
  const ids = keys(cluster.workers);
  if (ids.length === 0) nextTick(() => intercom.emit('disconnect'));
  for (let index = 0; index < ids.length; index += 1) {
    const worker = cluster.workers[ids[index]];
    if (worker.isConnected()) worker.disconnect();
  }
  if (typeof callback === 'function') intercom.once('disconnect', callback);
}

/** @this {any} */
Worker.prototype.disconnect = function () {
  this.exitedAfterDisconnect = true;
  sendTo(this.process, { act: 'disconnect' }, undefined);
  removeHandles(this);
  removeWorker(this);
  return this;
};

/** @this {any} @param {any} [signal] */
Worker.prototype.destroy = function (signal) {
  this.process.kill(signal || 'SIGTERM');
};

assign(cluster, {
  isWorker: false,
  isMaster: true,
  isPrimary: true,
  Worker,
  workers: {},
  settings: {},
  SCHED_NONE,
  SCHED_RR,
  schedulingPolicy: policyOfEnvironment(),
  setupPrimary,
  setupMaster: setupPrimary,
  fork,
  disconnect,
});

module.exports = { cluster };
