// `fs.watch` and `fs.promises.watch` (https://nodejs.org/api/fs.html#fswatchfilename-options-listener) on the system's own events. Each event
// is told in a tick of its own, so that what a listener throws is an uncaught exception and stops no other.
'use strict';

const { isArray, lastIndexOf, map, push, shift, slice, some, stringIncludes, test, withResolvers } = require('builtins/primordials');
const { requireBoolean, requireFunction, requireInteger, requireOneOf, requireSignal } = require('node/arguments');
const { aborted, invalidType, invalidValue, nodeError } = require('node/errors');
const EventEmitter = require('node/events/events');
const { textOfPath, toEncoding, toName, toOptions, toPath } = require('node/fs/values');
const { nextTick } = require('node/process/ticks');
const { className, fsWatchClose, fsWatchNext, fsWatchReference, fsWatchStart } = ops;
const loadGlob = () => require('node/fs/glob');
const loadWarnings = () => require('node/process/warnings');

/** What the options of both say. @param {any} given */
function settingsOf(given) {
  const options = toOptions(given);
  const { persistent = true, recursive = false, signal, ignore, throwIfNoEntry = true } = options;
  requireBoolean(persistent, 'options.persistent');
  requireBoolean(recursive, 'options.recursive');
  requireBoolean(throwIfNoEntry, 'options.throwIfNoEntry');
  toEncoding(options);
  requireSignal(signal, 'options.signal');
  return { options, persistent, recursive, signal, throwIfNoEntry, isIgnored: ignoring(ignore) };
}

/** Which names are not told of. @param {any} ignore @returns {(name: string) => boolean} */
function ignoring(ignore) {
  if (ignore === undefined || ignore === null) return () => false;
  const isList = isArray(ignore);
  const tests = map(isList ? ignore : [ignore], (each, index) => ignoringOne(each, isList ? `options.ignore[${index}]` : 'options.ignore'));
  return (name) => some(tests, (each) => each(name));
}

/** @param {any} given @param {string} name @returns {(file: string) => boolean} */
function ignoringOne(given, name) {
  if (typeof given === 'function') return (file) => !!given(file);
  if (typeof given === 'string') {
    if (given === '') throw invalidValue(name, given, 'must be a non-empty string');
    // A pattern without a slash is about the last part of a path.
    if (stringIncludes(given, '/')) return (file) => loadGlob().matchesGlob(file, given);
    return (file) => loadGlob().matchesGlob(slice(file, lastIndexOf(file, '/') + 1), given);
  }
  if (typeof given === 'object' && given !== null && className(given) === 'RegExp') return (file) => test(given, file);
  throw invalidType(name, ['string', 'RegExp', 'Function'], given);
}

/** Begins to watch. @param {any} filename @param {boolean} recursive */
function begin(filename, recursive) {
  const path = toPath(filename, 'filename');
  try {
    return fsWatchStart(path, recursive);
  } catch (error) {
    const told = /** @type {any} */ (error);
    if (told.code === 'ENOSPC') told.message = `ENOSPC: System limit for number of file watchers reached, watch '${textOfPath(path)}'`;
    told.filename = filename;
    throw told;
  }
}

class FSWatcher extends EventEmitter {
  /** @type {any} */
  #watch;
  /** @type {Record<string, any>} */
  #options;
  #isIgnored;

