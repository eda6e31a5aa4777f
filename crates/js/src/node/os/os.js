// node:os: what a program may know of the machine.
'use strict';

const constants = require('node/os/constants');
const { assign, create, defineProperty, endsWith, slice } = require('builtins/primordials');
const { osFacts, parallelism } = ops;
const loadBuffer = () => require('node/buffer/buffer');
const loadMachine = () => require('node/os/machine');
const loadProcess = () => require('node/process/process');
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** @param {string} name @returns {string | undefined} */
function environment(name) {
  return loadProcess().process.env[name];
}

/** What can be taken as text: `${os.hostname}` is the host's name. @param {() => any} read */
function textual(read) {
  defineProperty(read, Symbol.toPrimitive, { value: read, configurable: true });
  return read;
}

/** @param {{ encoding?: string }} [options] */
function userInfo(options) {
  const isBuffer = options?.encoding === 'buffer';
  const { user, userId, groupId, home, shell } = osFacts();
  const text = (/** @type {string} */ value) => (isBuffer ? loadBuffer().Buffer.from(value) : value);
  const facts = { uid: userId, gid: groupId, username: text(user), homedir: text(home), shell: text(shell) };
  return assign(create(null), facts);
}

const os = {
  arch: textual(() => loadProcess().process.arch),
  availableParallelism: textual(() => parallelism()),
  cpus: () => loadMachine().cpus(),
  endianness: textual(() => (littleEndian ? 'LE' : 'BE')),
  freemem: textual(() => osFacts().freeMemory),
  /** @param {number} [pid] */
  getPriority: (pid) => loadMachine().getPriority(pid),
  homedir: textual(() => environment('HOME') ?? osFacts().home),
  hostname: textual(() => osFacts().hostname),
  loadavg: () => osFacts().load,
  networkInterfaces: () => loadMachine().networkInterfaces(),
  platform: textual(() => loadProcess().process.platform),
  release: textual(() => osFacts().release),
  /** @param {number} pid @param {number} [priority] */
  setPriority: (pid, priority) => loadMachine().setPriority(pid, priority),
  tmpdir: textual(() => {
    const folder = environment('TMPDIR') || environment('TMP') || environment('TEMP') || '/tmp';
    return folder.length > 1 && endsWith(folder, '/') ? slice(folder, 0, folder.length - 1) : folder;
  }),
  totalmem: textual(() => osFacts().totalMemory),
  type: textual(() => osFacts().type),
  userInfo,
  uptime: textual(() => osFacts().uptime),
  version: textual(() => osFacts().version),
  machine: textual(() => osFacts().machine),
};
defineProperty(os, 'constants', { value: constants, enumerable: true, configurable: true });
defineProperty(os, 'EOL', { value: '\n', enumerable: true, configurable: true });
defineProperty(os, 'devNull', { value: '/dev/null', enumerable: true, configurable: true });
module.exports = os;
