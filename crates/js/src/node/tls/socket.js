// `tls.TLSSocket` (https://nodejs.org/api/tls.html#class-tlstlssocket): a `net.Socket` whose handle encrypts. Until the handshake is done its errors are
// for whoever made it (`tls.connect`, a server), which then releases control of it.
'use strict';

const { apply, construct, includes, isView, now, push, replaceAll, setPrototypeOf, shift, toUpperCase } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const { addMethods } = require('node/prototypes');
const { requireBoolean, requireFunction, requireInteger, requireObject, requireString } = require('node/arguments');
const { invalidType, nodeError } = require('node/errors');
const { socketClosed } = require('node/net/errors');
const { SocketHandle } = require('node/net/handle');
const { Socket } = require('node/net/socket');
const { nextTick } = require('node/process/ticks');
const exported = require('node/tls/exported');
const { optionOf } = require('node/tls/options');
const { emitWarning } = require('node/process/warnings');
const { calledTwice, handshakeTimeout, noContext } = require('node/tls/errors');
const { nativeOf } = require('node/tls/context');
const { TLSHandle } = require('node/tls/handle');
const { convertALPNProtocols, packedProtocols } = require('node/tls/protocols');
const loadFs = () => /** @type {any} */ (require('node/fs/fs'));
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadCertificates = () => /** @type {any} */ (require('node/crypto/certificate'));
const { tlsTicket } = ops;

/** What `tls.connect` was asked for. */
const asked = Symbol('connect-options');
/** A session that came before the other end was checked. */
const pendingSession = Symbol('pendingSession');
const isVerified = Symbol('verified');
const alpnCallback = Symbol('alpncallback');
const pskCallback = Symbol('pskcallback');
const refusesRenegotiation = Symbol('disable-renegotiation');
/** When handshakes after the first began. */
const handshakes = Symbol('handshakes');

/** @this {any} @param {any} [socket] what is below; without it the socket is to be connected @param {any} [given] */
function TLSSocket(socket, given) {
  if (!(this instanceof /** @type {any} */ (TLSSocket))) return construct(/** @type {any} */ (TLSSocket), [socket, given]);
  const options = { ...given };
  if (options.ALPNProtocols) convertALPNProtocols(options.ALPNProtocols, options);
  const { enableTrace } = options;
  if (enableTrace !== undefined && enableTrace !== null) requireBoolean(enableTrace, 'options.enableTrace');
  this._tlsOptions = options;
  this._secureEstablished = false;
  this._securePending = false;
  this._newSessionPending = false;
  this._controlReleased = false;
  this.secureConnecting = true;
  this._SNICallback = null;
  this.servername = null;
  this.alpnProtocol = null;
  this.authorized = false;
  this.authorizationError = null;
  this[asked] = null;
  this[pendingSession] = null;
  this[isVerified] = false;

  const handle = handleFor(socket, options);
  apply(Socket, this, [
    {
      handle,
      allowHalfOpen: socket ? socket.allowHalfOpen : options.allowHalfOpen,
      pauseOnCreate: options.pauseOnConnect,
      manualStart: true,
      highWaterMark: options.highWaterMark,
      onread: socket ? null : options.onread,
      signal: options.signal,
    },
  ]);
  // Tells secure sockets from others.
  this.encrypted = true;
  begin(this, socket, options);
  // In a tick, so that whoever made it can listen first.
  nextTick(readFirst, this, socket);
}
setPrototypeOf(TLSSocket.prototype, Socket.prototype);
setPrototypeOf(TLSSocket, Socket);

/** @param {any} socket @param {any} options */
function handleFor(socket, options) {
  if (socket && typeof socket.pipe !== 'function') throw invalidType('socket', 'Duplex', socket);
  const context = options.secureContext || exported.createSecureContext(options);
  const native = nativeOf(context);
  if (native === undefined) throw noContext();
  options.secureContext = context;
  const isNative = socket instanceof /** @type {any} */ (Socket) && /** @type {any} */ (socket)._handle instanceof SocketHandle;
  const isServer = !!options.isServer;
  if (!socket) return new TLSHandle(native, isServer, undefined, undefined);
  return isNative ? new TLSHandle(native, isServer, socket, undefined) : new TLSHandle(native, isServer, undefined, socket);
}

