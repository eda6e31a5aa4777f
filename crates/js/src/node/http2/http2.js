// `node:http2` (https://nodejs.org/api/http2.html): constants and settings. Sessions are not there yet, and say so.
'use strict';

const constants = require('node/http2/constants');
const { absentClass, absentFunction } = require('node/absent');
const { getDefaultSettings, getPackedSettings, getUnpackedSettings } = require('node/http2/settings');
const { prototype: emitter } = require('node/events/events');

module.exports = {
  connect: absentFunction('http2', 'connect', 3),
  constants,
  createServer: absentFunction('http2', 'createServer', 2),
  createSecureServer: absentFunction('http2', 'createSecureServer', 2),
  getDefaultSettings,
  getPackedSettings,
  getUnpackedSettings,
  performServerHandshake: absentFunction('http2', 'performServerHandshake', 1),
  sensitiveHeaders: Symbol('sensitiveHeaders'),
  Http2ServerRequest: absentClass('http2', 'Http2ServerRequest', 4, emitter),
  Http2ServerResponse: absentClass('http2', 'Http2ServerResponse', 2, emitter),
};
