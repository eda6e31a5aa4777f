// node:os: what a program may know of the machine.
'use strict';

const { osFacts, parallelism } = ops;
const loadProcess = () => require('node/process/process');
const facts = () => osFacts();
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const signals = Object.freeze({
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

function environment(name) {
  return loadProcess().process.env[name];
}

module.exports = {
  EOL: '\n',
  devNull: '/dev/null',
  constants: Object.freeze({ signals, priority: Object.freeze({ PRIORITY_LOW: 19, PRIORITY_NORMAL: 0, PRIORITY_HIGH: -14 }) }),
  arch: () => loadProcess().process.arch,
  platform: () => loadProcess().process.platform,
  availableParallelism: () => parallelism(),
  cpus: () =>
    Array.from({ length: facts().processors }, () => ({
      model: facts().model,
      speed: 0,
      times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 },
    })),
  endianness: () => (littleEndian ? 'LE' : 'BE'),
  freemem: () => facts().freeMemory,
  totalmem: () => facts().totalMemory,
  homedir: () => environment('HOME') ?? facts().home,
  hostname: () => facts().hostname,
  loadavg: () => facts().load,
  machine: () => facts().machine,
  release: () => facts().release,
  type: () => facts().type,
  version: () => facts().version,
  uptime: () => facts().uptime,
  tmpdir: () => (environment('TMPDIR') ?? environment('TMP') ?? environment('TEMP') ?? '/tmp').replace(/(?<=.)\/$/, ''),
  userInfo: () => {
    const { user, userId, groupId, home, shell } = facts();
    return { uid: userId, gid: groupId, username: user, homedir: home, shell };
  },
};
