// Node's streams as the web's and back (https://nodejs.org/api/stream.html#streamreadabletowebstreamreadable-options): each side's backpressure,
// end and errors become the other's.
'use strict';

const { then, withResolvers } = require('builtins/primordials');
const { requireBoolean, requireObject } = require('node/arguments');
const { invalidType, invalidValue } = require('node/errors');
const { nextTick } = require('node/process/ticks');
const { AbortError } = require('node/stream/host/errors');
const { ReadableStream, isReadableStream } = require('web/streams/readable_stream');
const { ByteLengthQueuingStrategy, CountQueuingStrategy } = require('web/streams/strategies');
const { WritableStream, isWritableStream } = require('web/streams/writable_stream');
const loadBuffer = () => require('node/buffer/buffer');
const loadDestroy = () => /** @type {any} */ (require('node/stream/internal/streams/destroy'));
const loadEnd = () => /** @type {any} */ (require('node/stream/internal/streams/end-of-stream'));
const loadStream = () => /** @type {any} */ (require('node/stream/stream'));

const noOperation = () => undefined;

/** @param {any} options */
function checked(options) {
  if (options === undefined) return {};
  requireObject(options, 'options');
  if (options.objectMode !== undefined) requireBoolean(options.objectMode, 'options.objectMode');
  return options;
}

/** A stream that ended before its time. */
const early = () => new AbortError();

/** @param {any} stream @param {any} [options] */
function newReadableStreamFromStreamReadable(stream, options) {
  if (typeof stream?._readableState !== 'object') throw invalidType('streamReadable', 'stream.Readable', stream);
  const { destroyer } = loadDestroy();
  const { strategy: wished, type } = checked(options);
  if (type !== undefined && type !== 'bytes') throw invalidValue('options.type', type, "must be one of: undefined, 'bytes'");
  const isOfBytes = type === 'bytes';
  // A stream of bytes counts them itself.
  const byteStrategy = { highWaterMark: wished?.highWaterMark ?? stream.readableHighWaterMark };
  const strategy = isOfBytes ? byteStrategy : (wished ?? usualStrategy(stream.readableObjectMode, stream.readableHighWaterMark));
  if (stream.destroyed || stream.readable === false) {
    const ended = new ReadableStream({ type, start: (/** @type {any} */ controller) => controller.close() });
    return ended;
  }
  /** @type {any} */
  let controller;
  let canceled = false;
  stream.pause();
  const forget = loadEnd()(stream, (/** @type {any} */ error) => {
    const reason = error?.code === 'ERR_STREAM_PREMATURE_CLOSE' ? early() : error;
    forget();
    // What comes after the end is nobody's.
    stream.on('error', noOperation);
    if (canceled) return;
    if (reason) {
      controller.error(reason);
      return;
    }
    controller.close();
    // Who waits with a buffer of its own gets it back.
    if (isOfBytes) controller.byobRequest?.respond(0);
  });
  stream.on('data', (/** @type {any} */ chunk) => {
    if (canceled || (isOfBytes && chunk.length === 0)) return;
    controller.enqueue(loadBuffer().Buffer.isBuffer(chunk) && !stream.readableObjectMode ? new Uint8Array(chunk) : chunk);
    if (controller.desiredSize <= 0) stream.pause();
  });
  return new ReadableStream(
    {
      type,
      start(/** @type {any} */ given) {
        controller = given;
      },
      pull() {
        stream.resume();
      },
      cancel(/** @type {any} */ reason) {
        canceled = true;
        destroyer(stream, reason);
      },
    },
    strategy,
  );
}

/** @param {boolean} objectMode @param {number} highWaterMark */
function usualStrategy(objectMode, highWaterMark) {
  return objectMode ? new CountQueuingStrategy({ highWaterMark }) : new ByteLengthQueuingStrategy({ highWaterMark });
}

/** Once the web's end is closed; an error there ends Node's stream. @param {any} end a reader or writer @param {any} stream @param {() => void} closed */
function whenClosed(end, stream, closed) {
  then(end.closed, closed, (error) => {
    closed();
    loadDestroy().destroyer(stream, error);
  });
}

/** @param {any} readable @param {any} [options] */
function newStreamReadableFromReadableStream(readable, options) {
  if (!isReadableStream(readable)) throw invalidType('readableStream', 'ReadableStream', readable);
  const { encoding, highWaterMark, objectMode = false, signal } = checked(options);
  const reader = /** @type {any} */ (readable.getReader());
  let closed = false;
  const stream = new (loadStream().Readable)({
    objectMode,
    highWaterMark,
    encoding,
    signal,
    read() {
      then(
        reader.read(),
        ({ value, done }) => stream.push(done ? null : value),
        (error) => loadDestroy().destroyer(stream, error),
      );
    },
    destroy(/** @type {any} */ error, /** @type {Function} */ callback) {
      const done = () => nextTick(callback, error);
      if (closed) done();
      else then(reader.cancel(error ?? undefined), done, (reason) => nextTick(callback, error ?? reason));
    },
  });
  whenClosed(reader, stream, () => {
    closed = true;
  });
  return stream;
}

