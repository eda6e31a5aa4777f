// `Http2Session` (https://nodejs.org/api/http2.html#class-http2session): a connection over a socket, as programs see it.
'use strict';

const { SessionState, nothing, ofSocket, originsOf } = require('node/http2/state');
const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { http2Error, sessionError } = require('node/http2/errors');
const { checkSettings, packed, settingsOfList } = require('node/http2/settings');
const { socketProxy } = require('node/http2/socket');
const { own } = require('node/http2/stream');
const { setIdleTimeout } = require('node/http2/timing');
const { requireFunction, requireInteger, requireNumber, requireObject } = require('node/arguments');
const { invalidType, outOfRange } = require('node/errors');
const { assign, isView, push, setForEach } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { http2GoAway, http2SetNextStream, http2SetWindow, http2SettingsOf, http2State } = ops;
const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;

class Http2Session extends EventEmitter {
  /** @param {any} options @param {any} socket @param {boolean} isClient */
  constructor(options, socket, isClient) {
    super();
    if (socket[ofSocket] !== undefined) throw http2Error('SOCKET_BOUND');
    socket[ofSocket] = this;
    this.timeout = 0;
    this[own] = new SessionState(this, options, socket, isClient);
    const state = this[own];
    if (typeof socket.disableRenegotiation === 'function') socket.disableRenegotiation();
    if (socket.connecting || socket.secureConnecting) {
      socket.once(socket.secureConnecting ? 'secureConnect' : 'connect', () => {
        try {
          state.start();
        } catch (error) {
          socket.destroy(error);
        }
      });
    } else state.start();
  }

  get encrypted() {
    return this[own].encrypted;
  }
  get alpnProtocol() {
    return this[own].alpnProtocol;
  }
  get originSet() {
    if (!this.encrypted || this.destroyed) return undefined;
    /** @type {string[]} */
    const list = [];
    setForEach(originsOf(this[own]), (origin) => push(list, origin));
    return list;
  }
  get connecting() {
    return this[own].connecting;
  }
  get closed() {
    return this[own].isClosed;
  }
  get destroyed() {
    return this[own].isDestroyed;
  }
  get socket() {
    const state = this[own];
    if (state.proxy === undefined && state.socket !== undefined) state.proxy = socketProxy(this, () => state.socket);
    return state.proxy;
  }
  get type() {
    return this[own].isClient ? constants.NGHTTP2_SESSION_CLIENT : constants.NGHTTP2_SESSION_SERVER;
  }
  get pendingSettingsAck() {
    return this[own].pendingAck > 0;
  }
  get state() {
    const { native } = this[own];
    if (native === undefined || this.destroyed) return {};
    const state = http2State(native);
    return {
      effectiveLocalWindowSize: state[0],
      effectiveRecvDataLength: state[1],
      nextStreamID: state[2],
      localWindowSize: state[3],
      lastProcStreamID: state[4],
      remoteWindowSize: state[5],
      outboundQueueSize: state[6],
      deflateDynamicTableSize: state[7],
      inflateDynamicTableSize: state[8],
    };
  }
  get localSettings() {
    const state = this[own];
    if (state.native === undefined || this.destroyed) return state.localSettings ?? {};
    if (state.localSettings === undefined) {
      state.localSettings = settingsOfList(http2SettingsOf(state.native, false), undefined);
      assign(state.localSettings.customSettings, state.customSettings);
    }
    return state.localSettings;
  }
  get remoteSettings() {
    const state = this[own];
    if (state.native === undefined || this.destroyed) return state.remoteSettings ?? {};
    state.remoteSettings ??= settingsOfList(http2SettingsOf(state.native, true), state.options.remoteCustomSettings ?? []);
    return state.remoteSettings;
  }

