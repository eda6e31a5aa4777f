// `process` (https://nodejs.org/api/process.html), as far as programs that run everywhere use it. The engine calls `beforeExit` and
// `exit` when the loop has nothing left to do, if this module was loaded.
'use strict';

const { invalidType, outOfRange, unknownSignal } = require('node/errors');
const { requireBoolean, requireInteger, requireString } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { getDirectory, setDirectory } = require('node/process/directory');
const { option, processVariable, switchedOn } = require('node/process/options');
const { endTicks, nextTick } = require('node/process/ticks');
const { emitWarning, setWarningListener, setWarningWriter } = require('node/process/warnings');
const { setProcessEmitter, setRejectionWarner } = require('web/html/errors');
const {
  apply,
  assign,
  create,
  defineProperty,
  forEach,
  freeze,
  isArray,
  isInteger,
  keys,
  max,
  push,
  regExp,
  symbolFor,
  test,
} = require('builtins/primordials');
const {
  builtinExports,
  changeDirectory,
  commandOptions,
  cryptoVersion,
  exitProcess,
  hostFacts,
  isLimited,
  memoryUsage: memoryBytes,
  monotonicNow,
  monotonicParts,
  parentId,
  pooledOperations,
  processFacts,
  sendSignal,
  unwatchSignal,
  watchSignal,
  writtenOptions,
} = ops;
const loadAbout = () => require('node/process/about');
const loadCapture = () => require('node/process/capture');
const loadChannel = () => require('node/child_process/channel');
const loadClusterChild = () => /** @type {any} */ (require('node/cluster/child'));
const loadEnvironment = () => require('node/process/environment');
const loadFiles = () => require('node/fs/fs');
const loadInspect = () => require('builtins/inspect/inspect');
const loadEnvFile = () => require('node/process/env_file');
const loadFinalization = () => require('node/process/finalization');
const loadPermission = () => require('node/process/permission');
const loadReport = () => require('node/process/report');
/** @returns {any} */
const loadSignals = () => require('node/os/constants');
const loadTimers = () => require('web/html/timers');
const loadUsage = () => require('node/process/usage');
const loadUsers = () => require('node/process/users');
const loadStdin = () => require('node/process/stdin');
const loadStdout = () => require('node/process/stdout');
const facts = assign({}, hostFacts(), processFacts());
// The version of Node's interfaces that packages ask for, many of which refuse an older one; not a promise to have all of them.
const nodeVersion = '26.0.0';

/** @type {number | undefined} */
let exitCode;
let exiting = false;

/** @param {any} code @returns {number | undefined} */
function readExitCode(code) {
  if (code === undefined || code === null) return undefined;
  const number = typeof code === 'string' && code !== '' ? Number(code) : code;
  if (typeof number === 'number' && isInteger(number)) return number;
  if (typeof code === 'number') throw outOfRange('code', 'an integer', code);
  throw invalidType('code', 'number', code);
}

// As in Node no class: Jest copies the object and calls the constructors of its prototypes on the copy.
/** @type {any} */
const { process: constructorOfProcess } = {
  // biome-ignore lint/complexity/useArrowFunction: a function has a prototype
  process: function () {},
};
/** @type {any} */
const prototype = create(EventEmitter.prototype, {
  constructor: { value: constructorOfProcess, writable: true, enumerable: false, configurable: true },
});
constructorOfProcess.prototype = prototype;
const process = create(prototype);
apply(EventEmitter, process, []);
defineProperty(process, Symbol.toStringTag, { value: 'process', writable: true, enumerable: false, configurable: false });

let hasStdin = false;

/** The code to end with; `exit` listeners may change it, and run once only. */
function exit() {
  if (!exiting) {
    exiting = true;
    endTicks();
    process.emit('exit', exitCode ?? 0);
    if (hasStdin) loadStdin().restoreInput();
  }
  return (exitCode ?? 0) & 0xff;
}

/** The loop is empty; listeners may give it work again. */
function beforeExit() {
  process.emit('beforeExit', exitCode ?? 0);
}

/** What listeners get for a promise that was rejected with something else than an error. @param {any} reason */
function unhandledReason(reason) {
  /** @type {any} */
  const error = new Error(
    'This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was ' +
      `not handled with .catch(). The promise rejected with the reason "${loadInspect().inspect(reason)}".`,
  );
  error.code = 'ERR_UNHANDLED_REJECTION';
  defineProperty(error, 'name', { value: 'UnhandledPromiseRejection', writable: true, enumerable: false, configurable: true });
  return error;
}

