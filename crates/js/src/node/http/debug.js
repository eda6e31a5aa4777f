// What NODE_DEBUG=http writes to stderr (https://nodejs.org/api/util.html#utildebuglogsection-callback).
'use strict';

const loadUtil = () => /** @type {any} */ (require('node/util/util'));

/** @type {any} */
let log;

/** Whether anybody wants to read it: asked before anything is put together. @returns {boolean} */
function isDebugged() {
  log ??= loadUtil().debuglog('http');
  isWanted ??= log.enabled;
  return /** @type {boolean} */ (isWanted);
}
/** @type {boolean | undefined} */
let isWanted;

/** @param {...any} given */
function debug(...given) {
  if (isDebugged()) log(...given);
}

module.exports = { debug, isDebugged };
