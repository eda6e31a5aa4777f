// MessageChannel and MessagePort (https://html.spec.whatwg.org/#message-ports).
//
// A port that was started, or is listened to, lives until it is closed, as in Node; one that listens to messages keeps the program alive.
// `node:worker_threads` adds Node's methods, and what Node does otherwise (`setNodeManners`), when a program loads it.
'use strict';

const { apply, customInspect, defineProperty, getOwnPropertyDescriptor, WeakMap, weakMapSet } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const { defineInterface, defineTransferable, isObject, toDictionary, toSequence } = require('builtins/webidl');
const { Event, EventTarget, defineEventHandlers, fire, hasListeners, listenersChanged } = require('web/events/events');
const { makeMessageEvent, setPortTest } = require('web/events/classes');
const { readMessage, refusal, writeMessage } = require('web/html/message');
const { channelPorts, portAreEntangled, portClose, portIsOpen, portKeep, portPost } = ops;
const { portReference, portSetReceiver, portStart, portTake } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

// Only this file makes ports.
const permission = Symbol('permission');

/** @type {(native: NativePort) => MessagePort} */
let makePort;
/** @type {(value: any) => value is MessagePort} */
let isMessagePort;
/** @type {(port: any) => NativePort} */
let nativeOf;
/** @type {(port: any) => boolean} */
let isReferenced;
/** @type {(port: any, on: boolean) => void} */
let setReference;
/**
 * The other end of a port, which lives as long as the port does: a channel of which a program keeps one end alone is open, and the reference of
 * that end counts.
 * @type {WeakMap<MessagePort, MessagePort>}
 */
const others = new WeakMap();

/**
 * What `node:worker_threads` makes of ports: a listener starts them; the end that the program closes hears of it as well; and it warns when
 * a channel is lost, because an end was sent to itself.
 * @typedef {{ closed(tell: () => void): void, lost(): void }} NodeManners
 */
/** @type {NodeManners | null} */
let nodeManners = null;

/** @param {NodeManners} manners */
function setNodeManners(manners) {
  nodeManners = manners;
}

class MessagePort extends EventTarget {
  /** @type {NativePort} */
  #native;
  #isReferenced = false;

  constructor() {
    if (arguments[0] !== permission) {
      throw codedError(TypeError, 'ERR_CONSTRUCT_CALL_INVALID', 'Constructor cannot be called');
    }
    super();
    this.#native = arguments[1];
  }

  /** @param {any} message @param {any} [options] a list of what is transferred, or `{ transfer }` */
  postMessage(message, options = undefined) {
    const native = this.#native;
    if (arguments.length === 0) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "message" argument must be specified');
    const transfer = toTransfer(options, 'MessagePort.postMessage');
    let isLost = false;
    if (transfer !== undefined) {
      for (let i = 0; i < transfer.length; i += 1) {
        if (transfer[i] === this) throw refusal('Transfer list contains source port');
        if (isMessagePort(transfer[i]) && portAreEntangled(native, nativeOf(transfer[i]))) isLost = true;
      }
    }
    const written = writeMessage(message, transfer);
    portPost(native, written);
    if (isLost) nodeManners?.lost();
  }

  start() {
    const native = this.#native;
    if (!portIsOpen(native)) return;
    portKeep(native, this);
    portStart(native);
  }

  close() {
    const native = this.#native;
    if (!portIsOpen(native)) return;
    portClose(native);
    if (nodeManners !== null) nodeManners.closed(() => fireClosed(this));
  }

