// The option `accessLog` of `twinloop.serve`: a line for each request, on the standard output or in a file.
'use strict';

const { stringify } = require('builtins/primordials');
const { accessLogFlushed, accessLogLine, accessLogOpen, accessLogReopen, serverSetLog } = ops;

/** A log, and the path that it has if it is in a file. */
class AccessLog {
  #number;
  #path;

  /** @param {string | undefined} path */
  constructor(path) {
    this.#path = path;
    this.#number = accessLogOpen(path);
  }

  /** Tells of a native server's requests from now on. @param {number} server */
  follow(server) {
    serverSetLog(server, this.#number);
  }

  /** Goes on in a new file, if the old one was moved away. */
  reopen() {
    if (this.#path !== undefined) accessLogReopen(this.#number, this.#path);
  }

  /** Tells of a request of another server. @param {any} request @param {any} response of `node:http` @param {string} address @param {number} bytes */
  tell(request, response, address, bytes) {
    const { method, url, httpVersion } = request;
    const status = response.headersSent ? response.statusCode : 0;
    accessLogLine(this.#number, address, method, url, `HTTP/${httpVersion}`, status, bytes);
  }

  flushed() {
    return accessLogFlushed(this.#number);
  }
}

/** @param {any} options @returns {AccessLog | undefined} */
function readAccessLog(options) {
  const value = options.accessLog;
  if (value === undefined || value === false) return undefined;
  if (value === true) return new AccessLog(undefined);
  if (typeof value === 'string' && value !== '') return new AccessLog(value);
  throw new TypeError(
    `serve: the option 'accessLog' must be true or a path, not ${typeof value === 'string' ? stringify(value) : String(value)}`,
  );
}

/** No log follows a server any more. @param {number} server */
function forgetLog(server) {
  serverSetLog(server, 0);
}

module.exports = { forgetLog, readAccessLog };
