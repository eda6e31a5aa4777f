// Who the process is to the system (https://nodejs.org/api/process.html#processgetuid), and the mask of new files' modes.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireInteger } = require('node/arguments');
const { absentFunction } = require('node/absent');
const { parseInt, regExp, test } = require('builtins/primordials');
const { fileModeMask, supplementaryGroups, userAndGroupIds } = ops;

const octal = regExp(/^[0-7]+$/);

/** The mask until now, which an argument replaces. @param {any} [mask] a number, or octal digits */
function umask(mask) {
  if (mask === undefined) return fileModeMask(undefined);
  let number = mask;
  if (typeof mask === 'string') {
    if (!test(octal, mask)) throw invalidValue('mask', mask, 'must be a 32-bit unsigned integer or an octal string');
    number = parseInt(mask, 8);
  } else if (typeof mask !== 'number') {
    throw invalidType('mask', 'number', mask);
  }
  requireInteger(number, 'mask', 0, 2 ** 32 - 1);
  return fileModeMask(number & 0o777);
}

/** @type {Record<string, Function>} */
module.exports = {
  getuid: () => userAndGroupIds()[0],
  geteuid: () => userAndGroupIds()[1],
  getgid: () => userAndGroupIds()[2],
  getegid: () => userAndGroupIds()[3],
  getgroups: () => supplementaryGroups(),
  initgroups: absentFunction('process', 'initgroups', 2),
  setegid: absentFunction('process', 'setegid', 1),
  seteuid: absentFunction('process', 'seteuid', 1),
  setgid: absentFunction('process', 'setgid', 1),
  setgroups: absentFunction('process', 'setgroups', 1),
  setuid: absentFunction('process', 'setuid', 1),
  umask,
};
