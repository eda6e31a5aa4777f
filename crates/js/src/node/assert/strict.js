// `node:assert/strict`: the functions without `strict` in their names are strict as well.
'use strict';

module.exports = require('node/assert/assert').strict;
