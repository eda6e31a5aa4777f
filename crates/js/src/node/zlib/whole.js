// Compression of a whole buffer: at once (`gzipSync`), or on the blocking pool with a callback (`gzip`), in one call of an operation each.
'use strict';

const { invalidType } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { bytesOf, isBufferSource } = require('builtins/webidl');
const { nextTick } = require('node/process/ticks');
const { coded, isDecoder, settingsOf, tooLarge, trailingJunk, unexpectedEnd } = require('node/zlib/settings');
const { then } = require('builtins/primordials');
const { coderEnd, coderRun } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadTypes = () => /** @type {any} */ (require('node/util/types'));

/** @typedef {import('./settings').Settings} Settings */

/** @param {any} buffer @returns {Uint8Array} */
function contentOf(buffer) {
  if (typeof buffer === 'string') return loadBuffer().Buffer.from(buffer);
  if (isBufferSource(buffer) || loadTypes().isAnyArrayBuffer(buffer)) return /** @type {Uint8Array} */ (bytesOf(buffer));
  throw invalidType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], buffer);
}

/** What came of it, or why it is of no use. @param {Settings} settings @param {Uint8Array} input @param {CoderResult} result */
function outcome(settings, input, result) {
  const [output, read, , isAtEnd] = [result[0], result[1], result[2], result[3]];
  if (output.length > settings.maxOutputLength) throw tooLarge(settings.maxOutputLength);
  if (isDecoder(settings.mode)) {
    const finish = settings.mode <= 7 ? 4 : 2;
    if (!isAtEnd && settings.finishFlush === finish && !(settings.mode > 7 && input.length === 0)) throw unexpectedEnd();
    if (read < input.length && settings.rejectGarbage) throw trailingJunk();
  }
  return loadBuffer().wrap(output);
}

/** @param {number} mode @param {any} buffer @param {any} options @param {(buffer: any) => any} withInfo */
function runSync(mode, buffer, options, withInfo) {
  const input = contentOf(buffer);
  const settings = settingsOf(mode, options);
  let result;
  try {
    result = coderRun(settings.coder, input, settings.finishFlush, settings.maxOutputLength, true);
  } catch (error) {
    throw coded(mode, error);
  } finally {
    coderEnd(settings.coder);
  }
  const output = outcome(settings, input, result);
  return settings.info ? withInfo(output) : output;
}

/** @param {number} mode @param {any} buffer @param {any} given @param {any} last @param {(buffer: any) => any} withInfo */
function run(mode, buffer, given, last, withInfo) {
  const [options, callback] = typeof given === 'function' ? [{}, given] : [given, last];
  requireFunction(callback, 'callback');
  const input = contentOf(buffer);
  const settings = settingsOf(mode, options);
  const worked = coderRun(settings.coder, input, settings.finishFlush, settings.maxOutputLength, false);
  // When it comes back from the pool.
  coderEnd(settings.coder);
  // In a tick of its own, so that what the callback throws is an uncaught exception and not a rejection.
  then(
    worked,
    (result) => {
      try {
        const output = outcome(settings, input, result);
        nextTick(callback, null, settings.info ? withInfo(output) : output);
      } catch (error) {
        nextTick(callback, error);
      }
    },
    (error) => nextTick(callback, coded(mode, error)),
  );
}

module.exports = { contentOf, run, runSync };
