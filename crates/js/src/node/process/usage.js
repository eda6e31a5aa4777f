// What the system counts of the process (https://nodejs.org/api/process.html#processresourceusage), and how much memory it may have.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireObject } = require('node/arguments');
const { exec, isFinite, max, min, parseInt, regExp, trim } = require('builtins/primordials');
const { memoryUsage, osFacts, resourceUsage: counted } = ops;
const loadFiles = () => require('node/fs/fs');

/** Processor time since the start, or since an earlier reading, in microseconds. @param {boolean} ofThread @param {any} previous */
function times(ofThread, previous) {
  if (previous !== undefined && previous !== null) {
    requireObject(previous, 'prevValue');
    checkTime(previous.user, 'prevValue.user');
    checkTime(previous.system, 'prevValue.system');
  }
  const now = counted(ofThread);
  return { user: now[0] - (previous?.user ?? 0), system: now[1] - (previous?.system ?? 0) };
}

/** @param {any} value @param {string} name */
function checkTime(value, name) {
  if (typeof value !== 'number') throw invalidType(name, 'number', value);
  if (!(value >= 0) || !isFinite(value) || value > 2 ** 53 - 1) throw invalidValue(name, value, 'is invalid', RangeError);
}

/** @param {any} [previous] */
const cpuUsage = (previous) => times(false, previous);
/** @param {any} [previous] */
const threadCpuUsage = (previous) => times(true, previous);

function resourceUsage() {
  const values = counted(false);
  return {
    userCPUTime: values[0],
    systemCPUTime: values[1],
    maxRSS: values[2],
    sharedMemorySize: 0,
    unsharedDataSize: 0,
    unsharedStackSize: 0,
    minorPageFault: values[3],
    majorPageFault: values[4],
    swappedOut: 0,
    fsRead: values[5],
    fsWrite: values[6],
    ipcSent: 0,
    ipcReceived: 0,
    signalsCount: 0,
    voluntaryContextSwitches: values[7],
    involuntaryContextSwitches: values[8],
  };
}

const unified = regExp(/^0::(.*)$/m);

/** A file of the process's control group; undefined where there is none. @param {string} name @returns {string | undefined} */
function groupFile(name) {
  const { readFileSync } = loadFiles();
  try {
    const folder = exec(unified, readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
    return trim(readFileSync(`/sys/fs/cgroup${folder}/${name}`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The limit of the control group in bytes; 0 when there is none. */
function constrainedMemory() {
  const limit = parseInt(groupFile('memory.max') ?? '', 10);
  return isFinite(limit) ? limit : 0;
}

/** What the process can still have, in bytes. */
function availableMemory() {
  const limit = constrainedMemory();
  const free = osFacts().freeMemory;
  if (limit === 0) return free;
  const used = parseInt(groupFile('memory.current') ?? '', 10);
  const rest = limit - (isFinite(used) ? used : memoryUsage()[0]);
  return max(min(rest, free), 0);
}

/** @type {Record<string, Function>} */
module.exports = { availableMemory, constrainedMemory, cpuUsage, resourceUsage, threadCpuUsage };
