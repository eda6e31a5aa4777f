// Whether a socket of `node:net` tries the addresses of both families, and how long each (https://nodejs.org/api/net.html#netgetdefaultautoselectfamily).
'use strict';

const { option, switchedOn } = require('node/process/options');

const attempt = option('--network-family-autoselection-attempt-timeout');
module.exports = {
  selects: switchedOn('--network-family-autoselection', switchedOn('--enable-network-family-autoselection', true)),
  attemptTimeout: attempt === undefined ? 500 : +attempt,
};
