// `twinloop serve APP`: serves what a module exports, until SIGINT or SIGTERM; then what is under way may end.
'use strict';

const { Promise, arraySlice, min, then } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { process } = require('node/process/process');
const { UsageError, placeOf, readArguments, usage } = require('node/serve/arguments');
const { exported, handlersOf } = require('node/serve/handlers');
const { standIn } = require('node/serve/listeners');
const { readAccessLog } = require('web/server/access_log');
const { readCompress, readPlace } = require('web/server/options');
const { originAt, twinloop } = require('web/server/server');
const { endMounts, startMounts } = require('web/server/mounts');
const { setTimeout } = require('web/html/timers');
const { writeOutput } = ops;
const loadCompressed = () => require('node/serve/compressed');
const loadFs = () => /** @type {any} */ (require('node/fs/fs'));
const loadHttp = () => /** @type {any} */ (require('node/http/http'));
const loadHttps = () => /** @type {any} */ (require('node/https/https'));
const loadLimits = () => require('node/http/limits');
const loadNet = () => /** @type {any} */ (require('node/net/net'));
const loadOutgoing = () => require('node/http/outgoing');
const loadPath = () => /** @type {any} */ (require('node/path/path'));
const loadUrl = () => /** @type {any} */ (require('node/url/url'));
const loadWorkers = () => require('node/serve/workers');

/** What a worker finds its socket's descriptor in. */
const placeVariable = 'TWINLOOP_SERVE_SOCKET';

/** @typedef {import('./arguments.js').ServeArguments} ServeArguments */
/** What serves: how it ends, and how it is given other certificates. @typedef {{ shown: string, isSecure: boolean, stop: (atOnce: boolean) => Promise<any>, reload: () => void }} Running */

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
  const place = process.env[placeVariable];
  // Not for what the application starts.
  delete process.env[placeVariable];
  if (read.uds !== undefined && place === undefined) await clear(read.uds);
  if (read.workers > 1 && place === undefined) {
    await loadWorkers().run(read);
    return;
  }
  const path = loadPath().resolve(read.app);
  if (!loadFs().existsSync(path)) {
    refuse(`there is no file ${path}`);
    return;
  }
  if (place === 'asked for') {
    tellPlace(read, await applicationAt(path));
    return;
  }
  if (place !== undefined) {
    read.fd = +place;
    read.uds = undefined;
  }
  const running = await start(read, path);
  if (running === undefined) return;
  watchSignals(read, running, place !== undefined);
  if (place === undefined) writeOutput(1, `Listening on ${running.shown}\n`);
  else process.send({ isSecure: running.isSecure });
}

/** @param {string} message */
function refuse(message) {
  writeOutput(2, `twinloop serve: ${message}\n`);
  process.exitCode = 2;
}

/** Removes the socket that a server left behind which was killed; one that somebody listens at stays. @param {string} path */
async function clear(path) {
  const { statSync, unlinkSync } = loadFs();
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const isLeft = await new Promise((/** @type {any} */ settle) => {
    const client = loadNet().connect(path);
    client.once('connect', () => {
      client.destroy();
      settle(false);
    });
    client.once('error', (/** @type {any} */ error) => settle(error.code === 'ECONNREFUSED'));
  });
  if (isLeft) unlinkSync(path);
}

/** @param {string} path */
async function applicationAt(path) {
  process.argv[1] = path;
  return loadFs().statSync(path).isDirectory()
    ? { fetch: (/** @type {any} */ request) => twinloop.serveDir(request, { fsRoot: path }) }
    : exported(await import(loadUrl().pathToFileURL(path).href));
}

/** @param {ServeArguments} read @param {string} path @returns {Promise<Running | undefined>} */
async function start(read, path) {
  const target = await applicationAt(path);
  try {
    await startMounts(isObject(target) ? target.routes : undefined);
  } catch (error) {
    refuse(/** @type {any} */ (error).message);
    process.exit(3);
  }
  const found = handlersOf(target);
  // A program that serves by itself, or that has nothing to serve.
  if (target?.listening === true || (found === undefined && target?.[Symbol.toStringTag] === 'Module')) return undefined;
  try {
    if (found?.options !== undefined) return serveHandler(read, found.options);
    if (found?.listener !== undefined) return await serveListener(read, await found.listener());
  } catch (error) {
    // Who has heard of the start hears of the end.
    await endMounts(true);
    refuse(/** @type {any} */ (error).message);
    process.exit(1);
  }
  refuse(`the default export of ${path} is nothing that answers requests: { fetch }, a function or an app`);
  process.exit(2);
}

/** Tells the parent of workers where to listen. @param {ServeArguments} read @param {any} target */
function tellPlace(read, target) {
  try {
    const own = handlersOf(target)?.options ?? {};
    process.send(readPlace(placeOf(read, own)), () => process.exit());
  } catch (error) {
    refuse(/** @type {any} */ (error).message);
    process.exit(1);
  }
}