/** Emits what somebody listens to, and answers whether somebody did. @param {string} name @param {...any} given */
function emitIfListened(name, ...given) {
  if (name === 'uncaughtException') {
    if (given[1] === 'unhandledRejection' && !(given[0] instanceof Error)) given[0] = unhandledReason(given[0]);
    process.emit('uncaughtExceptionMonitor', given[0], given[1]);
  }
  if (name === 'uncaughtException' && loadCapture().capture(given[0])) return true;
  if (process.listenerCount(name) === 0) {
    if (name === 'rejectionHandled') warnOfLateHandler();
    return false;
  }
  return given.length === 1 ? process.emit(name, given[0]) : process.emit(name, given[0], given[1]);
}

const hrtime = assign(
  (/** @type {any} */ previous) => {
    const parts = monotonicParts();
    if (previous === undefined) return parts;
    if (!isArray(previous)) throw invalidType('time', 'Array', previous);
    if (previous.length !== 2) throw outOfRange('time', '2', previous.length);
    const borrowed = parts[1] < previous[1];
    return [parts[0] - previous[0] - (borrowed ? 1 : 0), parts[1] - previous[1] + (borrowed ? 1e9 : 0)];
  },
  {
    bigint() {
      const parts = monotonicParts();
      return BigInt(parts[0]) * 1_000_000_000n + BigInt(parts[1]);
    },
  },
);

const memoryUsage = assign(
  () => {
    const bytes = memoryBytes();
    return { rss: bytes[0], heapTotal: bytes[1], heapUsed: bytes[2], external: bytes[3], arrayBuffers: bytes[4] };
  },
  { rss: () => memoryBytes()[0] },
);

/** @type {Record<string, any>} */
const members = {
  argv: facts.argv,
  argv0: facts.argv0,
  execArgv: writtenOptions(),
  execPath: facts.execPath,
  pid: facts.pid,
  platform: facts.platform,
  arch: facts.arch,
  title: 'twinloop',
  version: `v${nodeVersion}`,
  versions: freeze({
    node: nodeVersion,
    twinloop: facts.version,
    spidermonkey: facts.engine,
    openssl: cryptoVersion(),
    sqlite: facts.sqlite,
  }),
  release: freeze({ name: 'node' }),
  hrtime,
  memoryUsage,
  /** @param {any} [code] */
  exit(code) {
    if (code !== undefined) exitCode = readExitCode(code);
    // What programs replace to see the end, or to stay.
    process.reallyExit(exit());
  },
  // Node's name for leaving without listeners.
  /** @param {any} [code] */
  reallyExit(code) {
    exitProcess((readExitCode(code) ?? 0) & 0xff);
  },
  abort() {
    exitProcess(134);
  },
  domain: null,
  debugPort: 9229,
  sourceMapsEnabled: false,
  _preload_modules: [],
  /** @param {any} id */
  getBuiltinModule(id) {
    requireString(id, 'id');
    return builtinExports(id);
  },
  /** @param {any} [path] */
  loadEnvFile: (path) => loadEnvFile().loadEnvFile(process.env, path),
  /** @param {any} enabled */
  setSourceMapsEnabled(enabled) {
    requireBoolean(enabled, 'enabled');
    process.sourceMapsEnabled = enabled;
  },
  /** Has what can be kept open keep the program alive. @param {any} target */
  ref(target) {
    (target?.[symbolFor('nodejs.ref')] ?? target?.[symbolFor('node.ref')] ?? target?.ref)?.call(target);
  },
  /** @param {any} target */
  unref(target) {
    (target?.[symbolFor('nodejs.unref')] ?? target?.[symbolFor('node.unref')] ?? target?.unref)?.call(target);
  },
  openStdin() {
    process.stdin.resume();
    return process.stdin;
  },
  /** The kinds of what keeps the program alive, each once for each. */
  getActiveResourcesInfo() {
    const counts = loadTimers().activeCounts();
    /** @type {string[]} */
    const list = [];
    for (let index = 0; index < counts[0]; index += 1) push(list, 'Timeout');
    for (let index = 0; index < counts[1]; index += 1) push(list, 'Immediate');
    const requests = pooledOperations();
    for (let index = 0; index < requests; index += 1) push(list, 'FSReqCallback');
    return list;
  },
  _getActiveHandles: () => [],
  _getActiveRequests() {
    /** @type {object[]} */
    const list = [];
    const requests = pooledOperations();
    for (let index = 0; index < requests; index += 1) push(list, {});
    return list;
  },
  hasUncaughtExceptionCaptureCallback: () => loadCapture().hasUncaughtExceptionCaptureCallback(),
  /** @param {any} callback */
  setUncaughtExceptionCaptureCallback: (callback) => loadCapture().setUncaughtExceptionCaptureCallback(callback),
  /** @param {any} callback */
  addUncaughtExceptionCaptureCallback: (callback) => loadCapture().addUncaughtExceptionCaptureCallback(callback),
  /** @param {string} directory */
  chdir(directory) {
    requireString(directory, 'directory');
    changeDirectory(directory);
  },
  uptime: () => monotonicNow() / 1000,
  nextTick,
  emitWarning,
  /** What `kill` calls, which programs replace to see it. @param {number} pid @param {number} signal */
  _kill(pid, signal) {
    sendSignal(pid, signal);
    return 0;
  },
  /** @param {number} pid @param {any} [signal] */
  kill(pid, signal = 'SIGTERM') {
    // NaN must not become 0, which is the process's own group.
    const isNumber = typeof pid === 'number' ? pid === (pid | 0) : `${pid | 0}` === pid;
    if (!isNumber) throw invalidType('pid', 'number', pid);
    let number = signal;
    if (typeof signal === 'number') requireInteger(signal, 'signal');
    else number = loadSignals().signals[signal];
    // No signal has a longer number.
    if (number === undefined || number !== (number | 0)) throw unknownSignal(signal);
    process._kill(+pid, number);
    return true;
  },
};
forEach(keys(members), (name) => {
  defineProperty(process, name, { value: members[name], writable: true, enumerable: true, configurable: true });
});

