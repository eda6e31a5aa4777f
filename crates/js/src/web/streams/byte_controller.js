// ReadableByteStreamController (https://streams.spec.whatwg.org/#rbs-controller-class) and ReadableStreamBYOBRequest
// (https://streams.spec.whatwg.org/#rs-byob-request-class): what a source of bytes is given.
'use strict';

const { arrayBufferByteLength, isDetached, isView } = require('builtins/primordials');
const {
  defineInterface,
  illegalConstructor,
  invalidArgument,
  invalidState,
  isAnyArrayBuffer,
  requireArguments,
  toEnforcedUnsignedLongLong,
} = require('builtins/webidl');
const { canCloseOrEnqueue, desiredSize, errorStream } = require('web/streams/algorithms');
const { closeByteController, enqueueView, partsOf, requestOf, respond, respondWithView } = require('web/streams/byte_algorithms');

// Tells the constructors that this file calls; no value of a program can be it.
const construction = Symbol('construction');

/** @typedef {NonNullable<ReturnType<typeof requestOf>>} RequestSlots */

/** @type {() => ReadableByteStreamController} */
let makeByteController;
/** @type {(facade: ReadableByteStreamController, record: ByteControllerSlots) => void} */
let setByteController;

/** A view over a buffer that can be given away. @param {any} view @param {string} operation */
function requireView(view, operation) {
  if (!isView(view) || !isAnyArrayBuffer(partsOf(view).buffer)) {
    throw invalidArgument(`${operation}: the argument is not a view of an ArrayBuffer`);
  }
}

class ReadableStreamBYOBRequest {
  /** @type {RequestSlots} */
  #record;

  /** @param {any} [key] @param {any} [record] */
  constructor(key = undefined, record = undefined) {
    if (key !== construction) throw illegalConstructor();
    this.#record = record;
  }

  get view() {
    return this.#record.view;
  }

  /** @param {any} bytesWritten */
  respond(bytesWritten) {
    const record = this.#record;
    requireArguments(arguments.length, 1, 'ReadableStreamBYOBRequest.respond');
    const count = toEnforcedUnsignedLongLong(bytesWritten, 'ReadableStreamBYOBRequest.respond');
    const { controller } = record;
    if (controller === null) throw invalidState('ReadableStreamBYOBRequest.respond: the request was answered already');
    if (isDetached(partsOf(record.view).buffer)) throw invalidState("ReadableStreamBYOBRequest.respond: the view's buffer is detached");
    respond(controller, count);
  }

  /** @param {any} view */
  respondWithNewView(view) {
    const record = this.#record;
    requireArguments(arguments.length, 1, 'ReadableStreamBYOBRequest.respondWithNewView');
    requireView(view, 'ReadableStreamBYOBRequest.respondWithNewView');
    const { controller } = record;
    if (controller === null) throw invalidState('ReadableStreamBYOBRequest.respondWithNewView: the request was answered already');
    if (isDetached(partsOf(view).buffer)) {
      throw invalidState("ReadableStreamBYOBRequest.respondWithNewView: the view's buffer is detached");
    }
    respondWithView(controller, view);
  }
}

class ReadableByteStreamController {
  /** @type {ByteControllerSlots} */
  #record = /** @type {any} */ (undefined);

  constructor() {
    if (arguments[0] !== construction) throw illegalConstructor();
  }

  get byobRequest() {
    const request = requestOf(this.#record);
    if (request === null) return null;
    request.facade ??= new ReadableStreamBYOBRequest(construction, request);
    return request.facade;
  }

  get desiredSize() {
    return desiredSize(this.#record);
  }

  close() {
    const record = this.#record;
    if (!canCloseOrEnqueue(record)) throw invalidState('ReadableByteStreamController.close: the stream is closed or errored');
    closeByteController(record);
  }

  /** @param {any} chunk */
  enqueue(chunk) {
    const record = this.#record;
    requireArguments(arguments.length, 1, 'ReadableByteStreamController.enqueue');
    requireView(chunk, 'ReadableByteStreamController.enqueue');
    const { buffer, byteLength } = partsOf(chunk);
    if (byteLength === 0 || arrayBufferByteLength(buffer) === 0) {
      throw invalidState('ReadableByteStreamController.enqueue: the chunk is empty');
    }
    if (!canCloseOrEnqueue(record)) throw invalidState('ReadableByteStreamController.enqueue: the stream is closed or errored');
    enqueueView(record, chunk);
  }

  /** @param {any} [reason] */
  error(reason = undefined) {
    errorStream(this.#record, reason);
  }

  static {
    makeByteController = () => new /** @type {any} */ (ReadableByteStreamController)(construction);
    setByteController = (facade, record) => {
      facade.#record = record;
    };
  }
}

defineInterface(ReadableByteStreamController);
defineInterface(ReadableStreamBYOBRequest);

module.exports = { ReadableByteStreamController, ReadableStreamBYOBRequest, makeByteController, setByteController };
