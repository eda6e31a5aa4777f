// How many colours a terminal shows, as the environment tells (https://nodejs.org/api/tty.html#writestreamgetcolordepthenv).
'use strict';

const { requireInteger } = require('node/arguments');
const { hasOwn, regExp, test, toLowerCase } = require('builtins/primordials');

// Bits of colour: of all terminals that show 16, 256 and 16 million colours.
const few = 4;
const many = 8;
const all = 24;

/** @type {Record<string, number>} */
const terminals = {
  eterm: few,
  cons25: few,
  console: few,
  cygwin: few,
  dtterm: few,
  gnome: few,
  hurd: few,
  jfbterm: few,
  konsole: few,
  kterm: few,
  mlterm: few,
  mosh: all,
  putty: few,
  st: few,
  'rxvt-unicode-24bit': all,
  terminator: all,
  'xterm-kitty': all,
  'xterm-ghostty': all,
};
const familiar = regExp(/ansi|color|linux|direct|^con[0-9]*x[0-9]|^rxvt|^screen|^xterm|^vt100|^vt220/);

/** @type {[name: string, bits: number][]} */
const services = [
  ['APPVEYOR', many],
  ['BUILDKITE', many],
  ['CIRCLECI', all],
  ['DRONE', many],
  ['GITEA_ACTIONS', all],
  ['GITHUB_ACTIONS', all],
  ['GITLAB_CI', many],
  ['TRAVIS', many],
];

/** @param {Record<string, string | undefined>} environment */
function getColorDepth(environment) {
  if (environment.FORCE_COLOR !== undefined) {
    if (environment.FORCE_COLOR === '' || environment.FORCE_COLOR === '1' || environment.FORCE_COLOR === 'true') return few;
    return environment.FORCE_COLOR === '2' ? many : environment.FORCE_COLOR === '3' ? all : 1;
  }
  const isOff = (environment.NODE_DISABLE_COLORS ?? '') !== '' || (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  if (isOff) return 1;
  if (environment.TMUX) return all;
  if (hasOwn(environment, 'TF_BUILD') && hasOwn(environment, 'AGENT_NAME')) return few;
  if (hasOwn(environment, 'CI')) {
    for (let index = 0; index < services.length; index += 1) if (hasOwn(environment, services[index][0])) return services[index][1];
    return environment.CI_NAME === 'codeship' ? many : 1;
  }
  if (environment.TEAMCITY_VERSION !== undefined) {
    return test(regExp(/^(9\.(0*[1-9]\d*)\.|\d{2,}\.)/), environment.TEAMCITY_VERSION) ? few : 1;
  }
  switch (environment.TERM_PROGRAM) {
    case 'iTerm.app':
      return !environment.TERM_PROGRAM_VERSION || test(regExp(/^[0-2]\./), environment.TERM_PROGRAM_VERSION) ? many : all;
    case 'HyperTerm':
    case 'MacTerm':
      return all;
    case 'Apple_Terminal':
      return many;
    default:
      break;
  }
  if (environment.COLORTERM === 'truecolor' || environment.COLORTERM === '24bit') return all;
  if (environment.TERM) {
    const terminal = toLowerCase(environment.TERM);
    if (test(regExp(/truecolor/), terminal)) return all;
    if (test(regExp(/^xterm-256/), terminal)) return many;
    if (hasOwn(terminals, terminal)) return terminals[terminal];
    if (test(familiar, terminal)) return few;
  }
  return environment.COLORTERM ? few : 1;
}

/** Whether so many colours are shown; the count may be left out. @param {any} count @param {any} environment @param {Record<string, string | undefined>} usual */
function hasColors(count, environment, usual) {
  if (environment === undefined && (count === undefined || (typeof count === 'object' && count !== null))) {
    return 2 ** getColorDepth(count ?? usual) >= 16;
  }
  requireInteger(count, 'count', 2);
  return count <= 2 ** getColorDepth(environment ?? usual);
}

module.exports = { getColorDepth, hasColors };
