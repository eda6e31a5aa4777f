// BroadcastChannel (https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts): all of a name in this process, of any thread.
'use strict';

const { customInspect, push } = require('builtins/primordials');
const { defineInterface, invalidThis, requireArguments, toDOMString } = require('builtins/webidl');
const { EventTarget, defineEventHandlers, listenersChanged } = require('web/events/events');
const { writeMessage } = require('web/html/message');
const { dispatchMessage } = require('web/messaging/port');
const { broadcastCount, broadcastJoin, broadcastPost, portClose, portIsOpen, portKeep, portReference, portStart } = ops;
const { baseUrl } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadUrl = () => require('web/url/url');
const loadInspect = () => require('builtins/inspect/inspect');

class BroadcastChannel extends EventTarget {
  #name;
  #native;

  /** @param {any} name */
  constructor(name) {
    requireArguments(arguments.length, 1, 'BroadcastChannel');
    super();
    if (typeof name === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    this.#name = toDOMString(name);
    this.#native = broadcastJoin(this.#name);
    // What comes while nobody listens is for nobody.
    portStart(this.#native);
  }

  get name() {
    return BroadcastChannel.#check(this).#name;
  }

  /** @param {any} message */
  postMessage(message) {
    const native = BroadcastChannel.#check(this).#native;
    requireArguments(arguments.length, 1, 'BroadcastChannel.postMessage');
    if (!portIsOpen(native)) {
      throw new (loadDOMException().DOMException)('BroadcastChannel is closed.', 'InvalidStateError');
    }
    // Also without listeners what cannot be cloned is an error. BOUNDED: one message for each member.
    const messages = [writeMessage(message)];
    for (let left = broadcastCount(native) - 1; left > 0; left -= 1) push(messages, writeMessage(message));
    broadcastPost(native, messages);
  }

  close() {
    portClose(BroadcastChannel.#check(this).#native);
  }

  /** Node's: whether it keeps the program alive. */
  ref() {
    portReference(BroadcastChannel.#check(this).#native, true);
    return this;
  }
  unref() {
    portReference(BroadcastChannel.#check(this).#native, false);
    return this;
  }

  /** @param {string} type @param {boolean} has */
  [/** @type {any} */ (listenersChanged)](type, has) {
    if (type !== 'message' || !portIsOpen(this.#native)) return;
    portReference(this.#native, has);
    portKeep(this.#native, has ? new Receiver(this) : undefined);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const { name } = BroadcastChannel.#check(this);
    if (typeof depth === 'number' && depth < 0) return 'BroadcastChannel';
    return loadInspect().inspectMembers('BroadcastChannel', { name, active: portIsOpen(this.#native) }, depth, options);
  }

  /** The native port behind a channel; undefined for another value. @param {any} value @returns {NativePort | undefined} */
  static nativeOf(value) {
    return typeof value === 'object' && value !== null && #native in value ? value.#native : undefined;
  }

  /** @param {any} value @returns {BroadcastChannel} */
  static #check(value) {
    if (typeof value !== 'object' || value === null || !(#native in value)) throw invalidThis('BroadcastChannel');
    return value;
  }
}

/** @type {string | undefined} */
let origin;

/** The origin of the program, if it has a location: those who share a channel share that too. */
function originHere() {
  if (origin === undefined) {
    const here = baseUrl();
    origin = here === undefined ? '' : (loadUrl().partsOf(here)?.origin ?? '');
  }
  return origin;
}

/** What hears of messages. */
class Receiver {
  #channel;
  /** @param {BroadcastChannel} channel */
  constructor(channel) {
    this.#channel = channel;
  }
  /** @param {NativeMessage} message */
  receive(message) {
    dispatchMessage(this.#channel, message, originHere());
  }
  ended() {}
}

const { nativeOf } = BroadcastChannel;
delete (/** @type {any} */ (BroadcastChannel).nativeOf);
defineEventHandlers(BroadcastChannel, ['message', 'messageerror']);
defineInterface(BroadcastChannel);

module.exports = { BroadcastChannel, nativeOf };
