// The thread of the hooks that `module.register` names (https://nodejs.org/api/module.html#asynchronous-customization-hooks): they may be
// asynchronous, and what imports waits for their answer, as in Node. It has a loader of its own, and is asked one question at a time.
'use strict';

const { assign } = require('builtins/primordials');
const loadProcess = () => require('node/process/process');
const loadWorkers = () => require('node/worker_threads/worker_threads');

/** What runs there. */
const code = `'use strict';
const { workerData: { port, lock } } = require("node:worker_threads");
const { loadDefault, resolveDefault } = require("node:module").hookDefaults();
const chains = { resolve: [], load: [] };
const needs = { resolve: 'url', load: 'format' };
async function run(kind, subject, context, last) {
  const from = async (at, about, its) => {
    if (at < 0) return last(about, its);
    let isCalled = false;
    const next = (nextAbout = about, nextContext) => {
      isCalled = true;
      return from(at - 1, String(nextAbout), nextContext === undefined ? its : { ...its, ...nextContext });
    };
    const result = await chains[kind][at](about, its, next);
    if (typeof result !== 'object' || result === null) {
      throw Object.assign(new TypeError('Expected an object to be returned from the "' + kind + '" hook but got ' + String(result) + '.'), { code: 'ERR_INVALID_RETURN_VALUE' });
    }
    if (!isCalled && result.shortCircuit !== true) {
      throw Object.assign(new Error('"' + kind + '" did not call the next hook in its chain and did not explicitly signal a short circuit. If this is intentional, include \`shortCircuit: true\` in the hook\\'s return.'), { code: 'ERR_LOADER_CHAIN_INCOMPLETE' });
    }
    return result;
  };
  return from(chains[kind].length - 1, subject, context);
}
const answers = {
  async register(specifier, parentURL, data) {
    const namespace = await import(resolveDefault(specifier, { parentURL }).url);
    for (const kind of ['resolve', 'load']) if (typeof namespace[kind] === 'function') chains[kind].push(namespace[kind]);
    await namespace.initialize?.(data);
  },
  async resolve(specifier, context) {
    const { format, importAttributes, url } = await run('resolve', specifier, context, resolveDefault);
    if (typeof url !== 'string') {
      throw Object.assign(new TypeError('Expected a URL string to be returned for the "url" from the "resolve" hook but got ' + String(url) + '.'), { code: 'ERR_INVALID_RETURN_PROPERTY_VALUE' });
    }
    return { format, importAttributes, url };
  },
  async load(url, context) {
    let usual;
    const result = await run('load', url, context, (about, its) => (usual = loadDefault(about, its)));
    const isUsual = usual !== undefined && result.source === usual.source && result.format === usual.format;
    return isUsual ? { isUsual, format: usual.format } : { format: result.format, source: result.source };
  },
};
let pending = false;
function reply(answer) {
  if (!pending) return;
  pending = false;
  port.ref();
  port.postMessage(answer);
  Atomics.store(lock, 0, 1);
  Atomics.notify(lock, 0);
}
// Nothing is left that could answer.
process.on('beforeExit', () => {
  const message = 'The async loader hook request never settled';
  reply({ error: { name: 'Error', message, stack: 'Error [ERR_ASYNC_LOADER_REQUEST_NEVER_SETTLED]: ' + message }, isObject: true, more: { code: 'ERR_ASYNC_LOADER_REQUEST_NEVER_SETTLED' } });
});
process.on('exit', (exit) => reply({ exit }));
port.on('message', async ({ kind, given }) => {
  pending = true;
  port.unref();
  try {
    reply({ value: await answers[kind](...given) });
  } catch (error) {
    const isObject = typeof error === 'object' && error !== null;
    if (!isObject) return reply({ error: typeof error === 'function' || typeof error === 'symbol' ? String(error) : error, isObject });
    const { code, message, name, stack } = error;
    reply({ error: { name, message, stack }, isObject, more: JSON.parse(JSON.stringify({ ...error, code })) });
  }
});`;

/** @type {any} */
let port;
/** @type {any} */
let lock;

function start() {
  const { MessageChannel, Worker } = loadWorkers();
  const channel = new MessageChannel();
  port = channel.port1;
  lock = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(code, { eval: true, execArgv: [], workerData: { port: channel.port2, lock }, transferList: [channel.port2] });
  worker.unref();
  port.unref();
}

/** Asks the thread, and waits for its answer. @param {string} kind @param {any[]} given @param {any[]} [transferred] */
function ask(kind, given, transferred = []) {
  if (port === undefined) start();
  Atomics.store(lock, 0, 0);
  port.postMessage({ kind, given }, transferred);
  Atomics.wait(lock, 0, 0);
  const { message } = loadWorkers().receiveMessageOnPort(port);
  if ('exit' in message) loadProcess().process.exit(message.exit);
  if (!('error' in message)) return message.value;
  if (!message.isObject) throw message.error;
  const error = /** @type {any} */ (
    new (message.error.name === 'TypeError' ? TypeError : message.error.name === 'SyntaxError' ? SyntaxError : Error)(message.error.message)
  );
  error.stack = message.error.stack;
  throw assign(error, message.more);
}

/** @param {string} specifier @param {string} parentURL @param {any} data @param {any[]} [transferred] */
function register(specifier, parentURL, data, transferred) {
  ask('register', [specifier, parentURL, data], transferred);
}

/** @param {string} specifier @param {any} context */
function resolve(specifier, context) {
  return ask('resolve', [specifier, plain(context)]);
}

/** @param {string} url @param {any} context */
function load(url, context) {
  return ask('load', [url, plain(context)]);
}

/** What can be sent. @param {any} context */
function plain(context) {
  return assign({}, context, { importAttributes: assign({}, context.importAttributes) });
}

module.exports = { load, register, resolve };
