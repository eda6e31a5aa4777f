// `process` (https://nodejs.org/api/process.html), as far as programs that run everywhere use it. The engine calls `beforeExit` and
// `exit` when the loop has nothing left to do, if this module was loaded.
//
// Deviation: `nextTick` callbacks run in order with the microtasks, not before them.
(function (ops, use) {
  'use strict';

  const EventEmitter = use('node_events');
  const facts = ops.processFacts();
  // Versions of Node's interfaces that packages ask for; not a promise to have all of them.
  const nodeVersion = '22.0.0';

  let exitCode;
  let exiting = false;

  function readExitCode(code) {
    if (code === undefined || code === null) return undefined;
    const number = typeof code === 'string' && code !== '' ? Number(code) : code;
    if (typeof number === 'number' && Number.isInteger(number)) return number;
    const error = new TypeError(`The exit code must be an integer, not ${use('inspect').inspect(code)}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }

  class Process extends EventEmitter {
    get [Symbol.toStringTag]() {
      return 'process';
    }
  }

  const process = new Process();

  /** The code to end with; `exit` listeners may change it, and run once only. */
  function exit() {
    if (!exiting) {
      exiting = true;
      process.emit('exit', exitCode ?? 0);
    }
    return (exitCode ?? 0) & 0xff;
  }

  /** The loop is empty; listeners may give it work again. */
  function beforeExit() {
    process.emit('beforeExit', exitCode ?? 0);
  }

  /** Emits what somebody listens to, and answers whether somebody did. */
  function emitIfListened(name, ...args) {
    return process.listenerCount(name) > 0 && process.emit(name, ...args);
  }

  const hrtime = Object.assign(
    (previous) => {
      const [seconds, nanoseconds] = ops.monotonicParts();
      if (previous === undefined) return [seconds, nanoseconds];
      const borrowed = nanoseconds < previous[1];
      return [seconds - previous[0] - (borrowed ? 1 : 0), nanoseconds - previous[1] + (borrowed ? 1e9 : 0)];
    },
    {
      bigint() {
        const [seconds, nanoseconds] = ops.monotonicParts();
        return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
      },
    },
  );

  const memoryUsage = Object.assign(
    () => {
      const [rss, heapTotal, heapUsed, external, arrayBuffers] = ops.memoryUsage();
      return { rss, heapTotal, heapUsed, external, arrayBuffers };
    },
    { rss: () => ops.memoryUsage()[0] },
  );

  const members = {
    argv: facts.argv,
    argv0: facts.argv[0],
    execArgv: [],
    execPath: facts.execPath,
    pid: facts.pid,
    platform: facts.platform,
    arch: facts.arch,
    title: 'twinloop',
    version: `v${nodeVersion}`,
    versions: Object.freeze({ node: nodeVersion, twinloop: facts.version, spidermonkey: facts.engine }),
    release: Object.freeze({ name: 'node' }),
    features: Object.freeze({ typescript: 'strip' }),
    hrtime,
    memoryUsage,
    exit(code) {
      if (code !== undefined) exitCode = readExitCode(code);
      ops.exitProcess(exit());
    },
    // Node's name for leaving without listeners.
    reallyExit(code) {
      ops.exitProcess((readExitCode(code) ?? 0) & 0xff);
    },
    abort() {
      ops.exitProcess(134);
    },
    cwd: () => ops.currentDirectory(),
    chdir(directory) {
      ops.changeDirectory(String(directory));
    },
    uptime: () => ops.monotonicNow() / 1000,
    nextTick(callback, ...args) {
      if (typeof callback !== 'function') {
        const error = new TypeError(`The "callback" argument must be of type function, not ${typeof callback}`);
        error.code = 'ERR_INVALID_ARG_TYPE';
        throw error;
      }
      use('microtask').queueMicrotask(args.length === 0 ? callback : () => callback(...args));
    },
    emitWarning,
    kill(pid, signal = 'SIGTERM') {
      ops.sendSignal(Number(pid), typeof signal === 'number' ? String(signal) : String(signal));
      return true;
    },
  };
  for (const name of Object.keys(members)) {
    Object.defineProperty(process, name, { value: members[name], writable: true, enumerable: true, configurable: true });
  }

  defineLazily('env', environment);
  defineLazily('stdout', () => outputStream(1));
  defineLazily('stderr', () => outputStream(2));
  Object.defineProperty(process, 'ppid', { get: () => ops.parentId(), enumerable: true, configurable: true });
  Object.defineProperty(process, 'exitCode', {
    get: () => exitCode,
    set(code) {
      exitCode = readExitCode(code);
    },
    enumerable: true,
    configurable: true,
  });

  function defineLazily(name, make) {
    let value;
    Object.defineProperty(process, name, {
      get: () => (value ??= make()),
      set(replacement) {
        value = replacement;
      },
      enumerable: true,
      configurable: true,
    });
  }

  /** The environment as it was when the program first asked, with its own changes; every value is a string. */
  function environment() {
    const variables = {};
    for (const [name, value] of ops.environment()) variables[name] = value;
    return new Proxy(variables, {
      set(target, name, value) {
        if (typeof name === 'symbol' || typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
        target[name] = `${value}`;
        return true;
      },
      defineProperty(target, name, descriptor) {
        if ('get' in descriptor || 'set' in descriptor) throw new TypeError("'process.env' does not accept an accessor descriptor");
        return Reflect.defineProperty(target, name, { ...descriptor, value: `${descriptor.value}` });
      },
    });
  }

  /** What programs use of `process.stdout`: synchronous writes, and a stream's methods around them. */
  function outputStream(descriptor) {
    const stream = new EventEmitter();
    const write = (chunk, encoding, callback) => {
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
        const error = new TypeError('The "chunk" argument must be of type string or an instance of Buffer, TypedArray, or DataView');
        error.code = 'ERR_INVALID_ARG_TYPE';
        throw error;
      }
      ops.writeOutput(descriptor, typeof chunk === 'string' ? chunk : use('interfaces').bytesOf(chunk));
      if (typeof done === 'function') use('microtask').queueMicrotask(() => done());
      return true;
    };
    // Whoever replaces `write` (test runners do) wants what `console` prints as well.
    let current = write;
    Object.defineProperty(stream, 'write', {
      get: () => current,
      set(replacement) {
        current = replacement;
        use('console').redirect(descriptor, replacement === write ? undefined : (text) => stream.write(text));
      },
      enumerable: true,
      configurable: true,
    });
    Object.defineProperties(stream, {
      columns: { get: () => ops.terminalSize(descriptor)?.[0], enumerable: true, configurable: true },
      rows: { get: () => ops.terminalSize(descriptor)?.[1], enumerable: true, configurable: true },
    });
    return Object.assign(stream, {
      fd: descriptor,
      isTTY: ops.isTerminal(descriptor),
      writable: true,
      writableLength: 0,
      end(chunk, encoding, callback) {
        const done = [chunk, encoding, callback].find((argument) => typeof argument === 'function');
        if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') write(chunk);
        if (done !== undefined) use('microtask').queueMicrotask(() => done());
        return stream;
      },
      cork() {},
      uncork() {},
      hasColors: () => ops.hasColors(descriptor),
      getColorDepth: () => (ops.hasColors(descriptor) ? 4 : 1),
    });
  }

  /** `emitWarning(warning[, type[, code]])` or `emitWarning(warning, { type, code, detail })`. */
  function emitWarning(warning, typeOrOptions, code) {
    const options = typeof typeOrOptions === 'object' && typeOrOptions !== null ? typeOrOptions : { type: typeOrOptions, code };
    let error = warning;
    if (!(warning instanceof Error)) {
      error = new Error(String(warning));
      error.name = String(options.type ?? 'Warning');
      if (options.code !== undefined) error.code = options.code;
      if (typeof options.detail === 'string') error.detail = options.detail;
    }
    use('microtask').queueMicrotask(() => {
      const tag = error.code === undefined ? '' : `[${error.code}] `;
      const detail = error.detail === undefined ? '' : `\n${error.detail}`;
      ops.writeOutput(2, `(twinloop:${facts.pid}) ${tag}${error.name}: ${error.message}${detail}\n`);
      process.emit('warning', error);
    });
  }

  // Signals: the first listener has the loop watch for it, the last gives the default action back.
  const isSignal = (name) => typeof name === 'string' && /^SIG[A-Z0-9]+$/.test(name) && name !== 'SIGKILL' && name !== 'SIGSTOP';
  process.on('newListener', (name) => {
    if (isSignal(name) && process.listenerCount(name) === 0) ops.watchSignal(name, (number) => process.emit(name, name, number));
  });
  process.on('removeListener', (name) => {
    if (isSignal(name) && process.listenerCount(name) === 0) ops.unwatchSignal(name);
  });

  return { process, exit, beforeExit, emitIfListened };
})
