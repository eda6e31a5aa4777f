// Names of protocols (ALPN, RFC 7301) in the form that messages have them.
'use strict';

const { nodeError } = require('node/errors');
const { bytesOf } = require('builtins/webidl');
const { isArray, isView, push } = require('builtins/primordials');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/** Each name behind its length. @param {string[]} protocols @returns {any} */
function packedProtocols(protocols) {
  const { Buffer } = loadBuffer();
  /** @type {any[]} */
  const parts = [];
  for (let index = 0; index < protocols.length; index += 1) {
    const name = Buffer.from(protocols[index]);
    if (name.length > 255) {
      const message = `The byte length of the protocol at index ${index} exceeds the maximum length. It must be <= 255. Received ${name.length}`;
      throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', message);
    }
    push(parts, Buffer.from([name.length]), name);
  }
  return Buffer.concat(parts);
}

/** @param {any} protocols @param {any} out */
function convertALPNProtocols(protocols, out) {
  if (isArray(protocols)) out.ALPNProtocols = packedProtocols(protocols);
  else if (isView(protocols)) out.ALPNProtocols = loadBuffer().Buffer.from(bytesOf(protocols));
}

module.exports = { convertALPNProtocols, packedProtocols };
