// Streams that are transferred (https://streams.spec.whatwg.org/#transferrable-streams): the end that stays is piped into a stream over a message
// port, and the end that arrives is a stream over the other one. A chunk is sent when the other side asks for one.
'use strict';

const { catchRejection, reject, resolve, then } = require('builtins/primordials');
const { readMessage, refusal, writeMessage } = require('web/html/message');
const { listen } = require('web/messaging/port');
const { closeController, enqueue, errorStream } = require('web/streams/algorithms');
const { createStream, isReadableStream, recordOf: readableRecord } = require('web/streams/readable_stream');
const { isTransformStream, makeTransform } = require('web/streams/transform_stream');
const { errorIfNeeded } = require('web/streams/writable_algorithms');
const { createWritable, isWritableStream, recordOf: writableRecord } = require('web/streams/writable_stream');
const { pipe } = require('web/streams/pipe');
const { channelPorts, pendingPromise, portClose, portPost, portReference, resolvePromise } = ops;
const loadDOMException = () => require('builtins/domexception');

/** What travels between the sides. @typedef {{ type: 'pull' | 'chunk' | 'close' | 'error', value: any }} Told */

/** @param {NativePort} port @param {Told['type']} type @param {any} value */
function tell(port, type, value) {
  portPost(port, writeMessage({ type, value }));
}

/** Throws what cannot be cloned, after the other side has heard of it. @param {NativePort} port @param {Told['type']} type @param {any} value */
function tellOrFail(port, type, value) {
  try {
    tell(port, type, value);
  } catch (error) {
    tell(port, 'error', error);
    throw error;
  }
}

function goneError() {
  return new (loadDOMException().DOMException)('the other end of the stream is gone', 'AbortError');
}

/**
 * https://streams.spec.whatwg.org/#abstract-opdef-setupcrossrealmtransformreadable
 * @param {NativePort} port
 * @param {boolean} isWaitedFor whether a read that waits keeps the program alive; not where a stream is only passed on
 */
function readableOver(port, isWaitedFor) {
  let isOver = false;
  const end = () => {
    isOver = true;
    portClose(port);
  };
  const stream = createStream(
    () => {
      if (isWaitedFor) portReference(port, true);
      tell(port, 'pull', undefined);
      return pulled;
    },
    (reason) => {
      try {
        tellOrFail(port, 'error', reason);
      } catch (error) {
        return reject(error);
      } finally {
        end();
      }
      return undefined;
    },
  );
  // A pull has been answered: the next one is for the chunk after.
  const pulled = resolve(undefined);
  const { controller } = readableRecord(stream);
  listen(port, {
    receive(message) {
      if (isOver) return;
      /** @type {Told} */
      let told;
      try {
        told = readMessage(message).value;
      } catch (error) {
        tell(port, 'error', error);
        end();
        errorStream(controller, error);
        return;
      }
      portReference(port, false);
      if (told.type === 'chunk') {
        enqueue(controller, told.value);
        return;
      }
      end();
      if (told.type === 'close') closeController(controller);
      else errorStream(controller, told.value);
    },
    ended() {
      if (isOver) return;
      isOver = true;
      errorStream(controller, goneError());
    },
  });
  return stream;
}

/**
 * https://streams.spec.whatwg.org/#abstract-opdef-setupcrossrealmtransformwritable
 * @param {NativePort} port
 * @param {boolean} isWaitedFor as above, for a write
 */
function writableOver(port, isWaitedFor) {
  let isOver = false;
  /** Settled when the other side wants a chunk. */
  let wanted = pendingPromise();
  const end = () => {
    isOver = true;
    portClose(port);
  };
  const stream = createWritable(
    (/** @type {any} */ chunk) => {
      if (isWaitedFor) portReference(port, true);
      return then(wanted, () => {
        if (isOver) return;
        portReference(port, false);
        wanted = pendingPromise();
        try {
          tellOrFail(port, 'chunk', chunk);
        } catch (error) {
          end();
          throw error;
        }
      });
    },
    () => {
      tell(port, 'close', undefined);
      end();
    },
    (/** @type {any} */ reason) => {
      try {
        tellOrFail(port, 'error', reason);
      } finally {
        end();
      }
    },
    undefined,
    1,
    () => 1,
  );
  const { controller } = writableRecord(stream);
  /** @param {any} reason */
  const fail = (reason) => {
    errorIfNeeded(controller, reason);
    resolvePromise(wanted, undefined);
  };
  listen(port, {
    receive(message) {
      if (isOver) return;
      /** @type {Told} */
      let told;
      try {
        told = readMessage(message).value;
      } catch (error) {
        tell(port, 'error', error);
        fail(error);
        end();
        return;
      }
      if (told.type === 'pull') {
        resolvePromise(wanted, undefined);
        return;
      }
      fail(told.value);
      end();
    },
    ended() {
      if (isOver) return;
      isOver = true;
      fail(goneError());
    },
  });
  return stream;
}

const plainly = { preventAbort: false, preventCancel: false, preventClose: false, signal: undefined };

/** @param {StreamSlots} source @param {WritableSlots} target */
function pipeAway(source, target) {
  catchRejection(pipe(source, target, plainly), () => undefined);
}

/** The port by which the other side reads. @param {any} stream @returns {NativePort} */
function sendReadable(stream) {
  const ports = channelPorts();
  pipeAway(readableRecord(stream), writableRecord(writableOver(ports[0], false)));
  return ports[1];
}

/** The port by which the other side writes. @param {any} stream @returns {NativePort} */
function sendWritable(stream) {
  const ports = channelPorts();
  pipeAway(readableRecord(readableOver(ports[0], false)), writableRecord(stream));
  return ports[1];
}

const transferSteps = {
  /** @param {any} stream */
  check(stream) {
    const isLocked = isTransformStream(stream) ? stream.readable.locked || stream.writable.locked : stream.locked;
    if (isLocked) throw refusal('a locked stream cannot be transferred');
  },
  /** @param {any} stream */
  send(stream) {
    if (isReadableStream(stream)) return { data: 'readable', ports: [sendReadable(stream)] };
    if (isWritableStream(stream)) return { data: 'writable', ports: [sendWritable(stream)] };
    return { data: 'transform', ports: [sendReadable(stream.readable), sendWritable(stream.writable)] };
  },
  /** @param {'readable' | 'writable' | 'transform'} kind @param {NativePort[]} ports */
  receive(kind, ports) {
    if (kind === 'readable') return readableOver(ports[0], true);
    if (kind === 'writable') return writableOver(ports[0], true);
    return makeTransform(readableOver(ports[0], true), writableOver(ports[1], true));
  },
};

module.exports = { transferSteps };
