// WebSocket and CloseEvent, after https://websockets.spec.whatwg.org/.
//
// Rust has the connection; each socket is a number there. `wsReceive` gives the next message and is the operation that keeps the process
// alive while the socket is connecting or open. Nothing is read ahead of the handlers beyond the connection's buffers (BOUNDED).
'use strict';

const { arrayBufferByteLength, copyBytes, customInspect, defineProperty, endsWith, isArray, join } = require('builtins/primordials');
const { regExp, slice, stringify, test, toLowerCase, viewBuffer, viewByteLength } = require('builtins/primordials');
const { bytesOf, defineConstants, defineInterface, hidden, isBufferSource, isObject, refuseRecord } = require('builtins/webidl');
const { requireArguments, toClampedUnsignedShort, toDOMString, toDictionary, toSequence, toUSVString } = require('builtins/webidl');
const { toUnsignedShort } = require('builtins/webidl');
const { MessageEvent } = require('web/events/classes');
const { Event, EventTarget, defineEventHandlers, fire } = require('web/events/events');
const { encodeUtf8 } = require('web/encoding/utf8');
const { wsAbort, wsBufferedAmount, wsClose, wsConnect, wsDrop, wsReceive, wsSend } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadBlob = () => require('web/file/blob');
const loadDOMException = () => require('builtins/domexception');
const loadUrl = () => require('web/url/url');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const token = regExp(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
const maximalReason = 123;

let lastNumber = 0;

class CloseEvent extends Event {
  #wasClean;
  #code;
  #reason;

  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'CloseEvent');
    super(type, init);
    const { code = 0, reason = '', wasClean = false } = toDictionary(init, 'CloseEvent');
    this.#wasClean = !!wasClean;
    this.#code = toUnsignedShort(code);
    this.#reason = toUSVString(reason);
  }

  get wasClean() {
    return this.#wasClean;
  }
  get code() {
    return this.#code;
  }
  get reason() {
    return this.#reason;
  }
}

class WebSocket extends EventTarget {
  #number = (lastNumber += 1);
  #url;
  #origin;
  #state = CONNECTING;
  #protocol = '';
  #extensions = '';
  #binaryType = 'blob';
  // Bytes given to send() when nothing could be sent any more: the spec counts them all the same.
  #unsendable = 0;

  /** @param {any} url @param {any} [protocols] */
  constructor(url, protocols = []) {
    requireArguments(arguments.length, 1, 'WebSocket');
    super();
    const parsed = readUrl(url);
    const names = readProtocols(protocols);
    this.#url = parsed.href;
    this.#origin = parsed.origin === 'null' ? `${parsed.protocol}//${parsed.host}` : parsed.origin;
    this.#connect(names);
  }

  get url() {
    return this.#url;
  }
  get readyState() {
    return this.#state;
  }
  get bufferedAmount() {
    return this.#unsendable + (this.#state === CONNECTING ? 0 : wsBufferedAmount(this.#number));
  }
  get extensions() {
    return this.#extensions;
  }
  get protocol() {
    return this.#protocol;
  }
  get binaryType() {
    return this.#binaryType;
  }
  set binaryType(value) {
    this.#binaryType;
    const text = toDOMString(value);
    // Web IDL: a value outside of the enumeration is ignored by a setter.
    if (text === 'blob' || text === 'arraybuffer') this.#binaryType = text;
  }