/** @param {any} socket @param {any} below @param {any} options */
function begin(socket, below, options) {
  const handle = socket._handle;
  // Programs of old look for it.
  socket.ssl = handle;
  socket.once('close', socket._destroySSL);
  socket.server = options.server;
  socket.on('error', socket._tlsError);
  const { owner } = handle;
  owner.faulted = (/** @type {any} */ error) => faulted(socket, error);
  const requests = !!options.requestCert || !options.isServer;
  const rejects = !!options.rejectUnauthorized;
  socket._requestCert = requests;
  socket._rejectUnauthorized = rejects;
  handle.set('request', options.isServer ? requests : false, rejects);
  if (options.isServer) beginServer(socket, options, owner);
  else beginClient(socket, options, owner);
  owner.key = (/** @type {any} */ line) => {
    const { Buffer, wrap } = loadBuffer();
    socket.emit('keylog', Buffer.concat([wrap(line), Buffer.from('\n')]));
  };
  const wantKeys = (/** @type {any} */ event) => {
    if (event === 'keylog') {
      socket._handle?.set('keys');
      socket.removeListener('newListener', wantKeys);
    }
  };
  socket.on('newListener', wantKeys);
  if (options.ALPNProtocols) handle.set('protocols', bytesOf(options.ALPNProtocols));
  logKeys(socket);
  if (options.handshakeTimeout > 0) socket.setTimeout(options.handshakeTimeout, socket._handleTimeout);
  if (!below) {
    socket.connecting = true;
    return;
  }
  socket._parent = below;
  below.on('error', (/** @type {any} */ error) => socket._emitTLSError(error));
  below.once('close', () => socket.destroy());
  // A socket that has not begun to connect will.
  socket.connecting = !!below.connecting || (below instanceof /** @type {any} */ (Socket) && !(/** @type {any} */ (below)._handle));
  if (socket.connecting) {
    below.once('connect', () => {
      if (socket.destroyed) return;
      handle.joinConnected();
      socket.connecting = false;
      socket.emit('connect');
    });
  }
}

let hasWarnedOfKeys = false;
/** Writes keys where the command line says (`--tls-keylog`). @param {any} socket */
function logKeys(socket) {
  const file = optionOf('--tls-keylog');
  if (file === undefined) return;
  if (!hasWarnedOfKeys) {
    hasWarnedOfKeys = true;
    emitWarning(`Using --tls-keylog makes TLS connections insecure by writing secret key material to file ${file}`);
  }
  socket.on('keylog', (/** @type {any} */ line) => loadFs().appendFileSync(file, line, { mode: 0o600 }));
}

/** @param {any} socket @param {any} options @param {any} owner */
function beginServer(socket, options, owner) {
  const handle = socket._handle;
  const { server } = options;
  owner.secured = () => {
    if (socket._newSessionPending) socket._securePending = true;
    else socket._finishInit();
  };
  owner.said = () => clientSaid(socket);
  owner.began = () => handshakeBegan(socket);
  owner.session = (/** @type {any} */ id, /** @type {any} */ session) => sessionOfServer(socket, id, session);
  if (options.pskCallback !== undefined && options.pskCallback !== null) {
    requireFunction(options.pskCallback, 'pskCallback');
    socket[pskCallback] = options.pskCallback;
    owner.asked = (/** @type {boolean} */ _isServer, /** @type {any} */ identity) => answered(socket, () => keyOfClient(socket, identity));
    handle.set('psk');
  }
  if (options.SNICallback !== undefined && options.SNICallback !== null) requireFunction(options.SNICallback, 'options.SNICallback');
  const listens = (/** @type {string} */ event) => server?.listenerCount?.(event) > 0;
  if (listens('newSession')) handle.set('sessions');
  let waits = listens('resumeSession') || listens('OCSPRequest');
  const { SNICallback, ALPNCallback } = options;
  if (
    typeof SNICallback === 'function' &&
    (!server?._contexts || SNICallback !== server._defaultSNICallback || server._contexts.length > 0)
  ) {
    socket._SNICallback = SNICallback;
    waits = true;
  }
  if (ALPNCallback) {
    requireFunction(ALPNCallback, 'options.ALPNCallback');
    socket[alpnCallback] = ALPNCallback;
    waits = true;
  }
  if (waits) handle.set('hello');
}

