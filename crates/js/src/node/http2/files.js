// Responses whose body is a file (https://nodejs.org/api/http2.html#http2streamrespondwithfilepath-headers-options).
'use strict';

const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { http2Error, http2ErrorOf } = require('node/http2/errors');
const { hasNoBody, responseOf, sendHead, wireOf } = require('node/http2/responding');
const { active, own } = require('node/http2/stream');
const { requireObject } = require('node/arguments');
const { invalidType, invalidValue } = require('node/errors');
const { apply, min } = require('builtins/primordials');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadFs = () => /** @type {any} */ (require('node/fs/fs'));

const { NGHTTP2_INTERNAL_ERROR } = constants;

/** How much of a file is read at once. */
const PIECE = 65_536;

/** What both begin with. @param {any} stream @param {any} headers @param {any} given */
function prepare(stream, headers, given) {
  if (stream.destroyed || stream.closed) throw http2Error('INVALID_STREAM');
  if (stream.headersSent) throw http2Error('HEADERS_SENT');
  active(stream);
  if (given !== undefined) requireObject(given, 'options');
  const options = { ...given };
  const { offset, length, statCheck } = options;
  if (offset !== undefined && typeof offset !== 'number') throw invalidValue('options.offset', offset);
  if (length !== undefined && typeof length !== 'number') throw invalidValue('options.length', length);
  if (statCheck !== undefined && typeof statCheck !== 'function') throw invalidValue('options.statCheck', statCheck);
  const { sent, status } = responseOf(headers, options);
  if (hasNoBody(status) || stream[own].isHeadRequest) {
    throw http2ErrorOf(Error, 'PAYLOAD_FORBIDDEN', `Responses with ${status} status must not have a payload`);
  }
  return { options, sent };
}

/** @param {any} stream @param {any} given @param {any} headers @param {any} options */
function respondWithFD(stream, given, headers, options) {
  const prepared = prepare(stream, headers, options);
  const isHandle = typeof given === 'object' && given !== null && typeof given.fd === 'number';
  if (!isHandle && typeof given !== 'number') throw invalidType('fd', ['number', 'FileHandle'], given);
  const fd = isHandle ? given.fd : given;
  if (prepared.options.statCheck === undefined) {
    const { offset, length } = prepared.options;
    send(stream, fd, prepared, { offset: offset ?? 0, length: length ?? -1 }, () => {});
    return;
  }
  loadFs().fstat(fd, (/** @type {any} */ error, /** @type {any} */ stat) => {
    if (stream.destroyed || stream.closed) {
      stream.destroy(http2Error('INVALID_STREAM'));
      return;
    }
    if (error) {
      stream.destroy(error);
      return;
    }
    const range = { offset: prepared.options.offset ?? 0, length: prepared.options.length ?? -1 };
    if (isCanceled(stream, prepared, stat, range)) return;
    send(stream, fd, prepared, range, () => {});
  });
}

/** @param {any} stream @param {any} path @param {any} headers @param {any} given */
function respondWithFile(stream, path, headers, given) {
  const prepared = prepare(stream, headers, given);
  const { options } = prepared;
  const fs = loadFs();
  const failed = (/** @type {any} */ error) => {
    if (options.onError !== undefined) options.onError(error);
    else stream.destroy(error);
  };
  fs.open(path, 'r', (/** @type {any} */ error, /** @type {number} */ fd) => {
    if (error) {
      failed(error);
      return;
    }
    const close = () => fs.close(fd, () => {});
    fs.fstat(fd, (/** @type {any} */ problem, /** @type {any} */ stat) => {
      const wrong = problem ?? wrongKind(stat, options);
      if (wrong) {
        close();
        failed(wrong);
        return;
      }
      if (stream.destroyed || stream.closed) {
        close();
        stream.destroy(http2Error('INVALID_STREAM'));
        return;
      }
      const range = { offset: options.offset ?? 0, length: options.length ?? -1 };
      if (isCanceled(stream, prepared, stat, range)) {
        close();
        return;
      }
      if (stat.isFile()) {
        const left = stat.size - +range.offset;
        range.length = range.length < 0 ? left : min(left, range.length);
        prepared.sent['content-length'] = range.length;
      } else range.offset = -1;
      send(stream, fd, prepared, range, close);
    });
  });
}

/** @param {any} stat @param {any} options */
function wrongKind(stat, options) {
  if (stat.isFile()) return undefined;
  if (stat.isDirectory()) return http2Error('SEND_FILE');
  return options.offset !== undefined || options.length !== undefined ? http2Error('SEND_FILE_NOSEEK') : undefined;
}

/** The program may look at the file, change the fields and the range, or answer otherwise. @param {any} stream @param {any} prepared @param {any} stat @param {any} range */
function isCanceled(stream, prepared, stat, range) {
  const { statCheck } = prepared.options;
  const says = statCheck === undefined ? undefined : apply(statCheck, stream, [stat, prepared.sent, range]);
  return says === false || stream.headersSent;
}

/** @param {any} stream @param {number} fd @param {any} prepared @param {{ offset: number, length: number }} range @param {() => void} close */
function send(stream, fd, prepared, range, close) {
  if (stream.destroyed || stream.closed) {
    close();
    return;
  }
  let wire;
  try {
    wire = wireOf(stream, prepared.sent);
  } catch (error) {
    close();
    stream.destroy(error);
    return;
  }
  if (prepared.options.waitForTrailers) stream[own].wantsTrailers = true;
  sendHead(stream, prepared.sent, wire, false);
  const fs = loadFs();
  let at = +range.offset;
  let left = range.length < 0 ? Number.POSITIVE_INFINITY : range.length;
  const next = () => {
    if (stream.destroyed || stream.closed || left === 0) {
      close();
      if (!stream.destroyed) stream.end();
      return;
    }
    const buffer = loadBuffer().Buffer.allocUnsafeSlow(min(PIECE, left));
    fs.read(fd, buffer, 0, buffer.length, at < 0 ? null : at, (/** @type {any} */ error, /** @type {number} */ count) => {
      if (error) {
        close();
        stream.close(NGHTTP2_INTERNAL_ERROR);
        return;
      }
      if (count === 0) left = 0;
      else {
        left -= count;
        if (at >= 0) at += count;
      }
      if (count === 0 || stream.destroyed || stream.closed) next();
      else stream.write(buffer.subarray(0, count), next);
    });
  };
  next();
}

module.exports = { respondWithFD, respondWithFile };
