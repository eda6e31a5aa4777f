// `process.finalization` (https://nodejs.org/api/process.html#processfinalizationregisterref-callback): callbacks for objects that live at the end.
'use strict';

const { requireFunction } = require('node/arguments');
const { invalidType } = require('node/errors');
const { deref, filter, push, splice, WeakRef } = require('builtins/primordials');

/** @param {any} process */
function makeFinalization(process) {
  /** @typedef {{ reference: WeakRef<any>, callback: (object: any, event: string) => void, event: string }} Entry */
  /** @type {Entry[]} */
  let entries = [];

  /** @param {string} event */
  function run(event) {
    const due = filter(entries, (entry) => entry.event === event);
    entries = filter(entries, (entry) => entry.event !== event);
    for (let index = 0; index < due.length; index += 1) {
      const object = deref(due[index].reference);
      if (object !== undefined) due[index].callback(object, event);
    }
  }

  let isListening = false;

  /** @param {any} object @param {any} callback @param {string} event */
  function add(object, callback, event) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) throw invalidType('ref', 'object', object);
    requireFunction(callback, 'callback');
    if (!isListening) {
      isListening = true;
      process.on('exit', () => run('exit'));
      process.on('beforeExit', () => run('beforeExit'));
    }
    push(entries, { reference: new WeakRef(object), callback, event });
  }

  return {
    /** @param {any} object @param {any} callback */
    register: (object, callback) => add(object, callback, 'exit'),
    /** @param {any} object @param {any} callback */
    registerBeforeExit: (object, callback) => add(object, callback, 'beforeExit'),
    /** @param {any} object */
    unregister(object) {
      for (let index = entries.length - 1; index >= 0; index -= 1) {
        const held = deref(entries[index].reference);
        if (held === object || held === undefined) splice(entries, index, 1);
      }
    },
  };
}

module.exports = { makeFinalization };