/** Another handshake begins, which costs a server more than a client. @param {any} socket */
function handshakeBegan(socket) {
  if (socket[refusesRenegotiation]) {
    socket._emitTLSError(nodeError(Error, 'ERR_TLS_RENEGOTIATION_DISABLED', 'TLS session renegotiation disabled for this socket'));
    return;
  }
  const { CLIENT_RENEG_LIMIT: limit, CLIENT_RENEG_WINDOW: seconds } = exported;
  const times = (socket[handshakes] ??= []);
  const time = now();
  while (times.length > 0 && times[0] < time - seconds * 1000) shift(times);
  push(times, time);
  if (times.length > limit) {
    socket._emitTLSError(nodeError(Error, 'ERR_TLS_SESSION_ATTACK', 'TLS session renegotiation attack detected'));
  }
}

/** @param {any} socket @param {any} options @param {any} owner */
function beginClient(socket, options, owner) {
  const handle = socket._handle;
  owner.secured = () => socket._finishInit();
  owner.session = (/** @type {any} */ _id, /** @type {any} */ session) => {
    const given = loadBuffer().wrap(session);
    // Whoever keeps sessions must not have one of an end that turns out to be another.
    if (socket[isVerified]) socket.emit('session', given);
    else socket[pendingSession] = given;
  };
  owner.stapled = (/** @type {any} */ answer) => socket.emit('OCSPResponse', answer === undefined ? null : loadBuffer().wrap(answer));
  handle.set('sessions');
  if (options.requestOCSP) handle.set('requestStatus');
  if (options.pskCallback !== undefined && options.pskCallback !== null) {
    requireFunction(options.pskCallback, 'pskCallback');
    socket[pskCallback] = options.pskCallback;
    owner.asked = (/** @type {boolean} */ _isServer, /** @type {any} */ hint) => answered(socket, () => identityOfClient(socket, hint));
    handle.set('psk');
  }
}

/** The other end is whom it was to be. @param {any} socket */
function verified(socket) {
  socket[isVerified] = true;
  const session = socket[pendingSession];
  socket[pendingSession] = null;
  if (session !== null) socket.emit('session', session);
}

/** Begins to read; what the socket below holds already comes first. @param {any} socket @param {any} below */
function readFirst(socket, below) {
  if (!socket._handle) return;
  if (below?.readableLength) {
    for (let chunk = below.read(); chunk !== null && socket._handle; chunk = below.read()) socket._handle.receive(bytesOf(chunk));
  }
  socket.read(0);
}

/** OpenSSL gave up. @param {any} socket @param {any} error */
function faulted(socket, error) {
  if (socket._hadError) return;
  socket._hadError = true;
  if (!socket._secureEstablished || error.code === 'EPROTO') {
    // Nobody but who made it can hear of it yet.
    socket.destroy(error);
  } else if (socket._tlsOptions.isServer && socket._rejectUnauthorized && error.reason === 'peer did not return a certificate') {
    socket.destroy();
  } else socket._emitTLSError(error);
}

// ---- what a client said, and what a server does about it before it answers

/** @param {any} socket */
function clientSaid(socket) {
  const handle = socket._handle;
  const hello = handle?.hello();
  if (hello === undefined) return;
  const said = { sessionId: hello[0], servername: hello[1], asksForStatus: hello[2], protocols: hello[4] };
  const { server } = socket;
  if (said.sessionId.length === 0 || !(server?.listenerCount('resumeSession') > 0)) {
    chooseContext(socket, said);
    return;
  }
  const found = answeredOnce(socket, (session) => {
    if (session) socket._handle.set('resumed', bytesOf(session));
    chooseContext(socket, said);
  });
  server.emit('resumeSession', loadBuffer().wrap(said.sessionId), found);
}

