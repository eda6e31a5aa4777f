// The options of `twinloop.serve`, by the names that users of Bun and Deno know, checked.
'use strict';

const { isArray, stringify, trunc } = require('builtins/primordials');
const { isBufferSource, isObject, bytesOf } = require('builtins/webidl');
const { isAbortSignal } = require('web/abort/abort');
const { Routes } = require('web/server/routes');
const { decodeText } = ops;

/**
 * @typedef {object} Serving
 * @property {((request: any, second: any, third: any) => any) | undefined} fetch
 * @property {boolean} wantsInfo whether the handler's second argument tells of the request (Deno) and not of the server (Bun)
 * @property {any} self what the handler is called on
 * @property {InstanceType<typeof Routes> | undefined} routes
 * @property {((error: any) => any) | undefined} error
 * @property {any} websocket
 */

/** @param {string} name @param {any} value @param {string} what @param {string} [caller] @returns {never} */
function refuse(name, value, what, caller = 'serve') {
  throw new TypeError(
    `${caller}: the option '${name}' must be ${what}, not ${typeof value === 'string' ? stringify(value) : String(value)}`,
  );
}

/** @param {any} options @param {string} name */
function functionOf(options, name) {
  const value = options[name];
  if (value !== undefined && typeof value !== 'function') refuse(name, value, 'a function');
  return value;
}

/** @param {any} options @param {string} name @param {number} standard @param {number} most @param {string} [caller] */
function readNumber(options, name, standard, most, caller = 'serve') {
  const value = options[name];
  if (value === undefined) return standard;
  const number = typeof value === 'string' && value !== '' ? +value : value;
  if (typeof number !== 'number' || !(number >= 0 && number <= most)) {
    refuse(name, value, most === Infinity ? 'a number from 0' : `a number from 0 to ${most}`, caller);
  }
  return number;
}

/** A number of things, of which there is no half. @param {any} options @param {string} name @param {number} standard @param {number} most @param {string} [caller] */
function countOf(options, name, standard, most, caller = 'serve') {
  const number = readNumber(options, name, standard, most, caller);
  if (trunc(number) !== number) refuse(name, options[name], 'a whole number', caller);
  return number;
}

/** What answers requests. @param {any} options @param {Serving} [before] what answered them until now @returns {Serving} */
function readServing(options, before = undefined) {
  const handler = functionOf(options, 'handler');
  const fetch = functionOf(options, 'fetch');
  const routes = options.routes === undefined ? undefined : new Routes(options.routes);
  const isNamed = handler !== undefined || fetch !== undefined;
  if (!isNamed && routes === undefined && before === undefined) {
    throw new TypeError("serve: the option 'fetch' must be a function that answers requests");
  }
  const { websocket } = options;
  if (websocket !== undefined && (typeof websocket !== 'object' || websocket === null))
    refuse('websocket', websocket, 'an object of functions');
  return {
    fetch: fetch ?? handler ?? before?.fetch,
    wantsInfo: isNamed || before === undefined ? fetch === undefined : before.wantsInfo,
    self: isNamed || before === undefined ? options : before.self,
    routes,
    error: functionOf(options, 'error') ?? functionOf(options, 'onError') ?? before?.error,
    websocket: websocket === undefined ? before?.websocket : readSocketOptions(websocket),
  };
}

/** @param {any} websocket */
function readSocketOptions(websocket) {
  const handlers = { __proto__: null };
  const names = ['open', 'message', 'close', 'drain', 'ping', 'pong'];
  for (let i = 0; i < names.length; i += 1) /** @type {any} */ (handlers)[names[i]] = functionOf(websocket, names[i]);
  const idle = readNumber(websocket, 'idleTimeout', 120, 960);
  return {
    ...handlers,
    publishToSelf: !!websocket.publishToSelf,
    limits: [
      countOf(websocket, 'maxPayloadLength', 16 * 1024 * 1024, 2 ** 31),
      countOf(websocket, 'backpressureLimit', 16 * 1024 * 1024, Infinity),
      websocket.perMessageDeflate ? 1 : 0,
      websocket.sendPings === false ? 0 : idle / 2,
      idle,
      // As in Bun: the connection is cut.
      0,
      /** @type {any} */ (handlers).drain === undefined ? 0 : 1,
    ],
  };
}

