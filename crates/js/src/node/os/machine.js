// What `node:os` reads of the machine: processors, network interfaces, and the priority of processes.
'use strict';

const { systemError } = require('node/errors');
const { requireInteger } = require('node/arguments');
const { exec, filter, floor, map, push, regExp, split, startsWith, stringIncludes } = require('builtins/primordials');
const { networkAddresses, osFacts, processPriority, setProcessPriority } = ops;
const loadFiles = () => require('node/fs/fs');
const loadSystemErrors = () => require('node/util/system_errors');

// The kernel counts in hundredths of a second.
const tick = 10;

/** @param {string} path */
function linesOf(path) {
  try {
    return split(loadFiles().readFileSync(path, 'utf8'), '\n');
  } catch {
    return [];
  }
}

const field = regExp(/^(.*?)\s*: (.*)$/);

/** Values of a field of all processors. @param {string[]} lines @param {string} name */
function fieldsOf(lines, name) {
  /** @type {string[]} */
  const values = [];
  for (let index = 0; index < lines.length; index += 1) {
    const parts = exec(field, lines[index]);
    if (parts !== null && parts[1] === name) push(values, parts[2]);
  }
  return values;
}

function cpus() {
  const information = linesOf('/proc/cpuinfo');
  const models = fieldsOf(information, 'model name');
  const speeds = fieldsOf(information, 'cpu MHz');
  const usual = osFacts();
  const counted = filter(linesOf('/proc/stat'), (line) => startsWith(line, 'cpu') && line[3] !== ' ');
  const times = map(counted, (line) => {
    const parts = split(line, ' ');
    const of = (/** @type {number} */ index) => Number(parts[index]) * tick;
    return { user: of(1), nice: of(2), sys: of(3), idle: of(4), irq: of(6) };
  });
  /** @type {object[]} */
  const all = [];
  for (let index = 0; index < (times.length || usual.processors); index += 1) {
    push(all, {
      model: models[index] ?? usual.model,
      speed: floor(Number(speeds[index] ?? 0)),
      times: times[index] ?? { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 },
    });
  }
  return all;
}

function networkInterfaces() {
  /** @type {Record<string, any[]>} */
  const interfaces = {};
  const list = networkAddresses();
  for (let index = 0; index < list.length; index += 1) {
    const entry = list[index];
    const isIPv6 = stringIncludes(entry[1], ':');
    /** @type {any} */
    const record = {
      address: entry[1],
      netmask: entry[2],
      family: isIPv6 ? 'IPv6' : 'IPv4',
      mac: entry[3],
      internal: entry[4],
      cidr: `${entry[1]}/${entry[6]}`,
    };
    if (isIPv6) record.scopeid = entry[5];
    interfaces[entry[0]] ??= [];
    push(interfaces[entry[0]], record);
  }
  return interfaces;
}

/** @param {[error: number, priority: number]} result @param {string} syscall */
function valueOf(result, syscall) {
  const number = -result[0];
  if (number === 0) return result[1];
  const errors = loadSystemErrors();
  throw systemError(syscall, number, errors.getSystemErrorName(number), errors.getSystemErrorMessage(number) ?? '');
}

const least = -(2 ** 31);
const most = 2 ** 31 - 1;

/** @param {number} [pid] */
function getPriority(pid = 0) {
  requireInteger(pid, 'pid', least, most);
  return valueOf(processPriority(pid), 'uv_os_getpriority');
}

/** `setPriority([pid, ]priority)`. @param {number} pid @param {number} [priority] */
function setPriority(pid, priority) {
  const isShort = priority === undefined;
  const process = isShort ? 0 : pid;
  const wanted = isShort ? pid : priority;
  requireInteger(process, 'pid', least, most);
  requireInteger(wanted, 'priority', -20, 19);
  valueOf(setProcessPriority(process, wanted), 'uv_os_setpriority');
}

module.exports = { cpus, getPriority, networkInterfaces, setPriority };
