// `node:constants`: those of `os`, `fs` and `crypto` in one object, deprecated in favour of each module's own.
'use strict';

const system = require('node/os/constants');
const { constants: files } = require('node/fs/values');
const { constants: cryptography } = require('node/crypto/constants');
const { assign } = require('builtins/primordials');

module.exports = assign({}, system.dlopen, system.errno, system.priority, system.signals, files, cryptography);