/** A text, a buffer, or a list of them, as PEM. @param {any} value @param {string} name @returns {string} */
function pemOf(value, name) {
  if (typeof value === 'string') return value;
  if (isBufferSource(value)) return decodeText('utf-8', bytesOf(value), false, false);
  if (!isArray(value)) refuse(name, value, 'a PEM text, its bytes, or a list of them');
  let text = '';
  for (let i = 0; i < value.length; i += 1) text += `${pemOf(value[i], name)}\n`;
  return text;
}

/**
 * Certificates with their keys, if there is TLS: `tls` is one, or a list of which all but the first have a `serverName`.
 * @param {any} options @returns {ServerCertificate[] | undefined}
 */
function readTls(options) {
  const { tls } = options;
  const list = isArray(tls) ? tls : [tls];
  /** @type {ServerCertificate[]} */
  const read = [];
  for (let i = 0; i < list.length; i += 1) {
    const one = list[i];
    if (one !== undefined && !isObject(one)) refuse('tls', one, 'an object with a certificate (cert) and its key (key), or a list of them');
    const cert = (i === 0 ? options.cert : undefined) ?? one?.cert;
    const key = (i === 0 ? options.key : undefined) ?? one?.key;
    if (cert === undefined && key === undefined && one === undefined) return undefined;
    if (cert === undefined || key === undefined) throw new TypeError('serve: TLS takes both a certificate (cert) and its key (key)');
    const { passphrase, serverName } = one ?? {};
    if (passphrase !== undefined && typeof passphrase !== 'string') refuse('passphrase', passphrase, 'a text');
    if (serverName !== undefined && typeof serverName !== 'string') refuse('serverName', serverName, 'a name');
    if (i > 0 && !serverName)
      throw new TypeError("serve: each certificate of 'tls' but the first takes the name that it is for (serverName)");
    read[i] = [pemOf(cert, 'cert'), pemOf(key, 'key'), passphrase, readAuthorities(one, i), one?.rejectUnauthorized === false, serverName];
  }
  return read;
}

/** Who signs the certificates of clients, if they are asked for. @param {any} tls @param {number} index */
function readAuthorities(tls, index) {
  if (!tls?.requestCert) return undefined;
  if (index > 0) throw new TypeError("serve: what clients are asked for (requestCert) is said with the first certificate of 'tls'");
  if (tls.ca === undefined) throw new TypeError('serve: who asks clients for certificates (requestCert) says whose are good (ca)');
  return pemOf(tls.ca, 'ca');
}

/** Where to listen. @param {any} options @returns {{ place: string | number, port: number, flags: number }} */
function readPlace(options) {
  const flags = (options.ipv6Only ? 1 : 0) | (options.reusePort ? 2 : 0);
  const path = options.unix ?? options.path;
  if (path !== undefined) {
    if (typeof path !== 'string' || path === '') refuse('unix', path, 'a path');
    return { place: path, port: 0, flags: flags | 4 };
  }
  if (options.fd !== undefined) return { place: countOf(options, 'fd', 0, 2 ** 20), port: 0, flags };
  const hostname = options.hostname ?? options.host ?? '0.0.0.0';
  if (typeof hostname !== 'string') refuse('hostname', hostname, 'a name or an address');
  return { place: hostname, port: countOf(options, 'port', 8000, 65535), flags };
}

/** @param {any} options @returns {[head: number, body: number, idle: number, compress: number]} */
function readLimits(options) {
  return [
    countOf(options, 'maxHeaderSize', 64 * 1024, 2 ** 30),
    countOf(options, 'maxRequestBodySize', 128 * 1024 * 1024, Infinity),
    // Without an end, as programs for Bun say it.
    readNumber(options, 'idleTimeout', 75, Infinity) || Infinity,
    readCompress('serve', options),
  ];
}

/** From how many bytes on answers are compressed for whom that suits; below zero they are not. @param {string} caller @param {any} options @returns {number} */
function readCompress(caller, options) {
  const { compress } = options;
  if (compress === undefined || compress === false) return -1;
  if (compress === true) return 1024;
  if (typeof compress !== 'object' || compress === null) refuse('compress', compress, 'true, false or { minSize }', caller);
  return countOf(compress, 'minSize', 1024, 2 ** 53, caller);
}

/** @param {any} options */
function readSignal(options) {
  const { signal } = options;
  if (signal !== undefined && !isAbortSignal(signal)) refuse('signal', signal, 'an AbortSignal');
  return signal;
}

module.exports = { functionOf, readCompress, readLimits, readNumber, readPlace, readServing, readSignal, readTls, refuse };