defineProperty(process, 'cwd', { get: getDirectory, set: setDirectory, enumerable: true, configurable: true });
defineLazily('env', environment);
defineLazily('stdin', () => {
  hasStdin = true;
  return loadStdin().inputStream();
});
defineLazily('stdout', () => loadStdout().outputStream(1));
defineLazily('stderr', () => loadStdout().outputStream(2));
defineLazily('finalization', () => loadFinalization().makeFinalization(process));
if (isLimited()) defineLazily('permission', () => loadPermission().permission);
defineLazily('report', () => loadReport().makeReport(process));
defineLazily('config', () => loadAbout().config);
defineLazily('features', () => loadAbout().features);
defineLazily('allowedNodeEnvironmentFlags', () => loadAbout().environmentFlags());
defineLazily('moduleLoadList', () => loadAbout().moduleLoadList());
defineLazily('binding', () => loadAbout().binding);
defineLazily('_linkedBinding', () => loadAbout().binding);
defineLazily('_rawDebug', () => loadAbout().rawDebug);
defineLazily('dlopen', () => loadAbout().dlopen);
forEach(['availableMemory', 'constrainedMemory', 'cpuUsage', 'resourceUsage', 'threadCpuUsage'], (name) => {
  defineLazily(name, () => loadUsage()[name]);
});
forEach(
  ['getuid', 'geteuid', 'getgid', 'getegid', 'getgroups', 'initgroups', 'setegid', 'seteuid', 'setgid', 'setgroups', 'setuid', 'umask'],
  (name) => {
    defineLazily(name, () => loadUsers()[name]);
  },
);
/** @param {any} execPath @param {any} [args] @param {any} [env] */
process.execve = function execve(execPath, args = [], env = process.env) {
  loadUsers().execve(execPath, args, env);
};
defineProperty(process, '_exiting', { get: () => exiting, enumerable: true, configurable: true });
defineProperty(process, 'ppid', { get: () => parentId(), enumerable: true, configurable: true });
defineProperty(process, 'exitCode', {
  get: () => exitCode,
  set(code) {
    exitCode = readExitCode(code);
  },
  enumerable: true,
  configurable: false,
});

/** @param {string} name @param {() => any} make */
function defineLazily(name, make) {
  /** @type {any} */
  let value;
  defineProperty(process, name, {
    get: () => (value ??= make()),
    set(replacement) {
      value = replacement;
    },
    enumerable: true,
    configurable: true,
  });
}

/** What `--env-file` names; the environment itself goes before it. @param {Record<string, string>} variables */
function addEnvironmentFiles(variables) {
  const list = commandOptions();
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index];
    if (name !== '--env-file' && name !== '--env-file-if-exists') continue;
    try {
      loadEnvFile().loadEnvFile(variables, list[index + 1]);
    } catch (error) {
      if (name === '--env-file') throw error;
    }
  }
}

