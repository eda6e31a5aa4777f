// What a TLSSocket has underneath: one end of a connection over a native socket, or over a stream of the program's. It does what a handle of
// `node:net` does, so that a TLSSocket is a `net.Socket` like any other. Programs see it as `_handle`.
//
// Over a native socket the bytes never come here: they are decrypted next to it, and arrive as those of a socket of its own. Another stream's chunks
// are brought to the connection here, and what it wants sent is written to that stream.
'use strict';

const { bytesOf } = require('builtins/webidl');
const { currentFrame } = require('builtins/async_context');
const { isView } = require('builtins/primordials');
const { nodeError } = require('node/errors');
const { SocketHandle, drained, failed, received, tell, within } = require('node/net/handle');
const { fault } = require('node/tls/errors');
const { setImmediate } = require('web/html/timers');
const loadAuthorities = () => require('node/tls/authorities');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const { tlsAsk, tlsClose, tlsEnd, tlsHello, tlsJoin, tlsOpen, tlsRead, tlsReceive, tlsRelease, tlsSet } = ops;
const { tlsExport, tlsMaxSendFragment, tlsRenegotiate, tlsSetReceiver, tlsShutdown, tlsStart, tlsWrite } = ops;

/** Faults that an authority of the system's may mend, and how Node says so. @type {Record<string, boolean>} */
const knownToSystem = {
  __proto__: /** @type {any} */ (null),
  DEPTH_ZERO_SELF_SIGNED_CERT: true,
  UNABLE_TO_GET_ISSUER_CERT: true,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: true,
};
const systemHint = '; if the root CA is installed locally, try running Node.js with --use-system-ca';

/** EBADF, for what is done with a handle that is closed. */
const BAD_DESCRIPTOR = -9;

/** What happens, by the numbers of `endpoint.rs`. */
const HELLO = 0;
const SECURED = 1;
const KEY = 2;
const SESSION = 3;
const STAPLED = 4;
const RENEGOTIATION = 5;

/**
 * Who hears of a handle: a socket's owner, and what only TLS has.
 * @typedef {import('node/net/handle').Owner & {
 *   said?: () => void,
 *   secured?: () => void,
 *   key?: (line: Uint8Array<ArrayBuffer>) => void,
 *   session?: (id: Uint8Array<ArrayBuffer>, session: Uint8Array<ArrayBuffer>) => void,
 *   stapled?: (answer: Uint8Array<ArrayBuffer> | undefined) => void,
 *   began?: () => void,
 *   faulted?: (error: any) => void,
 *   asked?: (isServer: boolean, question: Uint8Array<ArrayBuffer> | undefined) => any,
 * }} Owner
 */

/** What a TLSSocket over a stream that is no socket writes to; packages take its class from there. */
class JSStreamSocket {
  /** @param {any} stream */
  constructor(stream) {
    this.stream = stream;
  }
}

class TLSHandle {
  /** @type {NativeTls | undefined} */
  #native;
  /** @type {Owner} */
  owner = {};
  frame = currentFrame();
  reading = false;
  isReferenced = true;
  bytesRead = 0;
  bytesWritten = 0;
  /** The handle of the socket below, unless it is a stream of the program's. @type {any} */
  _parent;
  /** The socket or stream that the program gave. @type {any} */
  _parentWrap;
  #stream;
  #waitsForStream = false;

  /**
   * @param {any} context of this module's SecureContext @param {boolean} isServer
   * @param {any} socket a `net.Socket` with a native handle @param {any} stream any other stream; without both a socket is made
   */
  constructor(context, isServer, socket, stream) {
    this.#native = tlsOpen(this, context, isServer);
    this.#stream = stream;
    if (stream !== undefined) {
      this._parentWrap = new JSStreamSocket(stream);
      this.#readStream(stream);
    } else if (socket !== undefined) {
      this._parent = socket._handle;
      this._parentWrap = socket;
      this.#join();
    } else {
      this._parent = new SocketHandle({});
    }
  }

  get fd() {
    return this._parent?.fd ?? -1;
  }
  get isPath() {
    return this._parent?.isPath ?? false;
  }
  get native() {
    return this._parent?.native;
  }

  /** The socket below, as soon as there is one. */
  #join() {
    if (this.#native !== undefined && this._parent.native !== undefined) tlsJoin(this.#native, this._parent.native);
  }

