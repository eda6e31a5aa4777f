// `node:dgram` (https://nodejs.org/api/dgram.html): the names; sockets are not there yet, and say so.
'use strict';

const { absentClass, absentFunction } = require('node/absent');
const { prototype: emitter } = require('node/events/events');

module.exports = { createSocket: absentFunction('dgram', 'createSocket', 2), Socket: absentClass('dgram', 'Socket', 2, emitter) };
