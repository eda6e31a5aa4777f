// Durations that sockets wait by, in as many milliseconds as a timer has.
'use strict';

const { requireDuration } = require('node/arguments');
const loadProcess = () => require('node/process/process');

/** The largest delay of a timer. */
const LONGEST = 2 ** 31 - 1;

/** A duration that a timer can have; a longer one is said to be too long. @param {any} value @param {string} name @returns {number} */
function fittingDuration(value, name) {
  requireDuration(value, name);
  if (value <= LONGEST) return value;
  loadProcess().process.emitWarning(
    `${value} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${LONGEST}.`,
    'TimeoutOverflowWarning',
  );
  return LONGEST;
}

module.exports = { fittingDuration };