  /** The program's socket is connected, perhaps with another handle: each address that is tried has one. */
  joinConnected() {
    if (this.#stream !== undefined || this._parentWrap?._handle == null) return;
    this._parent = this._parentWrap._handle;
    this.#join();
  }

  // ---- connecting: the socket's

  /** @param {any} request @param {string} address @param {number} [port] @param {string} [localAddress] @param {number} [localPort] */
  connect(request, address, port, localAddress, localPort) {
    this.#hearsOfConnection();
    this._parent.connect(request, address, port, localAddress, localPort);
    this.#join();
  }
  #hearsOfConnection() {
    const parent = this._parent;
    parent.owner.connected = (/** @type {number} */ errno) => {
      if (this._parent === parent) this.owner.connected?.(errno);
    };
  }
  /** Another socket, for another address: the connection has not begun. */
  renew() {
    const old = this._parent;
    this._parent = new SocketHandle({});
    if (!this.isReferenced) this._parent.unref();
    old.close();
  }

  // ---- a stream of the program's

  /** @param {any} stream */
  #readStream(stream) {
    stream.on('data', (/** @type {any} */ chunk) => {
      if (this.#native === undefined) return;
      if (!isView(chunk)) {
        stream.destroy();
        this.owner.faulted?.(nodeError(Error, 'ERR_STREAM_WRAP', 'Stream has StringDecoder set or is in objectMode'));
        return;
      }
      tlsReceive(this.#native, bytesOf(chunk));
    });
    stream.on('end', () => {
      if (this.#native !== undefined) tlsEnd(this.#native);
    });
    stream.on('drain', () => this.#drained());
  }
  #drained() {
    if (!this.#waitsForStream) return;
    this.#waitsForStream = false;
    this.owner.drained?.();
  }
  /** What the connection wants sent. @param {Uint8Array<ArrayBuffer>} bytes */
  output(bytes) {
    const stream = this.#stream;
    if (stream !== undefined && !stream.destroyed && !stream.writableEnded) {
      stream.write(loadBuffer().wrap(bytes));
    }
  }

  // ---- as a socket's handle

  readStart() {
    if (this.#native === undefined) return BAD_DESCRIPTOR;
    this.reading = true;
    tlsRead(this.#native, true);
    if (this.#stream?.isPaused?.()) this.#stream.resume();
    return 0;
  }
  readStop() {
    this.reading = false;
    if (this.#native === undefined) return 0;
    tlsRead(this.#native, false);
    this.#stream?.pause?.();
    return 0;
  }
  /** @param {Uint8Array | string} content @param {boolean} [isLatin1] */
  write(content, isLatin1 = false) {
    if (this.#native === undefined) return BAD_DESCRIPTOR;
    return this.#afterWriting(tlsWrite(this.#native, content, isLatin1));
  }
  shutdown() {
    if (this.#native === undefined) return BAD_DESCRIPTOR;
    const outcome = tlsShutdown(this.#native);
    if (this.#stream === undefined) return outcome;
    if (!this.#stream.writableEnded) this.#stream.end();
    return 0;
  }
  /** @param {number} outcome */
  #afterWriting(outcome) {
    if (this.#stream === undefined || outcome < 0) return outcome;
    if (outcome === 0 && !this.#stream.writableNeedDrain) return 0;
    this.#waitsForStream = outcome === 0;
    return 1;
  }
  get writeQueueSize() {
    return this._parent?.writeQueueSize ?? this.#stream?.writableLength ?? 0;
  }
  /** @param {boolean} isRemote */
  address(isRemote) {
    if (this._parent !== undefined) return this._parent.address(isRemote);
    const stream = this.#stream;
    const address = isRemote ? stream.remoteAddress : stream.localAddress;
    if (address === undefined) return undefined;
    return isRemote
      ? { address, family: stream.remoteFamily, port: stream.remotePort }
      : { address, family: stream.localFamily, port: stream.localPort };
  }
  /** @param {any} into */
  getsockname(into) {
    return tell(this, into, false);
  }
  /** @param {any} into */
  getpeername(into) {
    return tell(this, into, true);
  }
  /** @param {boolean} on */
  setNoDelay(on) {
    if (this._parent !== undefined) return this._parent.setNoDelay(on);
    this.#stream.setNoDelay?.(on);
    return 0;
  }
  /** @param {boolean} on @param {number} seconds */
  setKeepAlive(on, seconds) {
    if (this._parent !== undefined) return this._parent.setKeepAlive(on, seconds);
    this.#stream.setKeepAlive?.(on, seconds * 1000);
    return 0;
  }
  /** @param {number} value */
  setTypeOfService(value) {
    return this._parent?.setTypeOfService(value) ?? BAD_DESCRIPTOR;
  }
  ref() {
    this.isReferenced = true;
    if (this._parent !== undefined) this._parent.ref();
    else this.#stream.ref?.();
  }
  unref() {
    this.isReferenced = false;
    if (this._parent !== undefined) this._parent.unref();
    else this.#stream.unref?.();
  }
  hasRef() {
    return this.isReferenced && this.#native !== undefined;
  }
  /** @param {() => void} [closed] */
  close(closed = undefined) {
    this.#end(false);
    if (closed !== undefined) setImmediate(closed);
  }
  /** @param {() => void} [closed] */
  reset(closed = undefined) {
    this.#end(true);
    if (closed !== undefined) setImmediate(closed);
    return 0;
  }
  /** @param {boolean} isReset */
  #end(isReset) {
    const native = this.#native;
    if (native === undefined) return;
    this.#native = undefined;
    tlsClose(native);
    const below = this.#stream ?? this._parentWrap;
    if (below === undefined) {
      if (isReset) this._parent.reset();
      else this._parent.close();
    } else if (isReset && below.resetAndDestroy !== undefined) below.resetAndDestroy();
    else below.destroy();
  }

  // ---- TLS, by the names that Node's handles have, as packages that stand in for connections put their own functions here

  /** The handshake is over. */
  onhandshakedone() {
    this.owner.secured?.();
  }
  /** @param {any} id @param {any} session */
  onnewsession(id, session) {
    this.owner.session?.(id, session);
  }
  /** @returns {string | false} */
  getALPNNegotiatedProtocol() {
    return this.ask('protocol') ?? false;
  }
  /** @returns {string | false} */
  getServername() {
    return this.ask('serverName') ?? false;
  }
  getSession() {
    const session = this.ask('session');
    return session && loadBuffer().wrap(session);
  }
  isSessionReused() {
    return !!this.ask('isResumed');
  }
  getCipher() {
    const cipher = this.ask('cipher');
    return cipher === undefined ? undefined : { name: cipher[0], standardName: cipher[1], version: cipher[2] };
  }
  getEphemeralKeyInfo() {
    const key = this.ask('ephemeralKey');
    if (key === undefined) return {};
    return key[1] === undefined ? { type: key[0], size: key[2] } : { type: key[0], name: key[1], size: key[2] };
  }

  start() {
    if (this.#native !== undefined) tlsStart(this.#native);
  }
  /** What came to the socket before it was this one's. @param {Uint8Array} bytes */
  receive(bytes) {
    if (this.#native !== undefined) tlsReceive(this.#native, bytes);
  }
  /** Before the handshake; false when it is over. @param {any} what @param {any} [first] @param {any} [second] */
  set(what, first, second) {
    const set = /** @type {any} */ (tlsSet);
    return this.#native !== undefined && set(this.#native, what, first, second);
  }
  /** What the client said first. */
  hello() {
    return this.#native === undefined ? undefined : tlsHello(this.#native);
  }
  /** The handshake goes on. */
  release() {
    if (this.#native !== undefined) tlsRelease(this.#native);
  }
  /** @param {boolean} [asks] @param {boolean} [insists] */
  renegotiate(asks, insists) {
    if (this.#native !== undefined) tlsRenegotiate(this.#native, asks, insists);
  }
  /** @param {number} size */
  setMaxSendFragment(size) {
    return this.#native !== undefined && tlsMaxSendFragment(this.#native, size);
  }
  /** @param {any} what @returns {any} */
  ask(what) {
    return this.#native === undefined ? undefined : tlsAsk(this.#native, what);
  }
  /** @param {number} length @param {string} label @param {Uint8Array | undefined} context */
  export(length, label, context) {
    return this.#native === undefined ? undefined : tlsExport(this.#native, length, label, context);
  }
  /** What is wrong with the other end's certificate. */
  verifyError() {
    const verdict = this.ask('verdict');
    if (verdict === undefined) return null;
    const [code, text] = verdict;
    const isHelped = knownToSystem[code] === true && !loadAuthorities().trustsSystem();
    const error = /** @type {any} */ (new Error(isHelped ? text + systemHint : text));
    error.code = code;
    return error;
  }
}

/** @param {any} handle @param {number} what @param {any} first @param {any} second */
function happened(handle, what, first, second) {
  const { owner } = handle;
  if (what === HELLO) owner.said?.();
  else if (what === SECURED) handle.onhandshakedone();
  else if (what === KEY) owner.key?.(first);
  else if (what === SESSION) handle.onnewsession(first, second);
  else if (what === STAPLED) owner.stapled?.(first);
  else if (what === RENEGOTIATION) owner.began?.();
}

tlsSetReceiver([
  (handle, what, first, second) => within(handle, () => happened(handle, what, first, second)),
  received,
  drained,
  failed,
  (handle, message, library, routine, reason, isWrite) =>
    within(handle, () => handle.owner.faulted?.(fault(message, library, routine, reason, !!isWrite))),
  (handle, bytes) => handle.output(bytes),
  (handle, isServer, question) => handle.owner.asked?.(isServer, question),
]);

module.exports = { JSStreamSocket, TLSHandle };
