// The algorithms of readable byte streams (https://streams.spec.whatwg.org/#rbs-controller-abstract-ops): what a ReadableByteStreamController
// does otherwise than `algorithms` has it. Loaded with the first byte stream.
//
// A chunk in the queue is a Uint8Array over a buffer that nobody else has: the program's are transferred on their way in, those of our own
// sources need it not (`enqueueOwn`). A read of a default reader that finds a chunk, or waits for one, costs what it does of another stream.
'use strict';

const { arrayBufferByteLength, copyBytes, dataViewBuffer, dataViewByteLength, dataViewByteOffset } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const { invalidState } = require('builtins/webidl');
const { isDetached, min, setBytes, shift, transferBuffer, viewBuffer, viewByteLength } = require('builtins/primordials');
const { viewByteOffset, viewClasses, viewLength, viewName } = require('builtins/primordials');
const { ControllerRecord, closeStream, errorStream, forgetAlgorithms, pullIfNeeded } = require('web/streams/algorithms');

const { DataView, Uint8Array } = viewClasses;

/** A buffer that is to be filled, and what it becomes then. */
class PullInto {
  buffer;
  bufferByteLength;
  byteOffset;
  byteLength;
  bytesFilled = 0;
  minimumFill;
  elementSize;
  View;
  /** @type {'default' | 'byob' | 'none'} */
  readerType;
  /**
   * @param {ArrayBuffer} buffer @param {number} byteOffset @param {number} byteLength @param {number} minimumFill
   * @param {number} elementSize @param {any} View @param {'default' | 'byob'} readerType
   */
  constructor(buffer, byteOffset, byteLength, minimumFill, elementSize, View, readerType) {
    this.buffer = buffer;
    this.bufferByteLength = arrayBufferByteLength(buffer);
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.minimumFill = minimumFill;
    this.elementSize = elementSize;
    this.View = View;
    this.readerType = readerType;
  }
}

/** Of a ReadableByteStreamController; `queuedSize` counts bytes. */
class ByteControllerRecord extends ControllerRecord {
  /** @type {PullInto[]} */
  pullIntos = [];
  /** What `byobRequest` gave out for the first of them. @type {RequestRecord | null} */
  byobRequest = null;
  autoAllocateChunkSize;
  /**
   * @param {StreamSlots} stream @param {any} source @param {any} argument @param {Function | undefined} pull
   * @param {Function | undefined} cancel @param {number} highWaterMark @param {number | undefined} autoAllocateChunkSize
   */
  constructor(stream, source, argument, pull, cancel, highWaterMark, autoAllocateChunkSize) {
    super(stream, source, argument, pull, cancel, highWaterMark, undefined);
    this.autoAllocateChunkSize = autoAllocateChunkSize;
    this.bytes = hooks;
  }
}

/** Of a ReadableStreamBYOBRequest; without a controller once it was answered. */
class RequestRecord {
  /** @type {ByteControllerSlots | null} */
  controller;
  /** @type {Uint8Array<ArrayBuffer> | null} */
  view;
  /** The ReadableStreamBYOBRequest of it. @type {any} */
  facade = null;
  /** @param {ByteControllerSlots} controller @param {Uint8Array<ArrayBuffer>} view */
  constructor(controller, view) {
    this.controller = controller;
    this.view = view;
  }
}

/** @type {ByteHooks} */
const hooks = {
  take(controller) {
    const chunk = controller.chunks.shift();
    controller.queuedSize -= viewByteLength(chunk);
    afterTaking(controller);
    return chunk;
  },
  wait(controller) {
    const { autoAllocateChunkSize: size, pullIntos } = bytesOf(controller);
    if (size === undefined) return undefined;
    try {
      const buffer = new ArrayBuffer(size);
      pullIntos[pullIntos.length] = new PullInto(buffer, 0, size, 1, 1, Uint8Array, 'default');
    } catch (error) {
      return error;
    }
  },
  clear(controller) {
    const record = bytesOf(controller);
    invalidateRequest(record);
    record.pullIntos = [];
  },
  release(controller) {
    const record = bytesOf(controller);
    if (record.pullIntos.length === 0) return;
    // The source may be filling the first.
    record.pullIntos[0].readerType = 'none';
    record.pullIntos = [record.pullIntos[0]];
  },
};

/** @param {ControllerSlots} controller */
function bytesOf(controller) {
  return /** @type {ByteControllerSlots} */ (controller);
}

