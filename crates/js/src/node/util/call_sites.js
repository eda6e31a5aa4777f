// `util.getCallSites` (https://nodejs.org/api/util.html#utilgetcallsitesframecount-options): the frames of the caller as records.
'use strict';

const { isOwnFrame } = require('builtins/own_frames');
const { invalidType } = require('node/errors');
const { requireBoolean, requireNumber, requireObject } = require('node/arguments');
const { create, assign, exec, push, regExp, split } = require('builtins/primordials');

const frame = regExp(/^ {4}at (?:(.*) \()?(.*):(\d+):(\d+)\)?$/);

/** @param {any} [frameCount] of 1 to 200 @param {{ sourceMap?: boolean }} [options] */
function getCallSites(frameCount = 10, options = undefined) {
  let count = frameCount;
  let settings = options;
  if (settings === undefined && typeof count === 'object') {
    if (count === null) throw invalidType('frameCount', 'number', count);
    settings = count;
    count = 10;
  }
  if (settings !== undefined) {
    requireObject(settings, 'options');
    if (settings.sourceMap !== undefined) requireBoolean(settings.sourceMap, 'options.sourceMap');
  }
  requireNumber(count, 'frameCount', 1, 200);
  const lines = split(stackOf(count + 8), '\n');
  /** @type {any[]} */
  const sites = [];
  for (let index = 0; index < lines.length && sites.length < count; index += 1) {
    const parts = exec(frame, lines[index]);
    if (parts === null || isOwnFrame(parts[2])) continue;
    const site = {
      functionName: parts[1] ?? '',
      scriptId: '0',
      scriptName: parts[2],
      lineNumber: Number(parts[3]),
      columnNumber: Number(parts[4]),
      column: Number(parts[4]),
    };
    push(sites, assign(create(null), site));
  }
  return sites;
}

/** A stack of so many frames, whatever the program made of stacks. @param {number} frames */
function stackOf(frames) {
  const { prepareStackTrace, stackTraceLimit } = /** @type {any} */ (Error);
  /** @type {any} */ (Error).prepareStackTrace = undefined;
  /** @type {any} */ (Error).stackTraceLimit = frames;
  try {
    return `${new Error('sites').stack}`;
  } finally {
    /** @type {any} */ (Error).prepareStackTrace = prepareStackTrace;
    /** @type {any} */ (Error).stackTraceLimit = stackTraceLimit;
  }
}

module.exports = { getCallSites };