  /** @param {any} filename @param {ReturnType<typeof settingsOf>} settings */
  constructor(filename, settings) {
    super();
    this.#options = settings.options;
    this.#isIgnored = settings.isIgnored;
    try {
      this.#watch = begin(filename, settings.recursive);
    } catch (error) {
      if (settings.throwIfNoEntry || /** @type {any} */ (error).code !== 'ENOENT') throw error;
      return;
    }
    if (!settings.persistent) fsWatchReference(this.#watch, false);
    this.#follow(this.#watch);
  }

  /** @param {any} watch */
  async #follow(watch) {
    for (;;) {
      let events;
      try {
        events = await fsWatchNext(watch);
      } catch (error) {
        nextTick(this.#fail, this, error);
        return;
      }
      if (events.length === 0) return;
      for (let index = 0; index < events.length; index += 2) nextTick(this.#tell, this, events[index], events[index + 1]);
    }
  }

  /** @param {FSWatcher} self @param {boolean} isName @param {any} name */
  #tell(self, isName, name) {
    if (self.#watch === undefined) return;
    if (name !== undefined && self.#isIgnored(textOfPath(name))) return;
    self.emit('change', isName ? 'rename' : 'change', name === undefined ? null : toName(name, self.#options));
  }

  /** @param {FSWatcher} self @param {any} error */
  #fail(self, error) {
    if (self.#watch === undefined) return;
    self.#end();
    self.emit('error', error);
  }

  #end() {
    const watch = this.#watch;
    this.#watch = undefined;
    fsWatchClose(watch);
  }

  close() {
    if (this.#watch === undefined) return;
    this.#end();
    nextTick(emitClose, this);
  }
  ref() {
    if (this.#watch !== undefined) fsWatchReference(this.#watch, true);
    return this;
  }
  unref() {
    if (this.#watch !== undefined) fsWatchReference(this.#watch, false);
    return this;
  }
  [Symbol.dispose]() {
    this.close();
  }
}

/** @param {FSWatcher} watcher */
function emitClose(watcher) {
  watcher.emit('close');
}

/** @param {any} filename @param {any} options @param {any} [listener] */
function watch(filename, options, listener) {
  const callback = typeof options === 'function' ? options : listener;
  toPath(filename, 'filename');
  const settings = settingsOf(options);
  if (callback !== undefined) requireFunction(callback, 'listener');
  const watcher = new FSWatcher(filename, settings);
  if (callback !== undefined) watcher.addListener('change', callback);
  const { signal } = settings;
  if (signal !== undefined) {
    const stop = () => watcher.close();
    if (signal.aborted) nextTick(stop);
    else {
      signal.addEventListener('abort', stop, { once: true });
      watcher.once('close', () => signal.removeEventListener('abort', stop));
    }
  }
  return watcher;
}

/** The changes, as they are asked for. @param {any} filename @param {any} [given] */
async function* changes(filename, given) {
  toPath(filename, 'filename');
  if (given !== undefined && typeof given !== 'string' && (typeof given !== 'object' || given === null))
    throw invalidType('options', ['string', 'object'], given);
  const settings = settingsOf(given);
  const { options, signal, isIgnored } = settings;
  const { maxQueue = 2048, overflow = 'ignore' } = options;
  requireInteger(maxQueue, 'options.maxQueue');
  requireOneOf(overflow, 'options.overflow', ['ignore', 'throw', 'error']);
  if (signal?.aborted) throw aborted(signal);

  const own = begin(filename, settings.recursive);
  if (!settings.persistent) fsWatchReference(own, false);
  /** @type {{ eventType: string, filename: any }[]} */
  const waiting = [];
  /** @type {{ error: any } | undefined} */
  let failure;
  let wake = withResolvers();
  const fail = (/** @type {any} */ error) => {
    failure ??= { error };
    wake.resolve(undefined);
  };
  const abort = () => fail(aborted(signal));
  const follow = async () => {
    try {
      for (let events = await fsWatchNext(own); events.length > 0; events = await fsWatchNext(own)) {
        for (let index = 0; index < events.length; index += 2) {
          const name = events[index + 1];
          if (name !== undefined && isIgnored(textOfPath(name))) continue;
          if (waiting.length >= maxQueue) {
            if (overflow === 'ignore') loadWarnings().emitWarning('fs.watch maxQueue exceeded');
            else fail(nodeError(Error, 'ERR_FS_WATCH_QUEUE_OVERFLOW', `fs.watch() queued more than ${maxQueue} events`));
            continue;
          }
          push(waiting, { eventType: events[index] ? 'rename' : 'change', filename: name === undefined ? null : toName(name, options) });
        }
        wake.resolve(undefined);
      }
    } catch (error) {
      fail(error);
    }
  };
  follow();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      while (waiting.length > 0 && failure === undefined) yield shift(waiting);
      if (failure !== undefined) throw failure.error;
      await wake.promise;
      wake = withResolvers();
    }
  } finally {
    fsWatchClose(own);
    signal?.removeEventListener('abort', abort);
  }
}

module.exports = { changes, watch };
