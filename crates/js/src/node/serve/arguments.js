// The words behind `twinloop serve`.
'use strict';

const { charCodeAt, includes, keys, min, push, slice, startsWith, stringIndexOf, trunc } = require('builtins/primordials');

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

/** The options that have a value, to what they say. @type {Record<string, any>} */
const named = {
  __proto__: null,
  '-p': 'port',
  '--port': 'port',
  '-h': 'host',
  '--host': 'host',
  '--hostname': 'host',
  '--uds': 'uds',
  '--unix': 'uds',
  '--fd': 'fd',
  '-w': 'workers',
  '--workers': 'workers',
  '--tls-cert': 'cert',
  '--cert': 'cert',
  '--ssl-certfile': 'cert',
  '--tls-key': 'key',
  '--key': 'key',
  '--ssl-keyfile': 'key',
  '--idle-timeout': 'idle',
  '--timeout-keep-alive': 'idle',
  '--max-body': 'body',
  '--shutdown-timeout': 'patience',
  '--timeout-graceful-shutdown': 'patience',
  '--compress-min-size': 'compressed',
  '--access-log': 'accessLog',
};

/** Those that have none. */
const switches = ['--help', '--watch', '--no-access-log', '--compress', '--no-compress'];

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
    if (includes(switches, name)) throw new UsageError(`${name} takes no value`);
    if (named[name] === undefined) throw new UsageError(unknown(name));
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
  switch (named[name]) {
    case 'port':
      read.port = countOf(name, value, 65535);
      break;
    case 'host':
      read.host = value;
      break;
    case 'uds':
      read.uds = value;
      break;
    case 'fd':
      read.fd = countOf(name, value, 2 ** 20);
      break;
    case 'workers':
      read.workers = countOf(name, value, 1024) || 1;
      break;
    case 'cert':
      read.cert = value;
      break;
    case 'key':
      read.key = value;
      break;
    case 'idle':
      read.idle = numberOf(name, value, 2 ** 31);
      break;
    case 'body':
      read.body = countOf(name, value, 2 ** 53);
      break;
    case 'patience':
      read.patience = numberOf(name, value, 2 ** 31);
      break;
    case 'compressed':
      read.compressed = countOf(name, value, 2 ** 53);
      break;
    case 'accessLog':
      if (value === '') throw new UsageError('--access-log= takes the path of a file');
      read.accessLog = value;
      break;
  }
}

/** What is said of an option that is none. @param {string} name */
function unknown(name) {
  const all = keys(named);
  for (let i = 0; i < switches.length; i += 1) push(all, switches[i]);
  let nearest = '';
  // A letter in three may be another one.
  let least = name.length / 3;
  for (let i = 0; i < all.length; i += 1) {
    const distance = distanceOf(name, all[i]);
    if (distance > least || (nearest !== '' && distance === least)) continue;
    nearest = all[i];
    least = distance;
  }
  return `there is no option ${name}${nearest === '' ? '' : `; is ${nearest} meant?`}`;
}

/** How many letters must be changed, put in or left out to get from one word to another. @param {string} from @param {string} to */
function distanceOf(from, to) {
  /** @type {number[]} */
  let row = [];
  for (let j = 0; j <= to.length; j += 1) row[j] = j;
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const changed = row[j - 1] + (charCodeAt(from, i - 1) === charCodeAt(to, j - 1) ? 0 : 1);
      next[j] = min(changed, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[to.length];
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