/** @param {ServeArguments} read @param {any} own options of the application @returns {Running} */
function serveHandler(read, own) {
  const accessLog = readAccessLog({ accessLog: read.accessLog ?? own.accessLog });
  const options = {
    ...own,
    ...placeOf(read, own),
    ...tlsOf(read),
    idleTimeout: read.idle ?? own.idleTimeout,
    maxRequestBodySize: read.body ?? own.maxRequestBodySize,
    compress: compressOf(read, own),
    accessLog,
  };
  const server = twinloop.serve(options);
  return {
    shown: shownPlace(options, () => `${server.url}`),
    isSecure: server.protocol === 'https',
    stop: (atOnce) => server.stop(atOnce),
    reload: () => {
      server.reload({ ...options, ...tlsOf(read) });
      accessLog?.reopen();
    },
  };
}

/** Options of the certificate that the command line names. @param {ServeArguments} read */
function tlsOf(read) {
  if (read.cert === undefined) return {};
  const { readFileSync } = loadFs();
  return { cert: readFileSync(read.cert, 'utf8'), key: readFileSync(read.key, 'utf8') };
}

/** @param {ServeArguments} read @param {any} own */
function compressOf(read, own) {
  const compress = read.compress ?? own.compress;
  return !compress || read.compressed === undefined ? compress : { minSize: read.compressed };
}

/** @param {ServeArguments} read @param {import('./listeners.js').Listener} listener @returns {Promise<Running>} */
async function serveListener(read, listener) {
  const tls = tlsOf(read);
  const isSecure = tls.cert !== undefined;
  const log = readAccessLog(read);
  const options = { keepAliveTimeout: milliseconds(read.idle ?? 75), ...tls };
  const smallest = readCompress('serve', { compress: compressOf(read, {}) });
  const requested = smallest < 0 ? listener.requested : loadCompressed().compressed(listener.requested, smallest);
  const server = (isSecure ? loadHttps() : loadHttp()).createServer(options, logged(requested, log));
  loadLimits().limitBodies(server, read.body ?? 128 * 1024 * 1024);
  standIn(server, listener);
  const { unix, fd, hostname: host = '0.0.0.0', port: wanted = 8000 } = placeOf(read, {});
  const place = unix ?? (fd === undefined ? { host, port: wanted } : { fd });
  await new Promise((/** @type {any} */ listening, /** @type {any} */ failed) => {
    server.once('error', failed);
    server.listen(place, listening);
  });
  return {
    shown: shownPlace({ unix, fd }, () => {
      const { address, port } = server.address();
      return `${originAt(isSecure, host, address, port)}/`;
    }),
    isSecure,
    stop: async (atOnce) => {
      const closed = new Promise((/** @type {any} */ settle) => server.close(settle));
      // It does not know what has become another protocol.
      if (atOnce) server.closeAllConnections();
      else await closed;
      await log?.flushed();
    },
    reload: () => {
      if (isSecure) server.setSecureContext(tlsOf(read));
      log?.reopen();
    },
  };
}

/**
 * Tells the log of each request when its response is over.
 * @param {(request: any, response: any) => void} requested @param {ReturnType<typeof readAccessLog>} log
 */
function logged(requested, log) {
  if (log === undefined) return requested;
  const { bytesOfBody } = loadOutgoing();
  return (/** @type {any} */ request, /** @type {any} */ response) => {
    // By then the connection may have none.
    const address = `${request.socket.remoteAddress}`;
    response.once('close', () => log.tell(request, response, address, response[bytesOfBody]));
    requested(request, response);
  };
}

/** What is said of where it listens. @param {{ unix?: string, fd?: number }} place @param {() => string} urlOf */
function shownPlace({ unix, fd }, urlOf) {
  return unix ?? (fd === undefined ? urlOf() : `descriptor ${fd}`);
}

/** No timer knows more. @param {number} seconds */
function milliseconds(seconds) {
  return min(seconds * 1000, 2 ** 31 - 1);
}

/** @param {ServeArguments} read @param {Running} running @param {boolean} isWorker */
function watchSignals(read, running, isWorker) {
  let isStopping = false;
  /** @param {string} signal */
  const stop = (signal) => {
    // Who asks twice does not want to wait.
    if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    isStopping = true;
    const end = () => process.exit();
    const timer = setTimeout(() => then(running.stop(true), end), milliseconds(read.patience));
    timer.unref();
    then(running.stop(false), end);
  };
  // Ctrl-C goes to all processes of a terminal: it is for the parent to say what follows from it.
  process.on('SIGINT', isWorker ? () => undefined : stop);
  process.on('SIGTERM', stop);
  if (isWorker) process.on('disconnect', () => isStopping || stop('SIGTERM'));
  process.on('SIGHUP', () => {
    try {
      running.reload();
    } catch (error) {
      writeOutput(2, `twinloop serve: the certificates stay as they were: ${/** @type {any} */ (error).message}\n`);
    }
  });
}

module.exports = { main };