  /** @param {any} data */
  send(data) {
    requireArguments(arguments.length, 1, 'WebSocket.send');
    if (this.#state === CONNECTING) {
      throw domException('WebSocket.send: the connection is not open yet', 'InvalidStateError');
    }
    const message = readMessage(data);
    if (this.#state === OPEN) wsSend(this.#number, message);
    else this.#unsendable += typeof message === 'string' ? viewByteLength(encodeUtf8(message)) : viewByteLength(message);
  }

  /** @param {any} [code] @param {any} [reason] */
  close(code = undefined, reason = undefined) {
    this.#state;
    const status = code === undefined ? undefined : readCode(code);
    const text = reason === undefined ? '' : toUSVString(reason);
    if (viewByteLength(encodeUtf8(text)) > maximalReason) {
      throw domException(`WebSocket.close: the reason must have at most ${maximalReason} bytes of UTF-8`, 'SyntaxError');
    }
    if (this.#state >= CLOSING) return;
    const wasConnecting = this.#state === CONNECTING;
    this.#state = CLOSING;
    if (wasConnecting) wsAbort(this.#number);
    else wsClose(this.#number, status ?? 0, text);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = {
      url: this.#url,
      readyState: this.#state,
      protocol: this.#protocol,
      extensions: this.#extensions,
      bufferedAmount: this.bufferedAmount,
      binaryType: this.#binaryType,
    };
    return loadInspect().inspectMembers('WebSocket', shown, depth, options);
  }

  /** @param {string[]} names */
  async #connect(names) {
    let accepted;
    try {
      accepted = await wsConnect(this.#number, this.#url, join(names, ', '));
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#state === CLOSING) {
      wsDrop(this.#number);
      this.#fail(new Error('the socket was closed before the connection was made'));
      return;
    }
    this.#protocol = accepted[0];
    this.#extensions = accepted[1];
    this.#state = OPEN;
    fire(this, new Event('open'));
    await this.#receive();
  }

  async #receive() {
    try {
      for (;;) {
        const message = await wsReceive(this.#number);
        if (isArray(message)) {
          this.#finish(message[0], message[1], message[2]);
          return;
        }
        // The spec drops what arrives once close() was called.
        if (this.#state === OPEN) this.#deliver(message);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {string | Uint8Array<ArrayBuffer>} message */
  #deliver(message) {
    /** @type {any} */
    let data = message;
    if (typeof message !== 'string') data = this.#binaryType === 'blob' ? loadBlob().makeBlob(message, '') : exactBuffer(message);
    fire(this, new MessageEvent('message', { __proto__: null, data, origin: this.#origin }));
  }

  /** The connection failed or was cut: `error`, then `close` with 1006. @param {any} error */
  #fail(error) {
    this.#state = CLOSED;
    const event = new Event('error');
    // Beyond the spec, which tells a page nothing on purpose: a program on a server must be able to log the reason.
    define(event, 'error', error);
    define(event, 'message', `${error?.message ?? error}`);
    fire(this, event);
    this.#finish(1006, '', false);
  }

  /** @param {number} code @param {string} reason @param {boolean} wasClean */
  #finish(code, reason, wasClean) {
    this.#state = CLOSED;
    this.#unsendable += wsBufferedAmount(this.#number);
    wsDrop(this.#number);
    fire(this, new CloseEvent('close', { __proto__: null, code, reason, wasClean }));
  }
}

/** @param {DomEvent} event @param {string} name @param {any} value */
function define(event, name, value) {
  const descriptor = hidden(value, false);
  descriptor.enumerable = true;
  defineProperty(event, name, descriptor);
}

/** @param {string} message @param {string} name */
function domException(message, name) {
  return new (loadDOMException().DOMException)(message, name);
}

/** @param {any} url */
function readUrl(url) {
  const text = toUSVString(url);
  const { partsOf, withProtocol } = loadUrl();
  let parts = partsOf(text);
  if (parts?.protocol === 'http:') parts = withProtocol(parts.href, 'ws:');
  else if (parts?.protocol === 'https:') parts = withProtocol(parts.href, 'wss:');
  if (parts === undefined) throw domException(`WebSocket: ${stringify(text)} is not a valid absolute URL`, 'SyntaxError');
  if (parts.protocol !== 'ws:' && parts.protocol !== 'wss:') {
    const scheme = slice(parts.protocol, 0, -1);
    throw domException(`WebSocket: the URL's scheme must be ws, wss, http or https, not "${scheme}"`, 'SyntaxError');
  }
  if (parts.hash !== '' || endsWith(text, '#')) throw domException('WebSocket: the URL must not have a fragment', 'SyntaxError');
  return parts;
}

/** @param {any} value */
function readProtocols(value) {
  const names = isObject(value) ? toSequence(value, 'WebSocket: the protocols', toDOMString) : [toDOMString(value)];
  for (let i = 0; i < names.length; i += 1) {
    if (!test(token, names[i])) throw domException(`WebSocket: ${stringify(names[i])} is not a valid subprotocol`, 'SyntaxError');
    for (let j = 0; j < i; j += 1) {
      if (toLowerCase(names[j]) !== toLowerCase(names[i])) continue;
      throw domException(`WebSocket: the subprotocol "${names[i]}" stands there twice`, 'SyntaxError');
    }
  }
  return names;
}

/** @param {any} data @returns {string | Uint8Array<ArrayBuffer>} */
function readMessage(data) {
  if (typeof data === 'string') return toUSVString(data);
  if (isBufferSource(data)) return bytesOf(data);
  const { bytesOfBlob, isBlob } = loadBlob();
  refuseRecord(data, 'WebSocket.send');
  return isBlob(data) ? bytesOfBlob(data) : toUSVString(data);
}

/** Only 1000 or the range for programs. @param {any} code */
function readCode(code) {
  const number = toClampedUnsignedShort(code);
  if (number !== 1000 && (number < 3000 || number > 4999)) {
    throw domException(`WebSocket.close: the code must be 1000 or from 3000 to 4999, not ${number}`, 'InvalidAccessError');
  }
  return number;
}

/** The buffer of bytes that are all of it, or a copy. @param {Uint8Array<ArrayBuffer>} bytes */
function exactBuffer(bytes) {
  const buffer = viewBuffer(bytes);
  return viewByteLength(bytes) === arrayBufferByteLength(buffer) ? buffer : viewBuffer(copyBytes(bytes));
}

defineInterface(CloseEvent);
defineInterface(WebSocket);
defineConstants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
defineEventHandlers(WebSocket, ['open', 'message', 'error', 'close']);

module.exports = { CloseEvent, WebSocket };
