// WebSocket and CloseEvent, after https://websockets.spec.whatwg.org/.
//
// Rust has the connection; each socket is a number there. `wsReceive` gives the next message and is the operation that keeps the process
// alive while the socket is connecting or open. Nothing is read ahead of the handlers beyond the connection's buffers (BOUNDED).
'use strict';

const { bytesOf, defineConstants, defineInterface, isBufferSource, refuseRecord, requireArguments } = require('builtins/webidl');
const { toDictionary, toDOMString, toUSVString, toUnsignedShort } = require('builtins/webidl');
const { MessageEvent } = require('web/events/classes');
const { Event, EventTarget, defineEventHandlers } = require('web/events/events');
const { encodeUtf8, wsAbort, wsBufferedAmount, wsClose, wsConnect, wsDrop, wsReceive, wsSend } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadBlob = () => require('web/file/blob');
const loadDOMException = () => require('builtins/domexception');
const loadUrl = () => require('web/url/url');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const maximalReason = 123;

let lastNumber = 0;

class CloseEvent extends Event {
  #wasClean;
  #code;
  #reason;

  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'CloseEvent');
    super(type, init);
    const { wasClean = false, code = 0, reason = '' } = toDictionary(init, 'CloseEvent');
    this.#wasClean = Boolean(wasClean);
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
    const text = toDOMString(value);
    // Web IDL: a value outside of the enumeration is ignored by a setter.
    if (text === 'blob' || text === 'arraybuffer') this.#binaryType = text;
  }

  send(data) {
    requireArguments(arguments.length, 1, 'WebSocket.send');
    if (this.#state === CONNECTING) {
      throw domException('WebSocket.send: the connection is not open yet', 'InvalidStateError');
    }
    const message = readMessage(data);
    if (this.#state === OPEN) wsSend(this.#number, message);
    else this.#unsendable += typeof message === 'string' ? encodeUtf8(message).byteLength : message.byteLength;
  }

  close(code = undefined, reason = undefined) {
    const status = code === undefined ? undefined : readCode(code);
    const text = reason === undefined ? '' : toUSVString(reason);
    if (encodeUtf8(text).byteLength > maximalReason) {
      throw domException(`WebSocket.close: the reason must have at most ${maximalReason} bytes of UTF-8`, 'SyntaxError');
    }
    if (this.#state >= CLOSING) return;
    const wasConnecting = this.#state === CONNECTING;
    this.#state = CLOSING;
    if (wasConnecting) wsAbort(this.#number);
    else wsClose(this.#number, status ?? 0, text);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { url, readyState, protocol, extensions, bufferedAmount, binaryType } = this;
    const shown = { url, readyState, protocol, extensions, bufferedAmount, binaryType };
    return loadInspect().inspectMembers('WebSocket', shown, depth, options);
  }

  async #connect(names) {
    let accepted;
    try {
      accepted = await wsConnect(this.#number, this.#url, names.join(', '));
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#state === CLOSING) {
      wsDrop(this.#number);
      this.#fail(new Error('the socket was closed before the connection was made'));
      return;
    }
    [this.#protocol, this.#extensions] = accepted;
    this.#state = OPEN;
    this.dispatchEvent(new Event('open'));
    await this.#receive();
  }

  async #receive() {
    try {
      for (;;) {
        const message = await wsReceive(this.#number);
        if (Array.isArray(message)) {
          const [code, reason, wasClean] = message;
          this.#finish(code, reason, wasClean);
          return;
        }
        // The spec drops what arrives once close() was called.
        if (this.#state === OPEN) this.#deliver(message);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #deliver(message) {
    let data = message;
    if (typeof message !== 'string') data = this.#binaryType === 'blob' ? loadBlob().makeBlob(message, '') : exactBuffer(message);
    this.dispatchEvent(new MessageEvent('message', { data, origin: this.#origin }));
  }

  /** The connection failed or was cut: `error`, then `close` with 1006. */
  #fail(error) {
    this.#state = CLOSED;
    const event = new Event('error');
    // Beyond the spec, which tells a page nothing on purpose: a program on a server must be able to log the reason.
    Object.defineProperties(event, {
      error: { value: error, enumerable: true, configurable: true },
      message: { value: String(error?.message ?? error), enumerable: true, configurable: true },
    });
    this.dispatchEvent(event);
    this.#finish(1006, '', false);
  }

  #finish(code, reason, wasClean) {
    this.#state = CLOSED;
    this.#unsendable += wsBufferedAmount(this.#number);
    wsDrop(this.#number);
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
  }
}

function domException(message, name) {
  return new (loadDOMException().DOMException)(message, name);
}

function readUrl(url) {
  const text = toUSVString(url);
  const { URL } = loadUrl();
  if (!URL.canParse(text)) throw domException(`WebSocket: ${JSON.stringify(text)} is not a valid absolute URL`, 'SyntaxError');
  const parsed = new URL(text);
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:';
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:';
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw domException(`WebSocket: the URL's scheme must be ws, wss, http or https, not "${parsed.protocol.slice(0, -1)}"`, 'SyntaxError');
  }
  if (parsed.hash !== '' || text.endsWith('#')) throw domException('WebSocket: the URL must not have a fragment', 'SyntaxError');
  return parsed;
}

function readProtocols(value) {
  const names = typeof value === 'object' && value !== null ? [...value].map(toDOMString) : [toDOMString(value)];
  for (const [index, name] of names.entries()) {
    if (!token.test(name)) throw domException(`WebSocket: ${JSON.stringify(name)} is not a valid subprotocol`, 'SyntaxError');
    if (names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index) {
      throw domException(`WebSocket: the subprotocol "${name}" stands there twice`, 'SyntaxError');
    }
  }
  return names;
}

function readMessage(data) {
  if (typeof data === 'string') return data.toWellFormed();
  if (isBufferSource(data)) return bytesOf(data);
  const { bytesOfBlob, isBlob } = loadBlob();
  refuseRecord(data, 'WebSocket.send');
  return isBlob(data) ? bytesOfBlob(data) : toUSVString(data);
}

/** [Clamp] unsigned short, and only 1000 or the range for programs. */
function readCode(code) {
  const number = Math.min(Math.max(Math.round(Number(code)) || 0, 0), 0xffff);
  if (number !== 1000 && (number < 3000 || number > 4999)) {
    throw domException(`WebSocket.close: the code must be 1000 or from 3000 to 4999, not ${number}`, 'InvalidAccessError');
  }
  return number;
}

function exactBuffer(bytes) {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

defineInterface(CloseEvent);
defineInterface(WebSocket);
defineConstants(WebSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
defineEventHandlers(WebSocket, ['open', 'message', 'error', 'close']);

module.exports = { CloseEvent, WebSocket };
