// `node:http2` (https://nodejs.org/api/http2.html).
'use strict';

const constants = require('node/http2/constants');
const { Http2ServerRequest, Http2ServerResponse } = require('node/http2/compatibility');
const { connect } = require('node/http2/connect');
const { sensitiveHeaders } = require('node/http2/fields');
const { createSecureServer, createServer, performServerHandshake } = require('node/http2/server');
const { getDefaultSettings, getPackedSettings, getUnpackedSettings } = require('node/http2/settings');
const { defineProperty } = require('builtins/primordials');

/** A promise for the session that is connected. @param {any} authority @param {any} [options] */
const connectLater = (authority, options) =>
  new Promise((resolve, reject) => {
    const session = connect(authority, options, () => {
      session.removeListener('error', reject);
      return resolve(session);
    });
    session.once('error', reject);
  });
defineProperty(connectLater, 'name', { value: 'connect' });
defineProperty(connect, Symbol.for('nodejs.util.promisify.custom'), { value: connectLater });

module.exports = {
  connect,
  constants,
  createServer,
  createSecureServer,
  getDefaultSettings,
  getPackedSettings,
  getUnpackedSettings,
  performServerHandshake,
  sensitiveHeaders,
  Http2ServerRequest,
  Http2ServerResponse,
};
