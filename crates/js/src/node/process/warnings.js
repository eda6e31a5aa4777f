// Warnings, as `process.emitWarning` makes them (https://nodejs.org/api/process.html#processemitwarningwarning-options): a line on stderr, then
// the event `warning`. A file of its own, because `events` warns too and `process` is an EventEmitter.
'use strict';

const { invalidType } = require('node/errors');
const { nextTick } = require('node/process/ticks');
const { processFacts, writeOutput } = ops;

/** `process` emits the event, once it is loaded. @type {(warning: any) => void} */
let listener = () => {};

/** @param {(warning: any) => void} emit */
function setWarningListener(emit) {
  listener = emit;
}

/**
 * `emitWarning(warning[, type[, code]])` or `emitWarning(warning, { type, code, detail })`.
 * @param {any} warning @param {any} [typeOrOptions] @param {any} [code]
 */
function emitWarning(warning, typeOrOptions, code) {
  const options = typeof typeOrOptions === 'object' && typeOrOptions !== null ? typeOrOptions : { type: typeOrOptions, code };
  let error = warning;
  if (!(warning instanceof Error)) {
    if (typeof warning !== 'string') throw invalidType('warning', ['string', 'Error'], warning);
    error = new Error(warning);
    error.name = `${options.type ?? 'Warning'}`;
    if (typeof options.code === 'string') error.code = options.code;
    if (typeof options.detail === 'string') error.detail = options.detail;
  }
  nextTick(tell, error);
}

/** @param {any} error */
function tell(error) {
  const { pid } = processFacts();
  const tag = error.code === undefined ? '' : `[${error.code}] `;
  const detail = error.detail === undefined ? '' : `\n${error.detail}`;
  writeOutput(2, `(twinloop:${pid}) ${tag}${error.name}: ${error.message}${detail}\n`);
  listener(error);
}

module.exports = { emitWarning, setWarningListener };
