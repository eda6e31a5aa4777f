// How long the body of a request may be, for servers that have such a limit: those of `twinloop serve` (Node's have none).
//
// A length that says it itself is refused before the program hears of the request. Of another body the program hears when it has become too long, by an
// error of the request that frameworks answer with 413; where nobody listens to errors, the server answers.
'use strict';

const { assign } = require('builtins/primordials');
const { mostSkipped } = require('node/http/connection');
const { refuseRest } = require('node/http/incoming');
const { setTimeout, clearTimeout } = require('web/html/timers');

/** In bytes, of a server. */
const bodyLimit = Symbol('http.server.bodyLimit');
/** Whose error it is. */
const ofLimit = Symbol('body.limit');

/** How long (milliseconds) a client may take to end that was refused: it may still be writing, and would hear nothing of the answer if it was cut. */
const lingering = 2000;

/** @param {any} server of node:http or node:https @param {number} most bytes */
function limitBodies(server, most) {
  server[bodyLimit] = most;
}

/**
 * A request with a body begins. True if that is too long already, and was answered.
 * @param {any} server @param {any} own the connection's state @param {any} request @param {any} response
 */
function limitBody(server, own, request, response) {
  const most = server[bodyLimit];
  const length = request.headers['content-length'];
  if (length === undefined) own.reader.limit(most, () => exceeded(most, own, request, response));
  else if (+length > most) {
    refuse(own, response);
    return true;
  }
  return false;
}

/** @param {any} own @param {any} response */
function refuse(own, response) {
  own.isRefused = true;
  response.writeHead(413, ['Connection', 'close']);
  response.end();
}

/** @param {number} most @param {any} own @param {any} request @param {any} response */
function exceeded(most, own, request, response) {
  own.isRefused = true;
  response.shouldKeepAlive = false;
  response._last = true;
  if (response.writableEnded) {
    // It was answered before: what comes is nobody's.
    if (response.socket === null) own.socket.destroySoon();
    return;
  }
  const isHeard = request.listenerCount('error') > 0;
  refuseRest(request, tooLong(most));
  if (isHeard) return;
  if (response.headersSent) own.socket.destroy();
  else refuse(own, response);
}

/** With the properties that frameworks look at. @param {number} most */
function tooLong(most) {
  const error = new Error(`the body is longer than the limit of ${most} bytes`);
  return assign(error, { status: 413, statusCode: 413, expose: true, type: 'entity.too.large', limit: most, [ofLimit]: true });
}

/** Whether a listener failed by the limit. @param {any} error */
function isTooLong(error) {
  return error?.[ofLimit] === true;
}

/** Ends a connection whose client may still be writing: it is read, into nothing, until it ends. @param {any} socket @param {any} own */
function linger(socket, own) {
  own.reader.isOver = true;
  let skipped = 0;
  const timer = setTimeout(() => socket.destroy(), lingering);
  timer.unref();
  socket.on('data', (/** @type {Uint8Array} */ chunk) => {
    skipped += chunk.length;
    if (skipped > mostSkipped) socket.destroy();
  });
  socket.on('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
}

module.exports = { bodyLimit, isTooLong, limitBodies, limitBody, linger };