/** The environment as it was when the program first asked, with its own changes. */
function environment() {
  const { makeEnvironment, processVariables } = loadEnvironment();
  const variables = processVariables();
  addEnvironmentFiles(variables);
  if (facts.channel !== undefined) {
    delete variables.NODE_CHANNEL_FD;
    delete variables.NODE_CHANNEL_SERIALIZATION_MODE;
  }
  return makeEnvironment(variables);
}

// Signals: the first listener has the loop watch for it, the last gives the default action back. The names of other systems' signals, such
// as SIGBREAK, are events like any other, and so are those that a fault of this process itself raises: the engine has them for WebAssembly.
/** @type {Record<string, true>} */
const faults = freeze(/** @type {any} */ ({ __proto__: null, SIGBUS: true, SIGFPE: true, SIGILL: true, SIGSEGV: true }));
const signalName = regExp(/^SIG[A-Z0-9]+$/);
/** The number of a signal that the loop may watch for; undefined for other events. @param {any} name @returns {number | undefined} */
function signalOf(name) {
  if (typeof name !== 'string' || !test(signalName, name)) return undefined;
  if (name === 'SIGKILL' || name === 'SIGSTOP' || faults[name] !== undefined) return undefined;
  return loadSignals().signals[name];
}
process.on('newListener', (/** @type {any} */ name) => {
  if (name === 'SIGKILL' || name === 'SIGSTOP') {
    throw assign(new Error('uv_signal_start EINVAL'), { errno: -22, code: 'EINVAL', syscall: 'uv_signal_start' });
  }
  const signal = signalOf(name);
  if (signal === undefined || process.listenerCount(name) > 0) return;
  watchSignal(name, signal, (number) => process.emit(name, name, number));
});
process.on('removeListener', (/** @type {any} */ name) => {
  const signal = signalOf(name);
  if (signal !== undefined && process.listenerCount(name) === 0) unwatchSignal(signal);
});

setProcessEmitter(emitIfListened);
takeWarningOptions();
setWarningListener(
  (warning) => process.emit('warning', warning),
  () => process,
);

if (facts.channel !== undefined) {
  loadChannel().joinParent(process, Number(facts.channel[0]), facts.channel[1]);
  // Whoever started it is the primary of a cluster.
  if (process.env.NODE_UNIQUE_ID !== undefined && process.send !== undefined) loadClusterChild().setUp(process);
}

/** What the command line says of deprecations: plain properties, which a program may change. */
function takeWarningOptions() {
  const names = /** @type {const} */ (['deprecation', 'throw-deprecation', 'trace-deprecation']);
  const properties = ['noDeprecation', 'throwDeprecation', 'traceDeprecation'];
  for (let index = 0; index < names.length; index += 1) {
    const isOn = switchedOn(`--${names[index]}`, index === 0);
    if (isOn !== (index === 0)) process[properties[index]] = true;
  }
  const path = option('--redirect-warnings') ?? processVariable('NODE_REDIRECT_WARNINGS');
  if (path !== undefined) setWarningWriter((line) => loadFiles().appendFileSync(path, line));
}

let rejections = 0;

/** A rejection that was told of has a handler after all. */
function warnOfLateHandler() {
  emitWarning(`Promise rejection was handled asynchronously (rejection id: ${max(rejections, 1)})`, 'PromiseRejectionHandledWarning');
}

/** What `--unhandled-rejections=warn` says. @param {any} reason @param {boolean} fails */
function warnOfRejection(reason, fails) {
  rejections += 1;
  const name = 'UnhandledPromiseRejectionWarning';
  const isError = typeof reason?.stack === 'string';
  emitWarning(isError ? reason.stack : typeof reason === 'string' ? reason : loadInspect().inspect(reason), name);
  emitWarning(
    'Unhandled promise rejection. This error originated either by throwing inside of an async function without a catch block, or by ' +
      'rejecting a promise which was not handled with .catch(). To terminate the node process on unhandled promise rejection, use the CLI ' +
      'flag `--unhandled-rejections=strict` (see https://nodejs.org/api/cli.html#cli_unhandled_rejections_mode). ' +
      `(rejection id: ${rejections})`,
    name,
  );
  if (fails) exitCode = 1;
}
setRejectionWarner(warnOfRejection);

module.exports = { process, exit, beforeExit, emitIfListened };