/** @param {any} stream */
function newWritableStreamFromStreamWritable(stream) {
  if (typeof stream?._writableState !== 'object') throw invalidType('streamWritable', 'stream.Writable', stream);
  if (stream.destroyed || stream.writable === false) {
    const ended = new WritableStream();
    ended.close();
    return ended;
  }
  /** @type {any} */
  let controller;
  /** @type {PromiseWithResolvers<any> | undefined} */
  let drained;
  /** @type {PromiseWithResolvers<any> | undefined} */
  let closing;
  const forget = loadEnd()(stream, (/** @type {any} */ error) => {
    const reason = error?.code === 'ERR_STREAM_PREMATURE_CLOSE' ? early() : error;
    forget();
    stream.on('error', noOperation);
    if (reason) {
      drained?.reject(reason);
      closing?.reject(reason);
      controller.error(reason);
      return;
    }
    drained?.resolve(undefined);
    if (closing === undefined) controller.error(early());
    else closing.resolve(undefined);
  });
  stream.on('drain', () => drained?.resolve(undefined));
  return new WritableStream(
    {
      start(/** @type {any} */ given) {
        controller = given;
      },
      write(/** @type {any} */ chunk) {
        if (!stream.writableNeedDrain && stream.write(chunk)) return undefined;
        drained = withResolvers();
        return drained.promise;
      },
      abort(/** @type {any} */ reason) {
        loadDestroy().destroyer(stream, reason);
      },
      close() {
        closing = withResolvers();
        stream.end();
        return closing.promise;
      },
    },
    usualStrategy(stream.writableObjectMode, stream.writableHighWaterMark),
  );
}

/** @param {any} writable @param {any} [options] */
function newStreamWritableFromWritableStream(writable, options) {
  if (!isWritableStream(writable)) throw invalidType('writableStream', 'WritableStream', writable);
  const { decodeStrings = true, highWaterMark, objectMode = false, signal } = checked(options);
  const writer = writable.getWriter();
  let closed = false;
  const stream = new (loadStream().Writable)({
    highWaterMark,
    objectMode,
    decodeStrings,
    signal,
    write(/** @type {any} */ chunk, /** @type {any} */ _encoding, /** @type {Function} */ callback) {
      then(
        writer.ready,
        () =>
          then(
            writer.write(chunk),
            () => nextTick(callback),
            (error) => nextTick(callback, error),
          ),
        (error) => nextTick(callback, error),
      );
    },
    final(/** @type {Function} */ callback) {
      if (closed) nextTick(callback);
      else
        then(
          writer.close(),
          () => nextTick(callback),
          (error) => nextTick(callback, error),
        );
    },
    destroy(/** @type {any} */ error, /** @type {Function} */ callback) {
      const done = () => nextTick(callback, error);
      if (closed) done();
      else if (error === null) then(writer.close(), done, done);
      else then(writer.abort(error), done, done);
    },
  });
  whenClosed(writer, stream, () => {
    closed = true;
  });
  return stream;
}

/** @param {any} pair @param {any} [options] */
function newStreamDuplexFromReadableWritablePair(pair, options) {
  requireObject(pair, 'pair');
  const { readable, writable } = pair;
  if (!isReadableStream(readable)) throw invalidType('pair.readable', 'ReadableStream', readable);
  if (!isWritableStream(writable)) throw invalidType('pair.writable', 'WritableStream', writable);
  const settings = checked(options);
  return loadStream().Duplex.from({
    readable: newStreamReadableFromReadableStream(readable, {
      ...settings,
      objectMode: settings.readableObjectMode ?? settings.objectMode,
    }),
    writable: newStreamWritableFromWritableStream(writable, {
      ...settings,
      objectMode: settings.writableObjectMode ?? settings.objectMode,
    }),
  });
}

/** @param {any} duplex @param {any} [options] */
function newReadableWritablePairFromDuplex(duplex, options) {
  if (typeof duplex?._writableState !== 'object' || typeof duplex._readableState !== 'object') {
    throw invalidType('duplex', 'stream.Duplex', duplex);
  }
  const { readableType, type } = checked(options);
  const readable = newReadableStreamFromStreamReadable(duplex, { type: readableType ?? type });
  return { readable, writable: newWritableStreamFromStreamWritable(duplex) };
}

module.exports = {
  newReadableStreamFromStreamReadable,
  newReadableWritablePairFromDuplex,
  newStreamDuplexFromReadableWritablePair,
  newStreamReadableFromReadableStream,
  newStreamWritableFromWritableStream,
  newWritableStreamFromStreamWritable,
};