/** What hears the answer of a server's program: once, and while the connection is there. @param {any} socket @param {(value: any) => void} act */
function answeredOnce(socket, act) {
  let isCalled = false;
  return (/** @type {any} */ error, /** @type {any} */ value) => {
    if (isCalled) {
      socket.destroy(calledTwice());
      return;
    }
    isCalled = true;
    if (error) socket.destroy(error);
    else if (socket._handle === null) socket.destroy(socketClosed());
    else act(value);
  };
}

/** @typedef {{ sessionId: any, servername: string | undefined, asksForStatus: boolean, protocols: string[] }} Said */

/** @param {any} socket @param {Said} said */
function chooseContext(socket, said) {
  const { servername } = said;
  if (servername) socket.servername = servername;
  if (!servername || !socket._SNICallback) {
    tellStatus(socket, said);
    return;
  }
  const chosen = answeredOnce(socket, (context) => {
    if (context) {
      const native = nativeOf(context);
      if (native === undefined) {
        socket.destroy(noContext());
        return;
      }
      socket._chosenContext = context.context ?? context;
      try {
        socket._handle.set('context', native);
      } catch (failure) {
        socket.destroy(failure);
        return;
      }
    }
    tellStatus(socket, said);
  });
  socket._SNICallback(servername, chosen);
}

/** @param {any} socket @param {Said} said */
function tellStatus(socket, said) {
  const { server } = socket;
  if (!said.asksForStatus || !(server?.listenerCount('OCSPRequest') > 0)) {
    chooseProtocol(socket, said);
    return;
  }
  const context = socket._chosenContext ?? server._sharedCreds.context;
  const told = answeredOnce(socket, (answer) => {
    if (answer) socket._handle.set('status', bytesOf(answer));
    chooseProtocol(socket, said);
  });
  server.emit('OCSPRequest', context.getCertificate(), context.getIssuer(), told);
}

/** What no client speaks: a name of a zero. The library refuses the client then with the right alert. */
const nothing = () => loadBuffer().Buffer.from([1, 0]);

/** @param {any} socket @param {Said} said */
function chooseProtocol(socket, said) {
  const choose = socket[alpnCallback];
  if (choose && said.protocols.length > 0) {
    const { servername, protocols } = said;
    let chosen;
    try {
      chosen = apply(choose, socket, [{ servername: servername ?? '', protocols }]);
    } catch (error) {
      socket.destroy(error);
      return;
    }
    if (socket._handle === null) return;
    if (chosen === undefined) socket._handle.set('protocols', nothing());
    else if (typeof chosen !== 'string' || !includes(protocols, chosen)) {
      const message = `ALPN callback returned a value (${chosen}) that did not match any of the client's offered protocols (${protocols})`;
      socket.destroy(nodeError(TypeError, 'ERR_TLS_ALPN_CALLBACK_INVALID_RESULT', message));
      return;
    } else socket._handle.set('protocols', packedProtocols([chosen]));
  }
  socket._handle?.release();
}

/** A session began that a server may keep. @param {any} socket @param {any} id @param {any} session */
function sessionOfServer(socket, id, session) {
  const { server } = socket;
  if (!server) return;
  let isCalled = false;
  socket._newSessionPending = true;
  const done = () => {
    if (isCalled) return;
    isCalled = true;
    socket._newSessionPending = false;
    if (socket._handle === null) return;
    if (socket._securePending) socket._finishInit();
    socket._securePending = false;
  };
  const { wrap } = loadBuffer();
  if (!server.emit('newSession', wrap(id), wrap(session), done)) done();
}

// ---- keys that both ends share (RFC 4279)

/** What the program throws ends the connection. @param {any} socket @param {() => any} answer */
function answered(socket, answer) {
  try {
    return answer();
  } catch (error) {
    socket.destroy(error);
    return undefined;
  }
}

/** @param {any} socket @param {any} identity */
function keyOfClient(socket, identity) {
  const given = apply(socket[pskCallback], socket.server ?? socket, [socket, loadBuffer().wrap(identity).toString()]);
  if (given === null || given === undefined) return undefined;
  const key = typeof given === 'object' && !isView(given) && given.psk !== undefined ? given.psk : given;
  return pskOf(key);
}

