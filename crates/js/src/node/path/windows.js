// `node:path/win32`: the same object as `path.win32`.
'use strict';

module.exports = require('node/path/path').win32;
