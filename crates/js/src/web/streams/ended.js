// When a stream has ended, for those that hold no reader or writer of it: Node's `finished` and `pipeline` ask for it by symbols that they
// and the streams of the web know (https://nodejs.org/api/stream.html#streamfinishedstream-options-callback).
'use strict';

const { catchRejection, symbolFor, withResolvers } = require('builtins/primordials');

const endOfStream = symbolFor('nodejs.webstream.isClosedPromise');
const errorOfStream = symbolFor('nodejs.webstream.controllerErrorFunction');

/**
 * The promise of the end, and what settles it.
 * @param {{ state: string, storedError: any, ended: PromiseWithResolvers<undefined> | null }} record
 */
function whenEnded(record) {
  if (record.ended !== null) return record.ended;
  const ended = withResolvers();
  // Nobody needs to look.
  catchRejection(ended.promise, () => {});
  record.ended = ended;
  if (record.state === 'closed') ended.resolve(undefined);
  else if (record.state === 'errored') ended.reject(record.storedError);
  return ended;
}

module.exports = { endOfStream, errorOfStream, whenEnded };
