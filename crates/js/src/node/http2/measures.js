// What observers of performance are told of sessions and streams (https://nodejs.org/api/perf_hooks.html#http2-http2-details), from when they begin as
// long as somebody observes.
'use strict';

const { beginMeasure, endMeasure } = require('web/performance/measured');
const { http2State, monotonicNow } = ops;

/** @param {any} measured @param {string} what the first time that it happens */
function first(measured, what) {
  if (measured !== undefined && measured[what] === 0) measured[what] = monotonicNow() - measured.start;
}

/** What is counted of a session. */
function beginSession() {
  const start = beginMeasure('http2');
  return start === undefined
    ? undefined
    : { start, pingRTT: 0, streamCount: 0, ended: 0, spent: 0, maxConcurrentStreams: 0, bytesRead: 0, bytesWritten: 0 };
}

/** @param {any} ofSession @param {number} open how many streams are open, with this one */
function beginStream(ofSession, open) {
  const counts = ofSession.measured;
  if (counts === undefined) return undefined;
  counts.streamCount += 1;
  if (open > counts.maxConcurrentStreams) counts.maxConcurrentStreams = open;
  const start = monotonicNow();
  return { start, timeToFirstByte: 0, timeToFirstByteSent: 0, timeToFirstHeader: 0, bytesRead: 0, bytesWritten: 0 };
}

/** @param {any} ofSession @param {any} measured @param {number | undefined} id */
function endStream(ofSession, measured, id) {
  const { start, ...times } = measured;
  ofSession.measured.ended += 1;
  ofSession.measured.spent += monotonicNow() - start;
  endMeasure('http2', 'Http2Stream', start, { id, ...times });
}

/** Before the connection is let go. @param {any} ofSession */
function endSession({ measured, native, isClient }) {
  const { start, ended, spent, ...counts } = measured;
  const state = http2State(native);
  endMeasure('http2', 'Http2Session', start, {
    ...counts,
    framesReceived: state[9],
    framesSent: state[10],
    streamAverageDuration: ended === 0 ? 0 : spent / ended,
    type: isClient ? 'client' : 'server',
  });
}

module.exports = { beginSession, beginStream, endSession, endStream, first };
