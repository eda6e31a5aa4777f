// Who the process is to the system (https://nodejs.org/api/process.html#processgetuid), and the mask of new files' modes.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireArray, requireInteger, requireObject, requireString } = require('node/arguments');
const { includes, keys, map, parseInt, push, regExp, split, stringIncludes, test } = require('builtins/primordials');
const {
  fileModeMask,
  fsReadFile,
  isLimited,
  isWorkerThread,
  replaceProcess,
  setGroups,
  setIdentity,
  supplementaryGroups,
  userAndGroupIds,
} = ops;
const loadPermission = () => require('node/process/permission');

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

/** A number, or a name. @param {any} value @param {string} name */
function requireId(value, name) {
  if (typeof value === 'number') requireInteger(value, name, 0, 2 ** 32 - 1);
  else if (typeof value !== 'string') throw invalidType(name, ['number', 'string'], value);
}

/** The fields of the line that begins with a name. @param {string} file @param {string} name @returns {string[] | undefined} */
function lineOf(file, name) {
  const lines = split(fsReadFile(file, true, true), '\n');
  for (let index = 0; index < lines.length; index += 1) {
    const fields = split(lines[index], ':');
    if (fields[0] === name) return fields;
  }
  return undefined;
}

/** @param {any} value @param {boolean} isGroup @returns {number} */
function idOf(value, isGroup) {
  if (typeof value === 'number') return value;
  const fields = lineOf(isGroup ? '/etc/group' : '/etc/passwd', value);
  if (fields === undefined) {
    throw nodeError(Error, 'ERR_UNKNOWN_CREDENTIAL', `${isGroup ? 'Group' : 'User'} identifier does not exist: ${value}`);
  }
  return parseInt(fields[2], 10);
}

/** A thread may not change what belongs to the process. @param {string} what */
function refuseInWorkers(what) {
  if (isWorkerThread()) {
    throw nodeError(TypeError, 'ERR_WORKER_UNSUPPORTED_OPERATION', `${what} is not supported in workers`);
  }
}

const names = ['setuid', 'seteuid', 'setgid', 'setegid'];

/** @param {number} what @param {boolean} isGroup @returns {(id: any) => void} */
const setter = (what, isGroup) => (id) => {
  refuseInWorkers(`process.${names[what]}()`);
  requireId(id, 'id');
  setIdentity(what, idOf(id, isGroup));
};

/** @param {any} groups */
function setgroups(groups) {
  requireArray(groups, 'groups');
  for (let index = 0; index < groups.length; index += 1) requireId(groups[index], `groups[${index}]`);
  setGroups(map(groups, (/** @type {any} */ group) => idOf(group, true)));
}

/** The groups that have a user as a member, and one more. @param {any} user @param {any} extraGroup */
function initgroups(user, extraGroup) {
  requireId(user, 'user');
  requireId(extraGroup, 'extraGroup');
  const groups = [idOf(extraGroup, true)];
  idOf(user, false);
  const lines = split(fsReadFile('/etc/group', true, true), '\n');
  for (let index = 0; index < lines.length; index += 1) {
    const fields = split(lines[index], ':');
    const members = fields.length > 3 ? split(fields[3], ',') : [];
    for (let place = 0; place < members.length; place += 1) if (members[place] === user) push(groups, parseInt(fields[2], 10));
  }
  setGroups(groups);
}

/** Another program in the place of this one, with its files and its number. @param {any} execPath @param {any} args @param {any} env */
function execve(execPath, args, env) {
  refuseInWorkers('process.execve()');
  requireString(execPath, 'execPath');
  requireArray(args, 'args');
  for (let index = 0; index < args.length; index += 1) {
    if (typeof args[index] !== 'string' || stringIncludes(args[index], '\0')) {
      throw invalidValue(`args[${index}]`, args[index], 'must be a string without null bytes');
    }
  }
  requireObject(env, 'env');
  /** @type {string[]} */
  const variables = [];
  const names = keys(env);
  for (let index = 0; index < names.length; index += 1) {
    const value = env[names[index]];
    if (typeof value !== 'string' || stringIncludes(names[index], '\0') || stringIncludes(value, '\0')) {
      throw invalidValue('env', env, 'must be an object with string keys and values without null bytes');
    }
    push(variables, names[index], value);
  }
  if (isLimited()) loadPermission().limitChild(variables, args, env.NODE_OPTIONS);
  replaceProcess(execPath, args, variables);
}

/** @type {Record<string, Function>} */
module.exports = {
  getuid: () => userAndGroupIds()[0],
  geteuid: () => userAndGroupIds()[1],
  getgid: () => userAndGroupIds()[2],
  getegid: () => userAndGroupIds()[3],
  /** The effective group is among them, whether the system lists it or not. */
  getgroups() {
    const groups = supplementaryGroups();
    const own = userAndGroupIds()[3];
    if (!includes(groups, own)) push(groups, own);
    return groups;
  },
  execve,
  initgroups,
  setegid: setter(3, true),
  seteuid: setter(1, false),
  setgid: setter(2, true),
  setgroups,
  setuid: setter(0, false),
  umask,
};
