// Channels on which Node's own modules tell (https://nodejs.org/api/diagnostics_channel.html#built-in-channels). They ask here whether anybody listens, and
// load nothing for it: as long as the program has not loaded `node:diagnostics_channel`, nobody does.
'use strict';

/** @type {((name: string, isTracing: boolean) => any) | undefined} */
let find;

/** What has the channels says how one is found. @param {(name: string, isTracing: boolean) => any} given */
function setFinder(given) {
  find = given;
}

/** The channel of this name if somebody listens. @param {string} name */
const heard = (name) => (find === undefined ? undefined : find(name, false));

/** The channels of what is traced under this name if somebody listens to one. @param {string} name */
const traced = (name) => (find === undefined ? undefined : find(name, true));

module.exports = { heard, setFinder, traced };
