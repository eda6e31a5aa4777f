// JSON Web Keys (RFC 7517, 7518, 8037) as WebCrypto reads and writes them: the dictionary, its checks, numbers in base64url.
'use strict';

const { DOMException } = require('builtins/domexception');
const { includes } = require('builtins/primordials');
const { isObject, toDOMString, toSequence } = require('builtins/webidl');
const { base64UrlBytes } = ops;

/** @typedef {Record<string, any>} Jwk */

const strings = ['alg', 'crv', 'd', 'dp', 'dq', 'e', 'k', 'kty', 'n', 'p', 'priv', 'pub', 'q', 'qi', 'use', 'x', 'y'];

/** @param {string} message */
function dataError(message) {
  return new DOMException(message, 'DataError');
}

/** Reads the dictionary. @param {any} given @returns {Jwk} */
function toJwk(given) {
  // Web IDL takes null for a dictionary without members.
  if (given === null || given === undefined) return { __proto__: null };
  if (!isObject(given)) throw new TypeError('the key is not a JsonWebKey');
  /** @type {Jwk} */
  const jwk = { __proto__: null };
  for (let index = 0; index < strings.length; index += 1) {
    const value = given[strings[index]];
    if (value !== undefined) jwk[strings[index]] = toDOMString(value);
  }
  if (given.ext !== undefined) jwk.ext = !!given.ext;
  if (given.key_ops !== undefined) jwk.key_ops = toSequence(given.key_ops, 'key_ops', toDOMString);
  return jwk;
}

/**
 * The checks that all kinds of keys share.
 * @param {Jwk} jwk @param {string} kty @param {string} use @param {boolean} extractable @param {string[]} usages @param {string} [alg]
 */
function checkJwk(jwk, kty, use, extractable, usages, alg) {
  if (jwk.kty === undefined) throw dataError('Invalid keyData');
  if (jwk.kty !== kty) throw dataError('Invalid JWK "kty" Parameter');
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) throw dataError('Invalid JWK "use" Parameter');
  if (jwk.key_ops !== undefined) {
    for (let index = 0; index < jwk.key_ops.length; index += 1) {
      for (let before = 0; before < index; before += 1) {
        if (jwk.key_ops[before] === jwk.key_ops[index]) throw dataError('Duplicate key operation');
      }
    }
    for (let index = 0; index < usages.length; index += 1) {
      if (!includes(jwk.key_ops, usages[index])) throw dataError('Key operations and usage mismatch');
    }
  }
  if (jwk.ext === false && extractable) throw dataError('JWK "ext" Parameter and extractable mismatch');
  if (alg !== undefined && jwk.alg !== undefined && jwk.alg !== alg) throw dataError('JWK "alg" does not match the requested algorithm');
}

/** @param {Jwk} jwk @param {string} name @returns {Uint8Array} */
function numberIn(jwk, name) {
  const text = jwk[name];
  const bytes = typeof text === 'string' ? base64UrlBytes(text) : undefined;
  if (bytes === undefined) throw dataError('Invalid keyData');
  return bytes;
}

module.exports = { checkJwk, dataError, numberIn, toJwk };
