// What programs see as `node:tls`: here, so that the module's own files have its settings and functions as a program left them.
// `node/tls/tls` puts the functions in.
'use strict';

const { optionOf } = require('node/tls/options');

/** What the command line says of versions counts for all contexts that name none. @param {string} bound @param {string[]} order @param {string} fallback */
function versionOf(bound, order, fallback) {
  for (let index = 0; index < order.length; index += 1) {
    if (optionOf(`--tls-${bound}-v${order[index]}`) !== undefined) return order[index] === '1.0' ? 'TLSv1' : `TLSv${order[index]}`;
  }
  return fallback;
}

/** @type {Record<string, any>} */
module.exports = {
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  DEFAULT_CIPHERS:
    optionOf('--tls-cipher-list') ||
    'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:' +
      'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:' +
      'DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA384:' +
      'ECDHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA256:HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:!PSK:!SRP:!CAMELLIA',
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: versionOf('min', ['1.0', '1.1', '1.2', '1.3'], 'TLSv1.2'),
  DEFAULT_MAX_VERSION: versionOf('max', ['1.3', '1.2'], 'TLSv1.3'),
};