  /** @param {number} id */
  setNextStreamID(id) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    requireNumber(id, 'id');
    if (id <= 0 || id > 2 ** 32 - 1) throw outOfRange('id', '> 0 and <= 4294967295', id);
    http2SetNextStream(this[own].native, id);
  }

  /** @param {number} size */
  setLocalWindowSize(size) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    requireInteger(size, 'windowSize', 0, 2 ** 31 - 1);
    http2SetWindow(this[own].native, size);
    this[own].flushSoon();
  }

  /** @param {any} payload @param {any} [callback] */
  ping(payload, callback) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    let given = payload;
    let done = callback;
    if (typeof given === 'function') {
      done = given;
      given = undefined;
    }
    if (given !== undefined) {
      if (!isView(given)) throw invalidType('payload', ['Buffer', 'TypedArray', 'DataView'], given);
      if (given.byteLength !== 8) throw http2Error('PING_LENGTH');
    }
    requireFunction(done, 'callback');
    const state = this[own];
    if (this.connecting) {
      this.once('connect', () => state.sendPing(given, done));
      return undefined;
    }
    return state.sendPing(given, done);
  }

  /** @param {any} settings @param {any} [callback] */
  settings(settings, callback) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    if (settings !== undefined) requireObject(settings, 'settings');
    const given = { ...settings };
    checkSettings(given);
    if (callback !== undefined) requireFunction(callback, 'callback');
    const state = this[own];
    state.pendingAck += 1;
    const bytes = packed(given);
    state.custom(given);
    if (this.connecting) this.once('connect', () => state.sendSettings(bytes, callback));
    else state.sendSettings(bytes, callback);
  }

  /** @param {number} [code] @param {number} [lastStreamID] @param {any} [opaqueData] */
  goaway(code = NGHTTP2_NO_ERROR, lastStreamID = 0, opaqueData = undefined) {
    if (this.destroyed) throw http2Error('INVALID_SESSION');
    if (opaqueData !== undefined && !isView(opaqueData)) {
      throw invalidType('opaqueData', ['Buffer', 'TypedArray', 'DataView'], opaqueData);
    }
    requireNumber(code, 'code');
    requireNumber(lastStreamID, 'lastStreamID');
    const bytes = opaqueData === undefined ? nothing : bytesOf(opaqueData);
    const send = () => {
      const state = this[own];
      if (state.native === undefined) return;
      http2GoAway(state.native, code, lastStreamID, bytes);
      state.flushSoon();
    };
    if (this.connecting) this.once('connect', send);
    else send();
  }

  /** @param {any} [given] an error, or a code @param {number} [code] */
  destroy(given = NGHTTP2_NO_ERROR, code = undefined) {
    if (this.destroyed) return;
    let error = given;
    let told = code;
    if (typeof error === 'number') {
      told = error;
      error = told === NGHTTP2_NO_ERROR ? undefined : sessionError(told);
    }
    if (told === undefined && error !== undefined && error !== null) told = NGHTTP2_INTERNAL_ERROR;
    this[own].end(told ?? NGHTTP2_NO_ERROR, error);
  }

  /** @param {any} [callback] */
  close(callback) {
    if (this.closed || this.destroyed) return;
    this[own].isClosed = true;
    if (typeof callback === 'function') this.once('close', callback);
    this.goaway();
    this[own].maybeDestroy();
  }

  /** @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    return setIdleTimeout(this, milliseconds, callback, () => this[own].expired());
  }

  /** @param {any} error @param {string} event @param {any[]} given */
  [Symbol.for('nodejs.rejection')](error, event, ...given) {
    if (event === 'stream') given[0].destroy(error);
    else this.destroy(error);
  }

  ref() {
    const { socket } = this[own];
    if (typeof socket?.ref === 'function') socket.ref();
  }
  unref() {
    const { socket } = this[own];
    if (typeof socket?.unref === 'function') socket.unref();
  }

  /** @param {number} depth @param {any} options @param {any} inspect */
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return this;
    const shown = {
      type: this.type,
      closed: this.closed,
      destroyed: this.destroyed,
      state: this.state,
      localSettings: this.localSettings,
      remoteSettings: this.remoteSettings,
    };
    return `Http2Session ${inspect(shown, { ...options, depth: options.depth === null ? null : options.depth - 1 })}`;
  }
}

module.exports = { Http2Session };
