// The time of a session or a stream in which nothing happens (https://nodejs.org/api/http2.html#http2sessionsettimeoutmsecs-callback).
'use strict';

const { requireFunction } = require('node/arguments');
const { fittingDuration } = require('node/net/durations');
const { clearTimeout, setTimeout } = require('web/html/timers');

const timer = Symbol('timeout');

/**
 * What `setTimeout` of a session or a stream does.
 * @param {any} self @param {number} given in milliseconds; 0 for no end @param {any} callback @param {() => void} expired
 */
function setIdleTimeout(self, given, callback, expired) {
  if (self.destroyed) return self;
  const milliseconds = fittingDuration(given, 'msecs');
  self.timeout = given;
  stopIdleTimeout(self);
  if (milliseconds !== 0) {
    self[timer] = setTimeout(expired, milliseconds);
    self[timer].unref();
  }
  if (callback === undefined) return self;
  requireFunction(callback, 'callback');
  if (milliseconds === 0) self.removeListener('timeout', callback);
  else self.once('timeout', callback);
  return self;
}

/** Something happened: the time begins anew. @param {any} self */
function refresh(self) {
  self[timer]?.refresh();
}

/** @param {any} self */
function stopIdleTimeout(self) {
  if (!self[timer]) return;
  clearTimeout(self[timer]);
  self[timer] = null;
}

module.exports = { refresh, setIdleTimeout, stopIdleTimeout };
