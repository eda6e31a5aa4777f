// Whom the process trusts (https://nodejs.org/api/tls.html#tlsgetcacertificatestype).
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { emitWarning } = require('node/process/warnings');
const { requireArray, requireOneOf } = require('node/arguments');
const { isSharedBufferSource, bytesOf } = require('builtins/webidl');
const { freeze, map, trimEnd, mapHas, mapSet, push, Map } = require('builtins/primordials');
const { tlsAuthorities, tlsSetAuthorities } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadProcess = () => /** @type {any} */ (require('node/process/process')).process;

/** @type {Record<string, readonly string[] | undefined>} */
const known = { __proto__: /** @type {any} */ (null) };

/** @param {'bundled' | 'system' | 'extra'} kind @returns {readonly string[]} */
function read(kind) {
  if (known[kind] === undefined) {
    const list = tlsAuthorities(kind);
    if (typeof list === 'string') {
      emitWarning(`Ignoring extra certs from \`${loadProcess().env.NODE_EXTRA_CA_CERTS}\`, load failed: ${list}`);
      known[kind] = freeze([]);
    } else known[kind] = freeze(kind === 'bundled' ? map(list, (pem) => trimEnd(pem)) : list);
  }
  return /** @type {readonly string[]} */ (known[kind]);
}

const rootCertificates = () => read('bundled');

/** What contexts trust that name nobody. @returns {readonly string[]} */
function defaults() {
  if (known.default !== undefined) return known.default;
  /** @type {string[]} */
  const list = [];
  const parts = trustsSystem() ? [read('bundled'), read('system'), read('extra')] : [read('bundled'), read('extra')];
  for (let part = 0; part < parts.length; part += 1)
    for (let index = 0; index < parts[part].length; index += 1) push(list, parts[part][index]);
  known.default = freeze(list);
  return known.default;
}

/** Whether the process was told to trust whom the system trusts. */
function trustsSystem() {
  const { execArgv, env } = loadProcess();
  return env.NODE_USE_SYSTEM_CA === '1' || includesOption(execArgv, '--use-system-ca');
}

/** @param {string[]} list @param {string} option */
function includesOption(list, option) {
  for (let index = 0; index < list.length; index += 1) if (list[index] === option) return true;
  return false;
}

/** @param {any} [type] */
function getCACertificates(type = 'default') {
  if (typeof type !== 'string') throw invalidType('type', 'string', type);
  requireOneOf(type, 'type', ['default', 'bundled', 'system', 'extra']);
  return type === 'default' ? defaults() : read(/** @type {any} */ (type));
}

/** @param {any} certificates */
function setDefaultCACertificates(certificates) {
  requireArray(certificates, 'certs');
  /** @type {Uint8Array[]} */
  const list = [];
  const { Buffer } = loadBuffer();
  for (let index = 0; index < certificates.length; index += 1) {
    const certificate = certificates[index];
    if (typeof certificate === 'string') push(list, Buffer.from(certificate));
    else if (isSharedBufferSource(certificate)) push(list, bytesOf(certificate));
    else throw invalidType(`certs[${index}]`, ['string', 'ArrayBufferView'], certificate);
  }
  if (tlsSetAuthorities(list) === 0 && list.length > 0) {
    throw nodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'No valid certificates found in the provided array');
  }
  const seen = new Map();
  /** @type {string[]} */
  const shown = [];
  for (let index = 0; index < list.length; index += 1) {
    const text = Buffer.from(list[index]).toString();
    if (mapHas(seen, text)) continue;
    mapSet(seen, text, true);
    push(shown, text);
  }
  known.default = freeze(shown);
  isChanged = true;
}

let isChanged = false;
/** The process trusts what `getCACertificates` says, which may be more than the native side reads by itself. */
function apply() {
  if (isChanged) return;
  isChanged = true;
  if (loadProcess().env.NODE_EXTRA_CA_CERTS) read('extra');
  if (!trustsSystem()) return;
  const { Buffer } = loadBuffer();
  const list = defaults();
  /** @type {Uint8Array[]} */
  const bytes = [];
  for (let index = 0; index < list.length; index += 1) push(bytes, Buffer.from(list[index]));
  tlsSetAuthorities(bytes);
}

module.exports = { apply, getCACertificates, rootCertificates, setDefaultCACertificates, trustsSystem };