/** The parts of any view. @param {any} view @returns {{ buffer: any, byteOffset: number, byteLength: number, elementSize: number, View: any }} */
function partsOf(view) {
  const name = viewName(view);
  if (name === undefined) {
    const byteLength = dataViewByteLength(view);
    return { buffer: dataViewBuffer(view), byteOffset: dataViewByteOffset(view), byteLength, elementSize: 1, View: DataView };
  }
  const View = viewClasses[name];
  const elementSize = View.BYTES_PER_ELEMENT;
  return { buffer: viewBuffer(view), byteOffset: viewByteOffset(view), byteLength: viewByteLength(view), elementSize, View };
}

/** Closes or pulls as the queue asks for. @param {ControllerSlots} controller */
function afterTaking(controller) {
  if (controller.queuedSize === 0 && controller.closeRequested) {
    forgetAlgorithms(controller);
    closeStream(controller.stream);
  } else {
    pullIfNeeded(controller);
  }
}

/** @param {ByteControllerSlots} controller */
function invalidateRequest(controller) {
  const { byobRequest } = controller;
  if (byobRequest === null) return;
  byobRequest.controller = null;
  byobRequest.view = null;
  controller.byobRequest = null;
}

/** @param {ByteControllerSlots} controller @returns {RequestRecord | null} */
function requestOf(controller) {
  if (controller.byobRequest === null && controller.pullIntos.length > 0) {
    const { buffer, byteOffset, byteLength, bytesFilled } = controller.pullIntos[0];
    const view = new Uint8Array(buffer, byteOffset + bytesFilled, byteLength - bytesFilled);
    controller.byobRequest = new RequestRecord(controller, view);
  }
  return controller.byobRequest;
}

// ---- what comes from the source

/** @param {ControllerSlots} controller @param {Uint8Array<ArrayBuffer>} chunk */
function push(controller, chunk) {
  controller.chunks.push(chunk);
  controller.queuedSize += viewByteLength(chunk);
}

/** `enqueue` of a program. @param {ByteControllerSlots} controller @param {any} view */
function enqueueView(controller, view) {
  if (controller.closeRequested || controller.stream.state !== 'readable') return;
  const { buffer, byteOffset, byteLength } = partsOf(view);
  if (isDetached(buffer)) throw invalidState('ReadableByteStreamController.enqueue: the buffer is detached');
  const transferred = transferBuffer(buffer);
  enqueueBytes(controller, new Uint8Array(transferred, byteOffset, byteLength));
}

/** `enqueue` of a source of our own, for bytes that nobody else has. @param {ControllerSlots} controller @param {Uint8Array<ArrayBuffer>} chunk */
function enqueueOwn(controller, chunk) {
  if (controller.stream.state === 'readable') enqueueBytes(bytesOf(controller), chunk);
}

/** @param {ByteControllerSlots} controller @param {Uint8Array<ArrayBuffer>} chunk */
function enqueueBytes(controller, chunk) {
  if (controller.pullIntos.length > 0) {
    const first = controller.pullIntos[0];
    if (isDetached(first.buffer)) throw invalidState('ReadableByteStreamController.enqueue: the buffer of the BYOB request is detached');
    invalidateRequest(controller);
    first.buffer = transferBuffer(first.buffer);
    if (first.readerType === 'none') enqueueDetached(controller, first);
  }
  const { reader } = controller.stream;
  if (reader === null) {
    push(controller, chunk);
  } else if (reader.isByob) {
    push(controller, chunk);
    commitAll(controller.stream, fillFromQueue(controller));
  } else {
    while (reader.requests.length > 0 && controller.queuedSize > 0) reader.requests.shift().chunk(hooks.take(controller));
    if (reader.requests.length === 0) {
      push(controller, chunk);
    } else {
      if (controller.pullIntos.length > 0) shift(controller.pullIntos);
      reader.requests.shift().chunk(chunk);
    }
  }
  pullIfNeeded(controller);
}

/** What a reader that left had got into its buffer is for the next. @param {ByteControllerSlots} controller @param {PullInto} first */
function enqueueDetached(controller, first) {
  const { buffer, byteOffset, bytesFilled } = first;
  if (bytesFilled > 0) push(controller, /** @type {any} */ (copyBytes(new Uint8Array(buffer, byteOffset, bytesFilled))));
  shift(controller.pullIntos);
}

