// WebSockets that a server accepted, in the two shapes that programs know: an object that the server's `websocket` handlers get (as Bun's
// ServerWebSocket), and a WebSocket with events (as Deno.upgradeWebSocket gives).
//
// Rust has the connection and tells of it by the functions that server.js sets; both shapes have `told` for that.
'use strict';

const {
  Set,
  apply,
  arrayBufferByteLength,
  copyBytes,
  push,
  setAdd,
  setDelete,
  setForEach,
  setHas,
  viewBuffer,
} = require('builtins/primordials');
const { viewByteLength } = require('builtins/primordials');
const { bytesOf, defineConstants, defineInterface, isBufferSource, toDOMString, toUSVString, toUnsignedShort } = require('builtins/webidl');
const { Event, EventTarget, defineEventHandlers, fire } = require('web/events/events');
const { encodeUtf8 } = require('web/encoding/utf8');
const { serverPublish, serverSocketClose, serverSocketPeer, serverSocketPing, serverSocketQueued, serverSocketSend } = ops;
const { serverSocketTerminate, serverSubscribe } = ops;
const loadBlob = () => require('web/file/blob');
const loadClasses = () => require('web/events/classes');
const loadDOMException = () => require('builtins/domexception');
const loadWebSocket = () => require('web/websocket/websocket');

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** What the native server tells. @typedef {'message' | 'drained' | 'closed' | 'pinged' | 'ponged'} Told */

/** @param {any} data */
function contentOf(data) {
  if (typeof data === 'string') return data;
  return isBufferSource(data) ? bytesOf(data) : toUSVString(data);
}

/** @param {string | Uint8Array} content */
function sizeOf(content) {
  return typeof content === 'string' ? viewByteLength(encodeUtf8(content)) : viewByteLength(content);
}

