// node:os: what a program may know of the machine.
'use strict';

const constants = require('node/os/constants');
const { endsWith, push, slice } = require('builtins/primordials');
const { osFacts, parallelism } = ops;
const loadProcess = () => require('node/process/process');
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** @param {string} name @returns {string | undefined} */
function environment(name) {
  return loadProcess().process.env[name];
}

module.exports = {
  EOL: '\n',
  devNull: '/dev/null',
  constants,
  arch: () => loadProcess().process.arch,
  platform: () => loadProcess().process.platform,
  availableParallelism: () => parallelism(),
  cpus: () => {
    const { model, processors } = osFacts();
    /** @type {object[]} */
    const all = [];
    for (let index = 0; index < processors; index += 1) {
      push(all, { model, speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } });
    }
    return all;
  },
  endianness: () => (littleEndian ? 'LE' : 'BE'),
  freemem: () => osFacts().freeMemory,
  totalmem: () => osFacts().totalMemory,
  homedir: () => environment('HOME') ?? osFacts().home,
  hostname: () => osFacts().hostname,
  loadavg: () => osFacts().load,
  machine: () => osFacts().machine,
  release: () => osFacts().release,
  type: () => osFacts().type,
  version: () => osFacts().version,
  uptime: () => osFacts().uptime,
  tmpdir: () => {
    const folder = environment('TMPDIR') || environment('TMP') || environment('TEMP') || '/tmp';
    return folder.length > 1 && endsWith(folder, '/') ? slice(folder, 0, folder.length - 1) : folder;
  },
  userInfo: () => {
    const { user, userId, groupId, home, shell } = osFacts();
    return { uid: userId, gid: groupId, username: user, homedir: home, shell };
  },
};