/** @param {ByteControllerSlots} controller */
function closeByteController(controller) {
  if (controller.closeRequested || controller.stream.state !== 'readable') return;
  if (controller.queuedSize > 0) {
    controller.closeRequested = true;
    return;
  }
  const first = controller.pullIntos[0];
  if (first !== undefined && first.bytesFilled % first.elementSize !== 0) {
    const error = invalidState('ReadableByteStreamController.close: the bytes that came last are no whole element of the view');
    errorStream(controller, error);
    throw error;
  }
  forgetAlgorithms(controller);
  closeStream(controller.stream);
}

/** `close` of a source of our own; a BYOB read that waits has its buffer back. @param {ControllerSlots} controller */
function closeOwn(controller) {
  const record = bytesOf(controller);
  closeByteController(record);
  if (record.pullIntos.length > 0 && record.stream.state === 'closed') respond(record, 0);
}

/** @param {ByteControllerSlots} controller @param {number} bytesWritten */
function respond(controller, bytesWritten) {
  const first = controller.pullIntos[0];
  if (controller.stream.state === 'closed') {
    if (bytesWritten !== 0)
      throw invalidState('ReadableStreamBYOBRequest.respond: the stream is closed, so no bytes can have been written');
  } else {
    if (bytesWritten === 0) throw invalidState('ReadableStreamBYOBRequest.respond: no bytes were written, and the stream is not closed');
    if (first.bytesFilled + bytesWritten > first.byteLength) {
      throw new RangeError(`ReadableStreamBYOBRequest.respond: ${bytesWritten} bytes are more than the view has room for`);
    }
  }
  first.buffer = transferBuffer(first.buffer);
  respondWith(controller, bytesWritten);
}

/** @param {string} message */
const refusedView = (message) => codedError(RangeError, 'ERR_INVALID_ARG_VALUE', message);

/** @param {ByteControllerSlots} controller @param {any} view */
function respondWithView(controller, view) {
  const first = controller.pullIntos[0];
  const { buffer, byteOffset, byteLength } = partsOf(view);
  const operation = 'ReadableStreamBYOBRequest.respondWithNewView';
  if (controller.stream.state === 'closed') {
    if (byteLength !== 0) throw invalidState(`${operation}: the stream is closed, so the view must be empty`);
  } else if (byteLength === 0) {
    throw invalidState(`${operation}: the view is empty, and the stream is not closed`);
  }
  if (first.byteOffset + first.bytesFilled !== byteOffset) {
    throw refusedView(`${operation}: the view begins at ${byteOffset} and not where the request's does`);
  }
  if (first.bufferByteLength !== arrayBufferByteLength(buffer)) throw refusedView(`${operation}: the view's buffer has another length`);
  if (first.bytesFilled + byteLength > first.byteLength) throw refusedView(`${operation}: the view is longer than the request's`);
  first.buffer = transferBuffer(buffer);
  respondWith(controller, byteLength);
}

/** @param {ByteControllerSlots} controller @param {number} bytesWritten */
function respondWith(controller, bytesWritten) {
  const first = controller.pullIntos[0];
  invalidateRequest(controller);
  if (controller.stream.state === 'closed') respondWhenClosed(controller, first);
  else respondWhenReadable(controller, bytesWritten, first);
  pullIfNeeded(controller);
}

/** @param {ByteControllerSlots} controller @param {PullInto} first */
function respondWhenClosed(controller, first) {
  if (first.readerType === 'none') shift(controller.pullIntos);
  const { reader } = controller.stream;
  if (reader === null || !reader.isByob) return;
  /** @type {PullInto[]} */
  const filled = [];
  while (filled.length < reader.requests.length) filled[filled.length] = /** @type {PullInto} */ (shift(controller.pullIntos));
  commitAll(controller.stream, filled);
}

/** @param {ByteControllerSlots} controller @param {number} bytesWritten @param {PullInto} first */
function respondWhenReadable(controller, bytesWritten, first) {
  first.bytesFilled += bytesWritten;
  if (first.readerType === 'none') {
    enqueueDetached(controller, first);
    commitAll(controller.stream, fillFromQueue(controller));
    return;
  }
  if (first.bytesFilled < first.minimumFill) return;
  shift(controller.pullIntos);
  const rest = first.bytesFilled % first.elementSize;
  if (rest > 0) {
    const end = first.byteOffset + first.bytesFilled;
    push(controller, /** @type {any} */ (copyBytes(new Uint8Array(first.buffer, end - rest, rest))));
  }
  first.bytesFilled -= rest;
  const filled = fillFromQueue(controller);
  commit(controller.stream, first);
  commitAll(controller.stream, filled);
}

