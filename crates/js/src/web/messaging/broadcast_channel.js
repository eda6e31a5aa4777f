// BroadcastChannel (https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts): all of a name in this process, of any thread.
//
// Beyond the standard, one with a url (an option, or TWINLOOP_BROADCAST for all) reaches other processes and machines: its messages are what
// Python reads too, and it hears of more (docs/broadcast.md).
'use strict';

const { customInspect, defineProperty, push, resolve } = require('builtins/primordials');
const {
  defineInterface,
  hidden,
  invalidThis,
  requireArguments,
  toDOMString,
  toDictionary,
  toUSVString,
  toUnsignedLong,
} = require('builtins/webidl');
const { MessageEvent } = require('web/events/classes');
const { Event, EventTarget, defineEventHandlers, fire, listenersChanged } = require('web/events/events');
const { writeMessage } = require('web/html/message');
const { dispatchMessage } = require('web/messaging/port');
const { broadcastCount, broadcastJoin, broadcastPost, portClose, portIsOpen, portKeep, portReference, portStart } = ops;
const { baseUrl } = ops;
const { sharedClose, sharedFlush, sharedIsOpen, sharedKeep, sharedOpen, sharedOthers, sharedPost, sharedReady } = ops;
const { sharedReference, sharedSetReceiver, sharedUrl, sharedUsualUrl } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadUrl = () => require('web/url/url');
const loadInspect = () => require('builtins/inspect/inspect');

class BroadcastChannel extends EventTarget {
  #name;
  /** Of one within this process. @type {NativePort | undefined} */
  #native;
  /** Of one that reaches further. @type {NativeShared | undefined} */
  #shared;
  /** How many types of events somebody listens to. */
  #heard = 0;

  /** @param {any} name @param {any} [options] */
  constructor(name, options = undefined) {
    requireArguments(arguments.length, 1, 'BroadcastChannel');
    super();
    if (typeof name === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    this.#name = toDOMString(name);
    const { history, presence, since, url } = toDictionary(options, 'BroadcastChannel');
    const place = url === undefined ? sharedUsualUrl() : toUSVString(url);
    if (place !== undefined) {
      const kept = history === undefined ? undefined : toUnsignedLong(history);
      this.#shared = sharedOpen(this.#name, place, kept, since === undefined ? undefined : toDOMString(since), presence);
      return;
    }
    if (presence !== undefined) throw new TypeError('BroadcastChannel: presence needs a url');
    if (history !== undefined) throw new TypeError('BroadcastChannel: a history needs the url of a server that keeps it');
    this.#native = broadcastJoin(this.#name);
    // What comes while nobody listens is for nobody.
    portStart(this.#native);
  }

  get name() {
    return BroadcastChannel.#check(this).#name;
  }

  /** Beyond the standard: where it reaches; empty for this process. */
  get url() {
    const shared = BroadcastChannel.#check(this).#shared;
    return shared === undefined ? '' : sharedUrl(shared);
  }

  /** Beyond the standard: who else is there, by id, of those that want to be seen. */
  get others() {
    const shared = BroadcastChannel.#check(this).#shared;
    /** @type {Record<string, any>} */
    const others = /** @type {any} */ ({ __proto__: null });
    const parts = shared === undefined ? [] : sharedOthers(shared);
    for (let i = 0; i < parts.length; i += 2) others[parts[i]] = parts[i + 1];
    return others;
  }

  /** Beyond the standard: when it hears of all that others post. */
  get ready() {
    const shared = BroadcastChannel.#check(this).#shared;
    return shared === undefined ? resolve(undefined) : sharedReady(shared);
  }

  /** @param {any} message */
  postMessage(message) {
    const channel = BroadcastChannel.#check(this);
    requireArguments(arguments.length, 1, 'BroadcastChannel.postMessage');
    if (!channel.#isOpen) throw new (loadDOMException().DOMException)('BroadcastChannel is closed.', 'InvalidStateError');
    if (channel.#shared !== undefined) {
      sharedPost(channel.#shared, message);
      return;
    }
    const native = /** @type {NativePort} */ (channel.#native);
    // Also without listeners what cannot be cloned is an error. BOUNDED: one message for each member.
    const messages = [writeMessage(message)];
    for (let left = broadcastCount(native) - 1; left > 0; left -= 1) push(messages, writeMessage(message));
    broadcastPost(native, messages);
  }

  /** Beyond the standard: when all that was posted has been handed over. */
  flush() {
    const shared = BroadcastChannel.#check(this).#shared;
    return shared === undefined ? resolve(undefined) : sharedFlush(shared);
  }

  close() {
    const channel = BroadcastChannel.#check(this);
    if (channel.#shared !== undefined) sharedClose(channel.#shared);
    else portClose(/** @type {NativePort} */ (channel.#native));
  }

  /** Node's: whether it keeps the program alive. */
  ref() {
    BroadcastChannel.#check(this).#reference(true);
    return this;
  }
  unref() {
    BroadcastChannel.#check(this).#reference(false);
    return this;
  }

  get #isOpen() {
    return this.#shared !== undefined ? sharedIsOpen(this.#shared) : portIsOpen(/** @type {NativePort} */ (this.#native));
  }

  /** @param {boolean} on */
  #reference(on) {
    if (this.#shared !== undefined) sharedReference(this.#shared, on);
    else portReference(/** @type {NativePort} */ (this.#native), on);
  }

  /** @param {string} type @param {boolean} has */
  [/** @type {any} */ (listenersChanged)](type, has) {
    this.#heard += has ? 1 : -1;
    if (!this.#isOpen) return;
    if (type === 'message') this.#reference(has);
    if (this.#shared !== undefined) sharedKeep(this.#shared, this.#heard > 0 ? this : undefined);
    else if (type === 'message') portKeep(/** @type {NativePort} */ (this.#native), has ? new Receiver(this) : undefined);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const channel = BroadcastChannel.#check(this);
    if (typeof depth === 'number' && depth < 0) return 'BroadcastChannel';
    return loadInspect().inspectMembers('BroadcastChannel', { name: channel.#name, active: channel.#isOpen }, depth, options);
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

/** Something has happened to a channel beyond this process. @param {any} channel @param {number} kind @param {any} value @param {string} [position] */
function receive(channel, kind, value, position = undefined) {
  // In the order of `tell` in shared.rs.
  if (kind === 0) fire(channel, new MessageEvent('message', { __proto__: null, data: value, lastEventId: position }));
  else if (kind === 1) fire(channel, new MessageEvent('messageerror', { __proto__: null, data: value }));
  else if (kind === 2) fire(channel, new Event('open'));
  else if (kind === 3) fire(channel, withProperty(new Event('error'), 'message', value));
  else if (kind === 4) fire(channel, withProperty(new Event('lost'), 'count', value));
  else fire(channel, withProperty(withProperty(new Event(kind === 5 ? 'join' : 'leave'), 'id', position), 'data', value));
}

/** @param {DomEvent} event @param {string} name @param {any} value */
function withProperty(event, name, value) {
  const descriptor = hidden(value, false);
  descriptor.enumerable = true;
  defineProperty(event, name, descriptor);
  return event;
}

sharedSetReceiver(receive);

const { nativeOf } = BroadcastChannel;
delete (/** @type {any} */ (BroadcastChannel).nativeOf);
defineEventHandlers(BroadcastChannel, ['message', 'messageerror']);
defineInterface(BroadcastChannel);

module.exports = { BroadcastChannel, nativeOf };
