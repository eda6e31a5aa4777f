// Which files hold tests: those that the command names, as paths or patterns, else what is named as one names tests
// (https://nodejs.org/api/test.html#running-tests-from-the-command-line).
'use strict';

const { push, regExp, setAdd, setHas, setOf, sort, test } = require('builtins/primordials');
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));

const scripts = '{js,cjs,mjs}';
const withTypes = '{js,cjs,mjs,ts,cts,mts}';
const isPattern = regExp(/[*?{}[\]!+@]/);

/** @param {boolean} types whether files of TypeScript count */
function usualPatterns(types) {
  const ends = types ? withTypes : scripts;
  return [`**/test/**/*.${ends}`, `**/*.test.${ends}`, `**/*-test.${ends}`, `**/*_test.${ends}`, `**/test-*.${ends}`, `**/test.${ends}`];
}

/**
 * The files in order. Without patterns of the user's own, nothing below `node_modules` counts.
 * @param {string[] | undefined} patterns @param {string} cwd @param {boolean} types @returns {string[]}
 */
function testFiles(patterns, cwd, types) {
  const isOwn = patterns !== undefined && patterns.length > 0;
  const list = isOwn ? patterns : usualPatterns(types);
  const seen = setOf(/** @type {string[]} */ ([]));
  /** @type {string[]} */
  const files = [];
  const exclude = isOwn ? undefined : (/** @type {string} */ name) => name === 'node_modules' || name.endsWith('/node_modules');
  for (let index = 0; index < list.length; index += 1) {
    const pattern = `${list[index]}`;
    const absolute = loadPath().resolve(cwd, pattern);
    if (!test(isPattern, pattern) || loadFiles().existsSync(absolute)) {
      if (loadFiles().existsSync(absolute)) add(absolute);
      continue;
    }
    const found = loadFiles().globSync(pattern, { cwd, exclude });
    for (let place = 0; place < found.length; place += 1) {
      const path = loadPath().resolve(cwd, found[place]);
      if (loadFiles().statSync(path, { throwIfNoEntry: false })?.isFile()) add(path);
    }
  }
  return sort(files);

  /** @param {string} path */
  function add(path) {
    if (setHas(seen, path)) return;
    setAdd(seen, path);
    push(files, path);
  }
}

module.exports = { testFiles, usualPatterns };