// ---- buffers that are filled

/** Takes from the queue for those who wait; who got enough. @param {ByteControllerSlots} controller */
function fillFromQueue(controller) {
  /** @type {PullInto[]} */
  const filled = [];
  while (controller.pullIntos.length > 0 && controller.queuedSize > 0) {
    const first = controller.pullIntos[0];
    if (!fill(controller, first)) continue;
    shift(controller.pullIntos);
    filled[filled.length] = first;
  }
  return filled;
}

/** Copies what there is; whether it is enough. @param {ByteControllerSlots} controller @param {PullInto} into */
function fill(controller, into) {
  const most = into.bytesFilled + min(controller.queuedSize, into.byteLength - into.bytesFilled);
  const whole = most - (most % into.elementSize);
  const isReady = whole >= into.minimumFill;
  const end = isReady ? whole : most;
  const { chunks } = controller;
  while (into.bytesFilled < end) {
    const first = chunks.first();
    const size = viewByteLength(first);
    const count = min(end - into.bytesFilled, size);
    const part = count === size ? first : new Uint8Array(viewBuffer(first), viewByteOffset(first), count);
    setBytes(new Uint8Array(into.buffer), part, into.byteOffset + into.bytesFilled);
    if (count === size) chunks.shift();
    else chunks.setFirst(new Uint8Array(viewBuffer(first), viewByteOffset(first) + count, size - count));
    controller.queuedSize -= count;
    into.bytesFilled += count;
  }
  return isReady;
}

/** @param {PullInto} into */
function viewOf(into) {
  return new into.View(transferBuffer(into.buffer), into.byteOffset, into.bytesFilled / into.elementSize);
}

/** Answers the first request with a buffer. @param {StreamSlots} stream @param {PullInto} into */
function commit(stream, into) {
  const request = /** @type {ReaderSlots} */ (stream.reader).requests.shift();
  if (stream.state === 'closed') request.close(viewOf(into));
  else request.chunk(viewOf(into));
}

/** @param {StreamSlots} stream @param {PullInto[]} filled */
function commitAll(stream, filled) {
  for (let i = 0; i < filled.length; i += 1) commit(stream, filled[i]);
}

/** What waits for a buffer. @typedef {{ chunk(value: any): void, close(value: any): void, error(reason: any): void }} Waiting */

/**
 * The read of a BYOB reader (https://streams.spec.whatwg.org/#readable-stream-byob-reader-read).
 * @param {ReaderSlots} reader @param {any} view @param {number} least how many elements @param {Waiting} request
 */
function readInto(reader, view, least, request) {
  const stream = /** @type {StreamSlots} */ (reader.stream);
  stream.disturbed = true;
  if (stream.state === 'errored') return request.error(stream.storedError);
  const controller = bytesOf(stream.controller);
  const { buffer, byteOffset, byteLength, elementSize, View } = partsOf(view);
  let transferred;
  try {
    transferred = transferBuffer(buffer);
  } catch (error) {
    return request.error(error);
  }
  const into = new PullInto(transferred, byteOffset, byteLength, least * elementSize, elementSize, View, 'byob');
  if (controller.pullIntos.length === 0) {
    if (stream.state === 'closed') return request.close(new View(transferred, byteOffset, 0));
    if (controller.queuedSize > 0) {
      if (fill(controller, into)) {
        const filled = viewOf(into);
        afterTaking(controller);
        return request.chunk(filled);
      }
      if (controller.closeRequested) {
        const error = invalidState('ReadableStreamBYOBReader.read: the bytes that came last are no whole element of the view');
        errorStream(controller, error);
        return request.error(error);
      }
    }
  }
  const isFirst = controller.pullIntos.length === 0;
  controller.pullIntos[controller.pullIntos.length] = into;
  reader.requests.push(request);
  if (isFirst) pullIfNeeded(controller);
}

module.exports = {
  ByteControllerRecord,
  PullInto,
  closeByteController,
  closeOwn,
  enqueueOwn,
  enqueueView,
  partsOf,
  readInto,
  requestOf,
  respond,
  respondWithView,
  viewLength,
};
