// Warnings, as `process.emitWarning` makes them (https://nodejs.org/api/process.html#processemitwarningwarning-options): a line on stderr, then
// the event `warning`. A file of its own, because `events` warns too and `process` is an EventEmitter.
'use strict';

const { queueMicrotask } = require('web/html/microtask');
const { processFacts, writeOutput } = ops;

// `process` emits the event, once it is loaded.
let listener = () => {};

function setWarningListener(emit) {
  listener = emit;
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
  queueMicrotask(() => {
    const { pid } = processFacts();
    const tag = error.code === undefined ? '' : `[${error.code}] `;
    const detail = error.detail === undefined ? '' : `\n${error.detail}`;
    writeOutput(2, `(twinloop:${pid}) ${tag}${error.name}: ${error.message}${detail}\n`);
    listener(error);
  });
}

module.exports = { emitWarning, setWarningListener };
