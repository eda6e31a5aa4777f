// `fs.watchFile` (https://nodejs.org/api/fs.html#fswatchfilefilename-options-listener): a file is asked for its Stats from time to time.
'use strict';

const { Map, bind, mapDelete, mapGet, mapSet, then } = require('builtins/primordials');
const { requireFunction, requireInteger } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { operations } = require('node/fs/operations');
const { makeStats, textOfPath, toPath } = require('node/fs/values');
const { nextTick } = require('node/process/ticks');
const path = /** @type {any} */ (require('node/path/path'));
const { clearInterval, setInterval } = require('web/html/timers');

const absent = new Array(18).fill(0);
/** @type {Map<string, StatWatcher>} */
const watchers = new Map();

class StatWatcher extends EventEmitter {
  #file;
  #bigint;
  /** @type {any} */
  #timer = undefined;
  /** @type {any} */
  #last = undefined;
  #asking = false;

  /** @param {string} file @param {boolean} bigint */
  constructor(file, bigint) {
    super();
    this.#file = file;
    this.#bigint = bigint;
  }

  /** @param {number} interval @param {boolean} persistent */
  start(interval, persistent) {
    // At once: what happens after this call is a change, also before the pool could have told how the file was.
    const options = { bigint: this.#bigint };
    try {
      this.#last = operations.stat(true, this.#file, options);
    } catch {
      this.#last = makeStats(absent, options);
      nextTick(tellAbsence, this, this.#last);
    }
    this.#timer = setInterval(bind(this.#look, this), interval);
    if (!persistent) this.#timer.unref();
  }

  stop() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    nextTick(emitStop, this);
  }
  ref() {
    this.#timer?.ref();
    return this;
  }
  unref() {
    this.#timer?.unref();
    return this;
  }

  #look() {
    // One question at a time, however slow the answer (rule BOUNDED).
    if (this.#asking) return;
    this.#asking = true;
    const options = { bigint: this.#bigint };
    then(
      operations.stat(false, this.#file, options),
      (stats) => this.#found(stats),
      () => this.#found(makeStats(absent, options)),
    );
  }

  /** @param {any} stats */
  #found(stats) {
    this.#asking = false;
    if (this.#timer === undefined) return;
    const last = this.#last;
    this.#last = stats;
    if (last.mtimeMs !== stats.mtimeMs || last.ctimeMs !== stats.ctimeMs || last.ino !== stats.ino || last.size !== stats.size) {
      this.emit('change', stats, last);
    }
  }
}

/** A file that is not there is told of. @param {StatWatcher} watcher @param {any} stats */
function tellAbsence(watcher, stats) {
  watcher.emit('change', stats, stats);
}

/** @param {StatWatcher} watcher */
function emitStop(watcher) {
  watcher.emit('stop');
}

/** @param {any} file @param {any} options @param {any} [listener] */
function watchFile(file, options, listener) {
  const name = path.resolve(textOfPath(toPath(file, 'filename')));
  const given = typeof options === 'function' ? {} : (options ?? {});
  const callback = typeof options === 'function' ? options : listener;
  requireFunction(callback, 'listener');
  const { bigint = false, interval = 5007, persistent = true } = given;
  requireInteger(interval, 'interval', 0, 2 ** 32 - 1);
  let watcher = mapGet(watchers, name);
  if (watcher === undefined) {
    watcher = new StatWatcher(name, !!bigint);
    mapSet(watchers, name, watcher);
    watcher.start(interval, persistent);
  }
  watcher.addListener('change', callback);
  return watcher;
}

/** @param {any} file @param {any} [listener] */
function unwatchFile(file, listener) {
  const name = path.resolve(textOfPath(toPath(file, 'filename')));
  const watcher = mapGet(watchers, name);
  if (watcher === undefined) return;
  if (typeof listener === 'function') watcher.removeListener('change', listener);
  else watcher.removeAllListeners('change');
  if (watcher.listenerCount('change') > 0) return;
  watcher.stop();
  mapDelete(watchers, name);
}

module.exports = { StatWatcher, unwatchFile, watchFile };