  /** @param {string} type @param {boolean} has */
  [/** @type {any} */ (listenersChanged)](type, has) {
    if (type !== 'message' && type !== 'close') return;
    const native = this.#native;
    if (has && portIsOpen(native)) portKeep(native, this);
    if (type !== 'message') return;
    setReference(this, has);
    if (has && nodeManners !== null) portStart(native);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = { active: portIsOpen(this.#native), refed: this.#isReferenced };
    return loadInspect().inspectMembers('MessagePort', shown, depth, options);
  }

  static {
    makePort = (native) => new /** @type {any} */ (MessagePort)(permission, native);
    isMessagePort = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #native in value);
    nativeOf = (port) => port.#native;
    isReferenced = (port) => port.#isReferenced && portIsOpen(port.#native);
    setReference = (port, on) => {
      port.#isReferenced = portReference(port.#native, on);
    };
  }
}

defineEventHandlers(MessagePort, ['close', 'message', 'messageerror']);
defineInterface(MessagePort);

// A handler of messages starts the port, which a listener does not.
const handler = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage'));
const starting = /** @type {PropertyDescriptor} */ (
  getOwnPropertyDescriptor(
    {
      set onmessage(/** @type {any} */ value) {
        apply(/** @type {any} */ (handler.set), this, [value]);
        if (isObject(value)) apply(start, this, []);
      },
    },
    'onmessage',
  )
);
const { start } = MessagePort.prototype;
defineProperty(
  MessagePort.prototype,
  'onmessage',
  /** @type {any} */ ({ __proto__: null, get: handler.get, set: starting.set, enumerable: true, configurable: true }),
);

class MessageChannel {
  #port1;
  #port2;
  constructor() {
    const ports = channelPorts();
    this.#port1 = makePort(ports[0]);
    this.#port2 = makePort(ports[1]);
    weakMapSet(others, this.#port1, this.#port2);
    weakMapSet(others, this.#port2, this.#port1);
  }
  get port1() {
    return this.#port1;
  }
  get port2() {
    return this.#port2;
  }
  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('MessageChannel', { port1: this.#port1, port2: this.#port2 }, depth, options);
  }
}

defineInterface(MessageChannel);

/**
 * What `postMessage` is to transfer: a sequence, or the member of the options.
 * @param {any} options
 * @param {string} what
 * @returns {any[] | undefined}
 */
function toTransfer(options, what) {
  if (options === undefined || options === null) return undefined;
  if (!isObject(options)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', 'Optional transferList argument must be an iterable');
  const isSequence = options[Symbol.iterator] !== undefined && options[Symbol.iterator] !== null;
  const transfer = isSequence ? options : toDictionary(options, what).transfer;
  if (transfer === undefined) return undefined;
  const iterate = isObject(transfer) ? transfer[Symbol.iterator] : undefined;
  if (typeof iterate !== 'function') {
    const name = isSequence ? 'transferList argument' : 'options.transfer argument';
    throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `Optional ${name} must be an iterable`);
  }
  const iterator = apply(iterate, transfer, []);
  if (!isObject(iterator) || typeof iterator.next !== 'function') {
    throw codedError(
      TypeError,
      'ERR_INVALID_ARG_TYPE',
      `Optional ${isSequence ? 'transferList' : 'options.transfer'} argument must be an iterable`,
    );
  }
  return toSequence({ [Symbol.iterator]: () => iterator }, `${what}: transfer`, (item) => {
    if (!isObject(item)) throw codedError(TypeError, 'ERR_INVALID_TRANSFER_OBJECT', 'Found invalid object in transferList');
    return item;
  });
}

/** A message came. @param {any} target @param {NativeMessage} message */
function receive(target, message) {
  // What is no port receives by a method of its own.
  if (!isMessagePort(target)) return target.receive(message);
  dispatchMessage(target, message);
}

/** @param {any} target @param {NativeMessage} message @param {string} [origin] */
function dispatchMessage(target, message, origin = '') {
  let received;
  try {
    received = readMessage(message);
  } catch (error) {
    fire(target, makeMessageEvent('messageerror', error, undefined, origin));
    return;
  }
  fire(target, makeMessageEvent('message', received.value, received.ports, origin));
}

/** The other end is closed, and so is this one. @param {any} target */
function closed(target) {
  if (!isMessagePort(target)) return target.ended();
  fireClosed(target);
}

/** @param {any} port */
function fireClosed(port) {
  if (hasListeners(port, 'close')) fire(port, new Event('close'));
}

portSetReceiver(receive, closed);

/**
 * Has an object of our own hear of the messages of a native port, from now on and as long as it is open.
 * @param {NativePort} native
 * @param {{ receive(message: NativeMessage): void, ended(): void }} receiver
 */
function listen(native, receiver) {
  // What is kept keeps the port.
  /** @type {any} */ (receiver).native = native;
  portKeep(native, receiver);
  portStart(native);
}

/** The next message that waits, if there is one. @param {any} port @returns {{ message: any } | undefined} */
function takeMessage(port) {
  const message = portTake(nativeOf(port));
  return message === undefined ? undefined : { message: readMessage(message).value };
}

defineTransferable('web/messaging/port', (value) => isMessagePort(value));
setPortTest(isMessagePort);

const transferSteps = {
  /** @param {any} port */
  check(port) {
    if (!portIsOpen(nativeOf(port))) throw refusal('MessagePort in transfer list is already detached');
  },
  /** @param {any} port */
  send: (port) => ({ data: undefined, ports: [nativeOf(port)] }),
  /** @param {any} _data @param {NativePort[]} ports */
  receive: (_data, ports) => makePort(ports[0]),
};

module.exports = {
  dispatchMessage,
  isMessagePort,
  isReferenced,
  listen,
  makePort,
  MessageChannel,
  MessagePort,
  nativeOf,
  setNodeManners,
  setReference,
  takeMessage,
  toTransfer,
  transferSteps,
};
