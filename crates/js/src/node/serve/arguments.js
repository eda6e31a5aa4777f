// The words behind `twinloop serve`.
'use strict';

const { slice, startsWith, stringIndexOf, trunc } = require('builtins/primordials');

const usage = `Serve an application on one event loop.

Usage: twinloop serve APP [OPTIONS]

APP is a JavaScript or TypeScript module whose default export is { fetch(request, server) {...} },
a function of a request, or an app of Express, Koa, Fastify or Hono; a folder of files; or a Python
application as module:name or FILE.py (python -m twinloop serve --help has its options).

Options:
  -p, --port PORT          where to listen; $PORT, or 8000
  -h, --host HOST          on which address; 0.0.0.0
      --uds PATH           on a Unix socket instead
      --fd NUMBER          on a socket that is open already
  -w, --workers NUMBER     so many processes, which share the socket
      --tls-cert FILE      by TLS, with this chain of certificates (PEM)
      --tls-key FILE       and its key; SIGHUP reads both again
      --idle-timeout SECONDS
                           how long a connection may wait for its next request; 75
      --max-body BYTES     the longest body of a request; 134217728
      --shutdown-timeout SECONDS
                           how long requests have to end after SIGTERM or SIGINT; 30
      --compress           compress answers for the clients that take it
      --compress-min-size BYTES
                           those of so many bytes and more; 1024
      --access-log[=FILE]  a line for each request (Common Log Format), on standard output or in a file,
                           which SIGHUP opens again
      --watch              start again when a file changes
      --help               print this

An application that exports an object may have the same among its options, by the names of twinloop.serve;
the command line goes before them. --no-access-log and --no-compress take back what it asks for.
`;

/**
 * What is undefined is for the application to say, or has its standard.
 * @typedef {object} ServeArguments
 * @property {string} app
 * @property {number | undefined} port
 * @property {number | undefined} environmentPort goes before the application's port, but does not make it listen on one
 * @property {string | undefined} host
 * @property {string | undefined} uds
 * @property {number | undefined} fd
 * @property {number} workers
 * @property {string | undefined} cert
 * @property {string | undefined} key
 * @property {number | undefined} idle
 * @property {number | undefined} body
 * @property {number} patience
 * @property {boolean | undefined} compress
 * @property {number | undefined} compressed from how many bytes on
 * @property {boolean | string | undefined} accessLog
 */

/** Who wrote a command line that cannot be meant. */
class UsageError extends Error {}

/** @param {string} name @param {string} value @param {number} most */
function numberOf(name, value, most) {
  const number = value === '' ? NaN : +value;
  if (!(number >= 0 && number <= most)) throw new UsageError(`${name} takes a number from 0 to ${most}, not '${value}'`);
  return number;
}

/** A number of things, of which there is no half. @param {string} name @param {string} value @param {number} most */
function countOf(name, value, most) {
  const number = numberOf(name, value, most);
  if (trunc(number) !== number) throw new UsageError(`${name} takes a whole number, not '${value}'`);
  return number;
}

/** @param {string[]} words @param {{ PORT?: string }} environment @returns {ServeArguments | undefined} nothing, if help is wanted */
function readArguments(words, environment) {
  /** @type {ServeArguments} */
  const read = {
    app: '',
    port: undefined,
    environmentPort: environment.PORT ? countOf('PORT', environment.PORT, 65535) : undefined,
    host: undefined,
    uds: undefined,
    fd: undefined,
    workers: 1,
    cert: undefined,
    key: undefined,
    idle: undefined,
    body: undefined,
    patience: 30,
    compress: undefined,
    compressed: undefined,
    accessLog: undefined,
  };
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i];
    if (word === '--help') return undefined;
    if (word === '--access-log' || word === '--no-access-log') {
      read.accessLog = word === '--access-log';
      continue;
    }
    if (word === '--compress' || word === '--no-compress') {
      read.compress = word === '--compress';
      continue;
    }
    if (!startsWith(word, '-')) {
      if (read.app !== '') throw new UsageError(`one application is served, not '${read.app}' and '${word}'`);
      read.app = word;
      continue;
    }
    const equals = startsWith(word, '--') ? stringIndexOf(word, '=') : -1;
    const name = equals < 0 ? word : slice(word, 0, equals);
    let value = equals < 0 ? '' : slice(word, equals + 1);
    if (equals < 0) {
      i += 1;
      if (i >= words.length) throw new UsageError(`${name} takes a value`);
      value = words[i];
    }
    readOption(read, name, value);
  }
  if (read.app === '') throw new UsageError('which application? Name a module: twinloop serve app.js');
  if ((read.cert === undefined) !== (read.key === undefined)) throw new UsageError('--tls-cert and --tls-key go together');
  return read;
}

/** @param {ServeArguments} read @param {string} name @param {string} value */
function readOption(read, name, value) {
  switch (name) {
    case '-p':
    case '--port':
      read.port = countOf(name, value, 65535);
      break;
    case '-h':
    case '--host':
    case '--hostname':
      read.host = value;
      break;
    case '--uds':
    case '--unix':
      read.uds = value;
      break;
    case '--fd':
      read.fd = countOf(name, value, 2 ** 20);
      break;
    case '-w':
    case '--workers':
      read.workers = countOf(name, value, 1024) || 1;
      break;
    case '--tls-cert':
    case '--cert':
    case '--ssl-certfile':
      read.cert = value;
      break;
    case '--tls-key':
    case '--key':
    case '--ssl-keyfile':
      read.key = value;
      break;
    case '--idle-timeout':
    case '--timeout-keep-alive':
      read.idle = numberOf(name, value, 2 ** 31);
      break;
    case '--max-body':
      read.body = countOf(name, value, 2 ** 53);
      break;
    case '--shutdown-timeout':
    case '--timeout-graceful-shutdown':
      read.patience = numberOf(name, value, 2 ** 31);
      break;
    case '--compress-min-size':
      read.compressed = countOf(name, value, 2 ** 53);
      break;
    case '--access-log':
      if (value === '') throw new UsageError('--access-log= takes the path of a file');
      read.accessLog = value;
      break;
    default:
      throw new UsageError(`there is no option ${name}`);
  }
}

/**
 * Options of where to listen: where the command line says, else where the application does.
 * @param {ServeArguments} read @param {any} own options of the application
 * @returns {{ hostname?: string, port?: number, unix?: string, path?: undefined, fd?: number, ipv6Only?: any, reusePort?: any }}
 */
function placeOf(read, own) {
  const { fd, host, uds } = read;
  if (uds !== undefined || fd !== undefined) return { unix: uds, path: undefined, fd };
  const isSaid = host !== undefined || read.port !== undefined;
  return {
    unix: isSaid ? undefined : (own.unix ?? own.path),
    path: undefined,
    fd: isSaid ? undefined : own.fd,
    hostname: host ?? own.hostname ?? own.host,
    port: read.port ?? read.environmentPort ?? own.port,
    ipv6Only: own.ipv6Only,
    reusePort: own.reusePort,
  };
}

module.exports = { UsageError, placeOf, readArguments, usage };
