// `process.loadEnvFile` (https://nodejs.org/api/process.html#processloadenvfilepath): variables that the environment does not have yet.
'use strict';

const { invalidType } = require('node/errors');
const { keys } = require('builtins/primordials');
const { parseEnv } = require('node/util/parse_env');
const loadFiles = () => require('node/fs/fs');

/** @param {Record<string, string>} environment @param {any} [path] */
function loadEnvFile(environment, path = './.env') {
  if (typeof path !== 'string' && !(typeof path === 'object' && path !== null))
    throw invalidType('path', ['string', 'Buffer', 'URL'], path);
  const variables = parseEnv(loadFiles().readFileSync(path, 'utf8'));
  const names = keys(variables);
  for (let index = 0; index < names.length; index += 1) environment[names[index]] ??= variables[names[index]];
}

module.exports = { loadEnvFile };
