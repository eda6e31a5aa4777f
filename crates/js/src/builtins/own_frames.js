// Which frames of a stack are of the built-in library: its files are called as Node's are (`File::script_name`), and the bridge's `twinloop:bridge/...`.
'use strict';

const { regExp, test } = require('builtins/primordials');

const ownFile = regExp(/(?:^|[ (])(?:node|twinloop):/);

/** @param {string} frame a line of a stack, or the file that it names */
const isOwnFrame = (frame) => test(ownFile, frame);

module.exports = { isOwnFrame };
