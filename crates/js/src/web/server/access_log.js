// The option `accessLog` of `twinloop.serve`: a line for each request, on the standard output or in a file.
'use strict';

const { refuse } = require('web/server/options');
const { accessLogFlushed, accessLogLine, accessLogOpen, accessLogReopen, serverSetLog } = ops;

/** A log, and the path that it has if it is in a file. */
class AccessLog {
  #native;
  #path;

  /** @param {string | undefined} path */
  constructor(path) {
    this.#path = path;
    this.#native = accessLogOpen(path);
  }

  /** Tells of a native server's requests from now on. @param {number} server */
  follow(server) {
    serverSetLog(server, this.#native);
  }

  /** Goes on in a new file, if the old one was moved away. */
  reopen() {
    if (this.#path !== undefined) accessLogReopen(this.#native, this.#path);
  }

  /** Tells of a request of another server. @param {any} request @param {any} response of `node:http` @param {string} address @param {number} bytes */
  tell(request, response, address, bytes) {
    const { method, url, httpVersion } = request;
    const status = response.headersSent ? response.statusCode : 0;
    accessLogLine(this.#native, address, method, url, `HTTP/${httpVersion}`, status, bytes);
  }

  flushed() {
    return accessLogFlushed(this.#native);
  }
}

/** @param {any} options @returns {AccessLog | undefined} */
function readAccessLog(options) {
  const value = options.accessLog;
  if (value === undefined || value === false) return undefined;
  // Of the command, which opens it again itself.
  if (value instanceof AccessLog) return value;
  if (value === true) return new AccessLog(undefined);
  if (typeof value === 'string' && value !== '') return new AccessLog(value);
  return refuse('accessLog', value, 'true or a path');
}

/** No log follows a server any more. @param {number} server */
function forgetLog(server) {
  serverSetLog(server, undefined);
}

module.exports = { forgetLog, readAccessLog };
