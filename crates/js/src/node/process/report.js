// `process.report` (https://nodejs.org/api/process.html#processreport): what is known of the process, as an object or a file.
'use strict';

const { requireBoolean, requireObject, requireString } = require('node/arguments');
const {
  arraySlice,
  assign,
  dateGetTime,
  dateToISOString,
  defineProperty,
  forEach,
  keys,
  map,
  padStart,
  regExp,
  replace,
  slice,
  split,
  stringify,
  trim,
} = require('builtins/primordials');
const { osFacts } = ops;
const loadFiles = () => require('node/fs/fs');
const loadPath = () => require('node/path/path');
const loadUsage = () => require('node/process/usage');

/** @type {Record<string, any>} */
const settings = {
  directory: '',
  filename: '',
  compact: false,
  excludeNetwork: false,
  signal: 'SIGUSR2',
  reportOnFatalError: false,
  reportOnSignal: false,
  reportOnUncaughtException: false,
  excludeEnv: false,
};

let count = 0;

/** @param {any} process */
function makeReport(process) {
  /** @param {any} [error] */
  function getReport(error = new Error('JavaScript Callstack')) {
    requireObject(error, 'err');
    const system = osFacts();
    const date = new Date();
    const usage = loadUsage().resourceUsage();
    const memory = process.memoryUsage();
    return {
      header: {
        reportVersion: 5,
        event: 'JavaScript API',
        trigger: 'GetReport',
        filename: null,
        dumpEventTime: dateToISOString(date),
        dumpEventTimeStamp: `${dateGetTime(date)}`,
        processId: process.pid,
        threadId: null,
        cwd: process.cwd(),
        commandLine: process.argv,
        nodejsVersion: process.version,
        // By it packages choose among binaries for the C libraries; another has none.
        glibcVersionRuntime: system.glibcVersion,
        wordSize: 64,
        arch: process.arch,
        platform: process.platform,
        componentVersions: process.versions,
        release: process.release,
        osName: system.type,
        osRelease: system.release,
        osVersion: system.version,
        osMachine: system.machine,
        networkInterfaces: [],
        host: system.hostname,
      },
      javascriptStack: {
        message: `${error.name}: ${error.message}`,
        stack: map(arraySlice(split(`${error.stack}`, '\n'), 1), (line) => trim(line)),
        errorProperties: {},
      },
      javascriptHeap: { totalMemory: memory.heapTotal, usedMemory: memory.heapUsed },
      nativeStack: [],
      resourceUsage: {
        userCpuSeconds: usage.userCPUTime / 1e6,
        kernelCpuSeconds: usage.systemCPUTime / 1e6,
        rss: memory.rss,
        maxRss: usage.maxRSS * 1024,
      },
      libuv: [],
      workers: [],
      environmentVariables: settings.excludeEnv ? undefined : assign({}, process.env),
      userLimits: {},
      sharedObjects: [],
    };
  }

  /** @param {any} [file] @param {any} [error] */
  function writeReport(file, error) {
    const cause = typeof file === 'object' ? file : error;
    if (typeof file !== 'object' && file !== undefined) requireString(file, 'file');
    count += 1;
    const stamp = slice(replace(replace(dateToISOString(new Date()), regExp(/[-:]/g), ''), 'T', '.'), 0, 15);
    const name =
      typeof file === 'string' ? file : settings.filename || `report.${stamp}.${process.pid}.0.${padStart(`${count}`, 3, '0')}.json`;
    const report = getReport(cause ?? undefined);
    const path = settings.directory === '' ? name : loadPath().join(settings.directory, name);
    /** @type {any} */ (report.header).filename = name;
    loadFiles().writeFileSync(path, stringify(report, null, settings.compact ? 0 : 2));
    return name;
  }

  const report = { writeReport, getReport };
  forEach(keys(settings), (name) => {
    const check = typeof settings[name] === 'boolean' ? requireBoolean : requireString;
    defineProperty(report, name, {
      get: () => settings[name],
      set(value) {
        check(value, name);
        settings[name] = value;
      },
      enumerable: true,
      configurable: true,
    });
  });
  return report;
}

module.exports = { makeReport };
