// `node:path` (https://nodejs.org/api/path.html), for POSIX paths.
'use strict';

const { requireObject, requireString } = require('node/arguments');
const { withoutDots } = require('node/path/segments');
const { workingDirectory } = require('node/process/directory');
const { assign, defineProperty, endsWith, join: joinParts, lastIndexOf, push, slice, split, startsWith } = require('builtins/primordials');
const loadGlob = () => require('node/path/glob');
const loadWin32 = () => require('node/path/win32');

/** @param {string} path @param {boolean} absolute */
const resolveDots = (path, absolute) => joinParts(withoutDots(split(path, '/'), absolute), '/');

/** @param {string} path */
function normalize(path) {
  requireString(path, 'path');
  if (path === '') return '.';
  const absolute = startsWith(path, '/');
  let result = resolveDots(path, absolute);
  if (result === '' && !absolute) result = '.';
  if (result !== '' && endsWith(path, '/')) result += '/';
  return absolute ? `/${result}` : result;
}

/** @param {...string} paths */
function join(...paths) {
  let joined = '';
  for (let index = 0; index < paths.length; index += 1) {
    const path = paths[index];
    requireString(path, 'path');
    if (path !== '') joined = joined === '' ? path : `${joined}/${path}`;
  }
  return joined === '' ? '.' : normalize(joined);
}

/** @param {...string} paths */
function resolve(...paths) {
  let resolved = '';
  for (let index = paths.length - 1; index >= 0 && !startsWith(resolved, '/'); index -= 1) {
    const path = paths[index];
    requireString(path, `paths[${index}]`);
    if (path !== '') resolved = resolved === '' ? path : `${path}/${resolved}`;
  }
  if (!startsWith(resolved, '/')) {
    const folder = workingDirectory();
    // Only a program that made `process.cwd` say nothing has a folder that is not absolute.
    if (folder !== '') resolved = `${folder}/${resolved}`;
  }
  return startsWith(resolved, '/') ? `/${resolveDots(resolved, true)}` : resolveDots(resolved, false) || '.';
}

/** @param {string} path */
function isAbsolute(path) {
  requireString(path, 'path');
  return startsWith(path, '/');
}

/** The segments of an absolute path. @param {string} path */
function segmentsOf(path) {
  const whole = resolve(path);
  return whole === '/' ? [] : split(slice(whole, 1), '/');
}

/** @param {string} from @param {string} to */
function relative(from, to) {
  requireString(from, 'from');
  requireString(to, 'to');
  const start = segmentsOf(from);
  const end = segmentsOf(to);
  let common = 0;
  while (common < start.length && common < end.length && start[common] === end[common]) common += 1;
  /** @type {string[]} */
  const way = [];
  for (let index = common; index < start.length; index += 1) push(way, '..');
  for (let index = common; index < end.length; index += 1) push(way, end[index]);
  return joinParts(way, '/');
}

/** @param {string} path */
function withoutTrailingSlashes(path) {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return slice(path, 0, end);
}

/** @param {string} path */
function dirname(path) {
  requireString(path, 'path');
  if (path === '') return '.';
  const trimmed = withoutTrailingSlashes(path);
  const slash = lastIndexOf(trimmed, '/');
  if (slash === -1) return '.';
  // A root of two slashes keeps both.
  if (slash === 0) return '/';
  return slash === 1 && trimmed[0] === '/' ? '//' : slice(trimmed, 0, slash);
}

/** @param {string} path @param {string} [suffix] */
function basename(path, suffix = undefined) {
  if (suffix !== undefined) requireString(suffix, 'suffix');
  requireString(path, 'path');
  if (suffix === path) return '';
  const trimmed = withoutTrailingSlashes(path);
  const base = slice(trimmed, lastIndexOf(trimmed, '/') + 1);
  return suffix !== undefined && base !== suffix && endsWith(base, suffix) ? slice(base, 0, base.length - suffix.length) : base;
}

/** @param {string} path */
function extname(path) {
  const base = basename(path);
  const dot = lastIndexOf(base, '.');
  return dot <= 0 || base === '..' ? '' : slice(base, dot);
}

/** @param {string} path */
function parse(path) {
  requireString(path, 'path');
  const root = startsWith(path, '/') ? '/' : '';
  const base = basename(path);
  const ext = extname(path);
  const trimmed = withoutTrailingSlashes(path);
  const slash = lastIndexOf(trimmed, '/');
  const dir = slash === -1 ? '' : slash === 0 ? '/' : slice(trimmed, 0, slash);
  return { root, dir: dir === '' ? root : dir, base, ext, name: ext === '' ? base : slice(base, 0, base.length - ext.length) };
}

/** @param {{ root?: string, dir?: string, base?: string, name?: string, ext?: string }} parts */
function format(parts) {
  requireObject(parts, 'pathObject');
  const dot = parts.ext && !startsWith(`${parts.ext}`, '.') ? '.' : '';
  const base = parts.base || `${parts.name ?? ''}${dot}${parts.ext ?? ''}`;
  const directory = parts.dir || parts.root;
  if (!directory) return base;
  return directory === parts.root ? `${directory}${base}` : `${directory}/${base}`;
}

/** @type {Record<string, any>} */
const posix = {
  resolve,
  normalize,
  isAbsolute,
  join,
  relative,
  toNamespacedPath: (/** @type {any} */ path) => path,
  dirname,
  basename,
  extname,
  format,
  parse,
  /** @param {string} path @param {string} pattern */
  matchesGlob: (path, pattern) => loadGlob().matchesGlob(path, pattern, '/'),
  sep: '/',
  delimiter: ':',
};
posix.posix = posix;
posix._makeLong = posix.toNamespacedPath;
/** @type {any} */
let windows;
defineProperty(posix, 'win32', {
  get() {
    if (windows === undefined) {
      windows = loadWin32();
      assign(windows, {
        matchesGlob: (/** @type {string} */ path, /** @type {string} */ pattern) => loadGlob().matchesGlob(path, pattern, '\\'),
        win32: windows,
        posix,
        _makeLong: windows.toNamespacedPath,
      });
    }
    return windows;
  },
  enumerable: true,
  configurable: true,
});
module.exports = posix;
