// The counters and timers of `console`, which live by label. Each function returns the text to print, or what to warn of.
'use strict';

const { floor, Map, mapDelete, mapGet, mapHas, mapSet, padStart, toFixed } = require('builtins/primordials');
const { monotonicNow } = ops;

/** The counters and timers of one console. */
function makeCounters() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @type {Map<string, number>} */
  const starts = new Map();

  /** @param {string} label */
  function count(label) {
    const value = (mapGet(counts, label) ?? 0) + 1;
    mapSet(counts, label, value);
    return `${label}: ${value}`;
  }

  /** @param {string} label */
  function countReset(label) {
    return mapDelete(counts, label) ? undefined : `Count for '${label}' does not exist`;
  }

  /** @param {string} label */
  function time(label) {
    if (mapHas(starts, label)) return `Label '${label}' already exists for console.time()`;
    mapSet(starts, label, monotonicNow());
    return undefined;
  }

  /** @param {string} label @returns {{ text?: string, warning?: string }} */
  function elapsed(label, end = false) {
    const start = mapGet(starts, label);
    if (start === undefined) {
      return { warning: `No such label '${label}' for console.time${end ? 'End' : 'Log'}()` };
    }
    if (end) mapDelete(starts, label);
    return { text: `${label}: ${durationText(monotonicNow() - start)}` };
  }
  return { count, countReset, time, elapsed };
}

/** `0.123ms`, `1.234s`, `1:02.345 (m:ss.mmm)`, `1:02:03.456 (h:mm:ss.mmm)`. @param {number} milliseconds */
function durationText(milliseconds) {
  if (milliseconds < 1000) return `${Number(toFixed(milliseconds, 3))}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${toFixed(seconds, 3)}s`;
  const rest = padStart(toFixed(seconds % 60, 3), 6, '0');
  const minutes = floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${rest} (m:ss.mmm)`;
  return `${floor(minutes / 60)}:${padStart(`${minutes % 60}`, 2, '0')}:${rest} (h:mm:ss.mmm)`;
}

module.exports = { makeCounters };
