// `node:sea` (https://nodejs.org/api/single-executable-applications.html): what a program in one file with its runtime asks of itself. Programs here never are.
'use strict';

const { nodeError } = require('node/errors');
const { requireString } = require('node/arguments');

/** @param {any} [key] @returns {never} */
function refuse(key = '') {
  requireString(key, 'key');
  throw nodeError(
    Error,
    'ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION',
    'Operation cannot be invoked when not in a single-executable application',
  );
}

module.exports = {
  isSea: () => false,
  /** @param {any} key @param {any} [_encoding] */
  getAsset: (key, _encoding) => refuse(key),
  /** @param {any} key */
  getRawAsset: (key) => refuse(key),
  /** @param {any} key @param {any} [_options] */
  getAssetAsBlob: (key, _options) => refuse(key),
  getAssetKeys: () => refuse(),
};