/** @param {any} key */
function pskOf(key) {
  if (!isView(key)) throw invalidType('psk', ['Buffer', 'TypedArray', 'DataView'], key);
  return bytesOf(key);
}

/** @param {any} socket @param {any} hint */
function identityOfClient(socket, hint) {
  const given = apply(socket[pskCallback], socket, [hint === undefined ? null : loadBuffer().wrap(hint).toString()]);
  if (given === null || given === undefined) return undefined;
  if (typeof given !== 'object') throw invalidType('ret', 'Object', given);
  requireString(given.identity, 'ret.identity');
  return [loadBuffer().Buffer.from(given.identity), pskOf(given.psk)];
}

// ---- methods

/** @param {any} list certificates in DER, each issued by the next @returns {any} as Node's objects, with each other as issuers */
function chained(list) {
  let first;
  let last;
  const { X509Certificate } = loadCertificates();
  for (let index = 0; index < list.length; index += 1) {
    const certificate = construct(X509Certificate, [list[index]]);
    const shown = certificate.toLegacyObject();
    if (last === undefined) first = shown;
    else last.issuerCertificate = shown;
    last = shown;
    // A root is its own issuer.
    if (index === list.length - 1 && certificate.checkIssued(certificate)) shown.issuerCertificate = shown;
  }
  return first;
}

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const methods = {
  /** The end of the handshake's time. */
  _handleTimeout() {
    const error = handshakeTimeout();
    this._emitTLSError(error);
    // A server has been told; nobody waits for what may still come.
    if (!this._controlReleased) this.destroy();
  },
  _destroySSL() {
    this.ssl = null;
  },
  /** @param {any} error */
  _emitTLSError(error) {
    const own = this._tlsError(error);
    if (own) this.destroy(own);
  },
  /** @param {any} error what is the user's to hear, once the socket is */
  _tlsError(error) {
    this.emit('_tlsError', error);
    return this._controlReleased ? error : null;
  },
  /** From now on errors are its user's. */
  _releaseControl() {
    if (this._controlReleased) return false;
    this._controlReleased = true;
    this.removeListener('error', this._tlsError);
    return true;
  },
  _finishInit() {
    const handle = this._handle;
    if (!handle) return;
    this.alpnProtocol = handle.getALPNNegotiatedProtocol();
    this.servername ??= handle.getServername();
    this._secureEstablished = true;
    if (this._tlsOptions.handshakeTimeout > 0) this.setTimeout(0, this._handleTimeout);
    this.emit('secure');
  },
  _start() {
    if (this.connecting) {
      this.once('connect', this._start);
      return;
    }
    this._handle?.start();
  },

  /** @param {any} name */
  setServername(name) {
    requireString(name, 'name');
    if (this._tlsOptions.isServer) {
      throw nodeError(Error, 'ERR_TLS_SNI_FROM_SERVER', 'Cannot issue SNI from a TLS server-side socket');
    }
    this._handle.set('serverName', name);
  },
  /** @param {any} session */
  setSession(session) {
    const bytes = typeof session === 'string' ? loadBuffer().Buffer.from(session, 'latin1') : session;
    if (!isView(bytes)) throw invalidType('session', ['string', 'Buffer', 'TypedArray', 'DataView'], session);
    this._handle?.set('session', bytesOf(bytes));
  },
  getSession() {
    return this._handle?.getSession();
  },
  getTLSTicket() {
    const session = this._handle?.ask('session');
    return session === undefined ? undefined : buffer(tlsTicket(session));
  },
  isSessionReused() {
    return this._handle ? this._handle.isSessionReused() : null;
  },

  /** @param {any} [detailed] with those who issued it */
  getPeerCertificate(detailed) {
    const handle = this._handle;
    if (!handle) return null;
    const list = handle.ask('peer') ?? [];
    if (list.length === 0) return {};
    if (!detailed) return construct(loadCertificates().X509Certificate, [list[0]]).toLegacyObject();
    const chain = handle.ask('chain') ?? [];
    return chained(chain.length > 0 ? chain : list);
  },
  getCertificate() {
    const own = this._handle?.ask('own');
    if (!this._handle) return null;
    return own === undefined ? {} : construct(loadCertificates().X509Certificate, [own]).toLegacyObject();
  },
  getPeerX509Certificate() {
    const list = this._handle?.ask('peer') ?? [];
    const { X509Certificate, setIssuer } = loadCertificates();
    let last;
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const certificate = construct(X509Certificate, [list[index]]);
      if (last !== undefined) setIssuer(certificate, last);
      last = certificate;
    }
    return last;
  },
  getX509Certificate() {
    const own = this._handle?.ask('own');
    return own === undefined ? undefined : construct(loadCertificates().X509Certificate, [own]);
  },
  /** @param {any} context */
  setKeyCert(context) {
    if (!this._handle) throw socketClosed();
    const made = nativeOf(context) === undefined ? exported.createSecureContext(context) : context;
    this._handle.set('keyAndCertificate', nativeOf(made));
  },

  disableRenegotiation() {
    this[refusesRenegotiation] = true;
  },
  /** @param {any} options @param {any} [callback] */
  renegotiate(options, callback) {
    requireObject(options, 'options');
    if (callback !== undefined) requireFunction(callback, 'callback');
    if (this.destroyed) return undefined;
    let requests = !!this._requestCert;
    let rejects = !!this._rejectUnauthorized;
    if (options.requestCert !== undefined) requests = !!options.requestCert;
    if (options.rejectUnauthorized !== undefined) rejects = !!options.rejectUnauthorized;
    const changes = requests !== !!this._requestCert || rejects !== !!this._rejectUnauthorized;
    this._requestCert = requests;
    this._rejectUnauthorized = rejects;
    const done = () => callback(null);
    if (callback) this.once('secure', done);
    try {
      if (changes && this._tlsOptions.isServer) this._handle.renegotiate(requests, rejects);
      else this._handle.renegotiate();
    } catch (error) {
      if (callback) {
        this.removeListener('secure', done);
        nextTick(callback, wrongVersion(error));
      }
      return false;
    }
    return true;
  },
  /** @param {any} size */
  setMaxSendFragment(size) {
    requireInteger(size, 'size', -(2 ** 31), 2 ** 31 - 1);
    return !!this._handle?.setMaxSendFragment(size);
  },
  getSharedSigalgs() {
    return this._handle?.ask('sharedSignatures') ?? [];
  },
  getProtocol() {
    return this._handle ? (this._handle.ask('version') ?? null) : null;
  },
  getCipher() {
    return this._handle ? this._handle.getCipher() : null;
  },
  getEphemeralKeyInfo() {
    if (!this._handle || this._tlsOptions.isServer) return null;
    return this._handle.getEphemeralKeyInfo();
  },
  getFinished() {
    return buffer(this._handle?.ask('finished'));
  },
  getPeerFinished() {
    return buffer(this._handle?.ask('peerFinished'));
  },
  /** @param {any} length @param {any} label @param {any} [context] */
  exportKeyingMaterial(length, label, context) {
    requireInteger(length, 'length', 1, 2 ** 32 - 1);
    requireString(label, 'label');
    if (context !== undefined && !isView(context)) {
      throw invalidType('context', ['Buffer', 'TypedArray', 'DataView'], context);
    }
    if (!this._secureEstablished) {
      throw nodeError(Error, 'ERR_TLS_INVALID_STATE', 'TLS socket connection must be securely established');
    }
    return buffer(this._handle?.export(length, label, context === undefined ? undefined : bytesOf(context)));
  },
};

/** The library's error by the name that errors of connections have. @param {any} error */
function wrongVersion(error) {
  if (error.reason !== undefined) error.code = `ERR_SSL_${replaceAll(toUpperCase(error.reason), ' ', '_')}`;
  return error;
}

/** @param {Uint8Array<ArrayBuffer> | undefined} bytes */
function buffer(bytes) {
  return bytes === undefined ? undefined : loadBuffer().wrap(bytes);
}

addMethods(TLSSocket.prototype, methods);

module.exports = { TLSSocket, asked, verified };