/** @param {string | Uint8Array} content @param {number} waiting */
function outcomeOf(content, waiting) {
  // 0: it was dropped; -1: it waits for the client to read; else its size.
  if (waiting < 0) return 0;
  return waiting > 1024 * 1024 ? -1 : sizeOf(content);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {string} type */
function messageOf(bytes, type) {
  if (type === 'uint8array') return bytes;
  return viewByteLength(bytes) === arrayBufferByteLength(viewBuffer(bytes)) ? viewBuffer(bytes) : viewBuffer(copyBytes(bytes));
}

/** @typedef {{ server: number, handlers: any, left: () => void }} Shared The server's number, its handlers, and whom a socket tells that it has ended. */

/** @type {(socket: ServerWebSocket, number: number) => any} */
let opened;
/** Of either shape. @type {(socket: any, what: Told, first?: any, second?: any, third?: any, address?: any) => any} */
let told;

class ServerWebSocket {
  /** What `server.upgrade` was given; the program's own. @type {any} */
  data;
  #state = OPEN;
  #number = 0;
  /** What a server's sockets have in common: of thousands that wait each is small. @type {Shared} */
  #shared;
  #binaryType = 'uint8array';
  /** Made when it listens to something: most that wait do not. @type {Set<string> | null} */
  #topics = null;
  /** Made when it is asked for, or the socket ends. @type {string | null} */
  #remoteAddress = null;

  /** @param {Shared} shared @param {any} data */
  constructor(shared, data) {
    this.#shared = shared;
    this.data = data;
  }

  get readyState() {
    return this.#state;
  }
  get remoteAddress() {
    return (this.#remoteAddress ??= serverSocketPeer(this.#number)?.[0] ?? '');
  }
  get binaryType() {
    return this.#binaryType;
  }
  set binaryType(value) {
    if (value !== 'arraybuffer' && value !== 'uint8array')
      throw new TypeError(`binaryType must be 'uint8array' or 'arraybuffer', not ${value}`);
    this.#binaryType = value;
  }
  get subscriptions() {
    /** @type {string[]} */
    const names = [];
    if (this.#topics !== null) setForEach(this.#topics, (/** @type {string} */ name) => push(names, name));
    return names;
  }

  /** 0 if it was dropped, -1 if it waits for the client to read, else its size. @param {any} data @param {any} [compress] */
  send(data, compress = false) {
    const content = contentOf(data);
    return outcomeOf(content, serverSocketSend(this.#number, content, !!compress));
  }
  /** @param {any} data @param {any} [compress] */
  sendText(data, compress = false) {
    return this.send(toUSVString(data), compress);
  }
  /** @param {any} data @param {any} [compress] */
  sendBinary(data, compress = false) {
    return this.send(bytesOf(data), compress);
  }
  /** @param {any} [code] @param {any} [reason] */
  close(code = undefined, reason = undefined) {
    if (this.#state === OPEN) this.#state = CLOSING;
    serverSocketClose(this.#number, code === undefined ? 1000 : toUnsignedShort(code), reason === undefined ? '' : toUSVString(reason));
  }
  terminate() {
    serverSocketTerminate(this.#number);
  }
  /** @param {any} [data] */
  ping(data = undefined) {
    return serverSocketPing(this.#number, data === undefined ? null : contentOf(data), false);
  }
  /** @param {any} [data] */
  pong(data = undefined) {
    return serverSocketPing(this.#number, data === undefined ? null : contentOf(data), true);
  }
  getBufferedAmount() {
    return serverSocketQueued(this.#number, true);
  }

  /** @param {any} topic */
  subscribe(topic) {
    const name = toDOMString(topic);
    if (this.#state !== OPEN) return;
    setAdd((this.#topics ??= new Set()), name);
    serverSubscribe(this.#number, this.#shared.server, name, true);
  }
  /** @param {any} topic */
  unsubscribe(topic) {
    const name = toDOMString(topic);
    if (this.#topics !== null) setDelete(this.#topics, name);
    serverSubscribe(this.#number, this.#shared.server, name, false);
  }
  /** @param {any} topic */
  isSubscribed(topic) {
    const name = toDOMString(topic);
    return this.#topics !== null && setHas(this.#topics, name);
  }
  /** To all others that listen. @param {any} topic @param {any} data */
  publish(topic, data) {
    const content = contentOf(data);
    const { server, handlers } = this.#shared;
    const except = handlers.publishToSelf ? 0 : this.#number;
    return serverPublish(server, toDOMString(topic), content, except) === 0 ? 0 : sizeOf(content);
  }
  /** @param {any} topic @param {any} data */
  publishText(topic, data) {
    return this.publish(topic, toUSVString(data));
  }
  /** @param {any} topic @param {any} data */
  publishBinary(topic, data) {
    return this.publish(topic, bytesOf(data));
  }
  /** Messages of one turn leave together anyway. @param {(socket: this) => any} callback */
  cork(callback) {
    return callback(this);
  }

  static {
    opened = (socket, number) => {
      socket.#number = number;
      const { handlers } = socket.#shared;
      return handlers.open === undefined ? undefined : apply(handlers.open, handlers, [socket]);
    };
    told = (socket, what, first, second, third, address) => {
      if (!(#shared in socket)) return toldAccepted(socket, what, first, second, third);
      const { server, handlers, left } = socket.#shared;
      if (what === 'message') {
        const message = typeof first === 'string' ? first : messageOf(first, socket.#binaryType);
        if (handlers.message !== undefined) return apply(handlers.message, handlers, [socket, message]);
      } else if (what === 'drained') {
        if (handlers.drain !== undefined) return apply(handlers.drain, handlers, [socket]);
      } else if (what === 'pinged') {
        if (handlers.ping !== undefined) return apply(handlers.ping, handlers, [socket, messageOf(first, socket.#binaryType)]);
      } else if (what === 'ponged') {
        if (handlers.pong !== undefined) return apply(handlers.pong, handlers, [socket, messageOf(first, socket.#binaryType)]);
      } else {
        socket.#state = CLOSED;
        socket.#remoteAddress ??= address;
        left();
        if (socket.#topics !== null)
          setForEach(socket.#topics, (/** @type {string} */ topic) => serverSubscribe(socket.#number, server, topic, false));
        if (handlers.close !== undefined) return apply(handlers.close, handlers, [socket, first, second]);
      }
      return undefined;
    };
  }
}

/** @type {(socket: AcceptedWebSocket, number: number) => void} */
let accepted;
/** @type {(socket: AcceptedWebSocket, what: Told, first?: any, second?: any, third?: any) => void} */
let toldAccepted;

/** A WebSocket with events, on the server's side. */
class AcceptedWebSocket extends EventTarget {
  #number = 0;
  #state = 0;
  #url;
  #protocol;
  #binaryType = 'blob';

  /** @param {string} url @param {string} protocol */
  constructor(url, protocol) {
    super();
    this.#url = url;
    this.#protocol = protocol;
  }

  get url() {
    return this.#url;
  }
  get readyState() {
    return this.#state;
  }
  get bufferedAmount() {
    return serverSocketQueued(this.#number, false);
  }
  get extensions() {
    this.#number;
    return '';
  }
  get protocol() {
    return this.#protocol;
  }
  get binaryType() {
    return this.#binaryType;
  }
  set binaryType(value) {
    if (value === 'blob' || value === 'arraybuffer') this.#binaryType = value;
  }

  /** @param {any} data */
  send(data) {
    if (this.#state === 0) throw invalidState('WebSocket.send: the connection is not open yet');
    if (this.#state !== OPEN) return;
    const { isBlob, bytesOfBlob } = loadBlob();
    const waiting = serverSocketSend(this.#number, isBlob(data) ? bytesOfBlob(data) : contentOf(data), true);
    // As the specification says for a full buffer.
    if (waiting === -2) serverSocketTerminate(this.#number);
  }

  /** @param {any} [code] @param {any} [reason] */
  close(code = undefined, reason = undefined) {
    const status = code === undefined ? 0 : toUnsignedShort(code);
    const text = reason === undefined ? '' : toUSVString(reason);
    if (this.#state >= CLOSING) return;
    serverSocketClose(this.#number, status, text);
    this.#state = CLOSING;
  }

  static {
    accepted = (socket, number) => {
      socket.#number = number;
      socket.#state = OPEN;
      fire(socket, new Event('open'));
    };
    toldAccepted = (socket, what, first, second, third) => {
      if (what === 'message') {
        if (socket.#state === OPEN)
          fire(socket, new (loadClasses().MessageEvent)('message', { data: eventData(first, socket.#binaryType) }));
      } else if (what === 'closed') {
        socket.#state = CLOSED;
        if (!third && first !== 1005) fire(socket, new Event('error'));
        fire(socket, new (loadWebSocket().CloseEvent)('close', { code: first, reason: second, wasClean: third }));
      }
    };
  }
}

/** @param {any} message @param {string} type */
function eventData(message, type) {
  if (typeof message === 'string') return message;
  if (type === 'blob') return loadBlob().makeBlob(message, '');
  return messageOf(message, 'arraybuffer');
}

/** @param {string} message */
function invalidState(message) {
  return new (loadDOMException().DOMException)(message, 'InvalidStateError');
}

defineEventHandlers(AcceptedWebSocket, ['open', 'message', 'error', 'close']);
defineConstants(AcceptedWebSocket, { CONNECTING: 0, OPEN, CLOSING, CLOSED });
defineInterface(AcceptedWebSocket);
defineInterface(ServerWebSocket);

module.exports = { AcceptedWebSocket, ServerWebSocket, accepted, opened, told };
