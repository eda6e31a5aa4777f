// The counters and timers of `console`, which live by label. Each function returns the text to print, or a warning.
'use strict';

const { monotonicNow } = ops;
const counts = new Map();
const starts = new Map();

function count(label) {
  const value = (counts.get(label) ?? 0) + 1;
  counts.set(label, value);
  return `${label}: ${value}`;
}

function countReset(label) {
  return counts.delete(label) ? undefined : `Warning: Count for '${label}' does not exist`;
}

function time(label) {
  if (starts.has(label)) return `Warning: Label '${label}' already exists for console.time()`;
  starts.set(label, monotonicNow());
  return undefined;
}

function elapsed(label, end = false) {
  const start = starts.get(label);
  if (start === undefined) {
    return { warning: `Warning: No such label '${label}' for console.time${end ? 'End' : 'Log'}()` };
  }
  if (end) starts.delete(label);
  return { text: `${label}: ${durationText(monotonicNow() - start)}` };
}

/** `0.123ms`, `1.234s`, `1:02.345 (m:ss.mmm)`, `1:02:03.456 (h:mm:ss.mmm)`. */
function durationText(milliseconds) {
  if (milliseconds < 1000) return `${Number(milliseconds.toFixed(3))}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(3)}s`;
  const rest = (seconds % 60).toFixed(3).padStart(6, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${rest} (m:ss.mmm)`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest} (h:mm:ss.mmm)`;
}

module.exports = { count, countReset, time, elapsed };
