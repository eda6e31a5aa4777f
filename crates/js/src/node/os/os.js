// node:os: what a program may know of the machine.
'use strict';

const { freeze, endsWith, push, slice } = require('builtins/primordials');
const { osFacts, parallelism } = ops;
const loadProcess = () => require('node/process/process');
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const signals = freeze({
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGWINCH: 28,
});

/** @param {string} name @returns {string | undefined} */
function environment(name) {
  return loadProcess().process.env[name];
}

module.exports = {
  EOL: '\n',
  devNull: '/dev/null',
  constants: freeze({ signals, priority: freeze({ PRIORITY_LOW: 19, PRIORITY_NORMAL: 0, PRIORITY_HIGH: -14 }) }),
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
