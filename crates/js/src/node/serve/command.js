// `twinloop serve APP`: serves what a module exports, until SIGINT or SIGTERM; then what is under way may end.
'use strict';

const { Promise, arraySlice, isArray, then } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { process } = require('node/process/process');
const { UsageError, readArguments, usage } = require('node/serve/arguments');
const { twinloop } = require('web/server/server');
const { startMounts } = require('web/server/mounts');
const { setTimeout } = require('web/html/timers');
const { writeOutput } = ops;
const loadFs = () => /** @type {any} */ (require('node/fs/fs'));
const loadHttp = () => /** @type {any} */ (require('node/http/http'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));
const loadUrl = () => /** @type {any} */ (require('node/url/url'));
const loadWorkers = () => require('node/serve/workers');

/** @typedef {import('./arguments.js').ServeArguments} ServeArguments */
/** What serves: how it ends, and how it is given other certificates. @typedef {{ url: string, stop: (atOnce: boolean) => Promise<any>, reload: () => void }} Running */

async function main() {
  /** @type {ServeArguments | undefined} */
  let read;
  try {
    read = readArguments(arraySlice(process.argv, 1), process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    refuse(error.message);
    return;
  }
  if (read === undefined) {
    writeOutput(1, usage);
    return;
  }
  if (read.workers > 1) {
    loadWorkers().run(read);
    return;
  }
  const path = loadPath().resolve(read.app);
  if (!loadFs().existsSync(path)) {
    refuse(`there is no file ${path}`);
    return;
  }
  const running = await start(read, path);
  if (running === undefined) return;
  if (process.env.TWINLOOP_SERVE_WORKER === undefined) writeOutput(1, `Listening on ${running.url}\n`);
  watchSignals(read, running);
  if (typeof process.send === 'function') process.send(running.url);
}

/** @param {string} message */
function refuse(message) {
  writeOutput(2, `twinloop serve: ${message}\n`);
  process.exitCode = 2;
}

/** @param {ServeArguments} read @param {string} path @returns {Promise<Running | undefined>} */
async function start(read, path) {
  process.argv[1] = path;
  if (loadFs().statSync(path).isDirectory()) {
    return serveHandler(read, { fetch: (/** @type {any} */ request) => twinloop.serveDir(request, { fsRoot: path }) });
  }
  const namespace = await import(loadUrl().pathToFileURL(path).href);
  let target = namespace.default ?? namespace;
  // A CommonJS file compiled from an ES module.
  if (isObject(target) && target.__esModule === true && target.default !== undefined) target = target.default;
  try {
    await startMounts(isObject(target) ? target.routes : undefined);
  } catch (error) {
    refuse(/** @type {any} */ (error).message);
    process.exit(3);
  }
  if (isObject(target) && typeof target.fetch === 'function') return serveHandler(read, target);
  if (isObject(target) && typeof target.listen === 'function') return await serveListener(read, await listenerOf(target));
  if (typeof target === 'function') return serveHandler(read, { fetch: target });
  if (isObject(target) && (target.routes !== undefined || target.handler !== undefined)) return serveHandler(read, target);
  // A program that serves by itself, or that has nothing to serve.
  if (target === namespace) return undefined;
  refuse(`the default export of ${path} is nothing that answers requests: { fetch }, a function or an app`);
  process.exit(2);
}

/** @param {ServeArguments} read */
function tlsOf(read) {
  if (read.cert === undefined) return undefined;
  const { readFileSync } = loadFs();
  return { cert: readFileSync(read.cert, 'utf8'), key: readFileSync(read.key, 'utf8') };
}

/** @param {ServeArguments} read @param {any} target @returns {Running} */
function serveHandler(read, target) {
  const { websocket, error } = target;
  // Frameworks keep lists of their own under this name.
  const routes = isArray(target.routes) ? undefined : target.routes;
  const handler = target.fetch === undefined ? target.handler : undefined;
  const fetch = target.fetch === undefined ? undefined : (/** @type {any[]} */ ...list) => target.fetch(...list);
  const handlers = { fetch, handler, websocket, error, routes };
  const server = twinloop.serve({
    ...handlers,
    hostname: read.host ?? target.hostname,
    port: read.port ?? target.port,
    unix: read.uds,
    fd: read.fd,
    reusePort: process.env.TWINLOOP_SERVE_WORKER !== undefined,
    tls: tlsOf(read),
    idleTimeout: read.idle,
    maxRequestBodySize: read.body,
  });
  return {
    url: read.uds ?? (read.fd === undefined ? `${server.url}` : `descriptor ${read.fd}`),
    stop: (atOnce) => server.stop(atOnce),
    reload: () => void server.reload({ ...handlers, tls: tlsOf(read) }),
  };
}

/** What Node's server calls, of an app of Koa, Fastify or Express. @param {any} app */
async function listenerOf(app) {
  if (typeof app.ready === 'function' && typeof app.routing === 'function') {
    await app.ready();
    return app.routing;
  }
  return typeof app.callback === 'function' ? app.callback() : app;
}

/** @param {ServeArguments} read @param {any} listener @returns {Promise<Running>} */
async function serveListener(read, listener) {
  if (read.cert !== undefined) throw new TypeError('serve: an app that listens by itself is served without TLS');
  const { host = '0.0.0.0', port: wanted = 8000 } = read;
  const server = loadHttp().createServer({ keepAliveTimeout: read.idle * 1000 }, listener);
  const place =
    read.fd === undefined
      ? (read.uds ?? { host, port: wanted, reusePort: process.env.TWINLOOP_SERVE_WORKER !== undefined })
      : { fd: read.fd };
  await new Promise((/** @type {any} */ listening, /** @type {any} */ failed) => {
    server.once('error', failed);
    server.listen(place, listening);
  });
  const { port } = server.address();
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return {
    url: read.uds ?? `http://${shown}:${port}/`,
    stop: (atOnce) => {
      if (atOnce) server.closeAllConnections();
      return new Promise((/** @type {any} */ settle) => server.close(settle));
    },
    reload: () => undefined,
  };
}

/** @param {ServeArguments} read @param {Running} running */
function watchSignals(read, running) {
  let isStopping = false;
  /** @param {string} signal */
  const stop = (signal) => {
    // Who asks twice does not want to wait.
    if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    isStopping = true;
    const timer = setTimeout(() => void running.stop(true), read.patience * 1000);
    timer.unref();
    then(running.stop(false), () => process.exit());
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', () => {
    try {
      running.reload();
    } catch (error) {
      writeOutput(2, `twinloop serve: the certificates stay as they were: ${/** @type {any} */ (error).message}\n`);
    }
  });
}

module.exports = { main };
