// `node:path` (https://nodejs.org/api/path.html), for POSIX paths.
'use strict';

const { invalidType } = require('node/errors');
const { currentDirectory } = ops;
function requireString(value, name) {
  if (typeof value === 'string') return value;
  throw invalidType(name, 'of type string', value);
}

/** The segments without `.`, and with each `..` taken back; `..` above the start stays unless the path is absolute. */
function resolveDots(path, absolute) {
  const kept = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push('..');
  }
  return kept.join('/');
}

function normalize(path) {
  requireString(path, 'path');
  if (path === '') return '.';
  const absolute = path.startsWith('/');
  let result = resolveDots(path, absolute);
  if (result === '' && !absolute) result = '.';
  if (result !== '' && path.endsWith('/')) result += '/';
  return absolute ? `/${result}` : result;
}

function join(...paths) {
  const parts = paths.filter((path) => requireString(path, 'path') !== '');
  return parts.length === 0 ? '.' : normalize(parts.join('/'));
}

function resolve(...paths) {
  let resolved = '';
  for (let index = paths.length - 1; index >= 0 && !resolved.startsWith('/'); index -= 1) {
    const path = requireString(paths[index], `paths[${index}]`);
    if (path !== '') resolved = resolved === '' ? path : `${path}/${resolved}`;
  }
  if (!resolved.startsWith('/')) resolved = `${currentDirectory()}/${resolved}`;
  return `/${resolveDots(resolved, true)}`;
}

function isAbsolute(path) {
  return requireString(path, 'path').startsWith('/');
}

function relative(from, to) {
  requireString(from, 'from');
  requireString(to, 'to');
  const start = resolve(from).split('/').filter(Boolean);
  const end = resolve(to).split('/').filter(Boolean);
  let common = 0;
  while (common < start.length && common < end.length && start[common] === end[common]) common += 1;
  return [...start.slice(common).map(() => '..'), ...end.slice(common)].join('/');
}

function withoutTrailingSlashes(path) {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function dirname(path) {
  requireString(path, 'path');
  if (path === '') return '.';
  const trimmed = withoutTrailingSlashes(path);
  const slash = trimmed.lastIndexOf('/');
  if (slash === -1) return '.';
  // A root of two slashes keeps both.
  if (slash === 0) return '/';
  return slash === 1 && trimmed[0] === '/' ? '//' : trimmed.slice(0, slash);
}

function basename(path, suffix = undefined) {
  requireString(path, 'path');
  if (suffix !== undefined && requireString(suffix, 'suffix') === path) return '';
  const trimmed = withoutTrailingSlashes(path);
  const base = trimmed.slice(trimmed.lastIndexOf('/') + 1);
  return suffix !== undefined && base !== suffix && base.endsWith(suffix) ? base.slice(0, base.length - suffix.length) : base;
}

function extname(path) {
  const base = basename(requireString(path, 'path'));
  const dot = base.lastIndexOf('.');
  return dot <= 0 || base === '..' ? '' : base.slice(dot);
}

function parse(path) {
  requireString(path, 'path');
  const root = path.startsWith('/') ? '/' : '';
  const base = basename(path);
  const ext = extname(path);
  const trimmed = withoutTrailingSlashes(path);
  const slash = trimmed.lastIndexOf('/');
  const dir = slash === -1 ? '' : slash === 0 ? '/' : trimmed.slice(0, slash);
  return { root, dir: dir === '' ? root : dir, base, ext, name: ext === '' ? base : base.slice(0, -ext.length) };
}

function format(parts) {
  if (typeof parts !== 'object' || parts === null) throw new TypeError('The "pathObject" argument must be of type object');
  const dot = parts.ext && !String(parts.ext).startsWith('.') ? '.' : '';
  const base = parts.base || `${parts.name ?? ''}${dot}${parts.ext ?? ''}`;
  const directory = parts.dir || parts.root;
  if (!directory) return base;
  return directory === parts.root ? `${directory}${base}` : `${directory}/${base}`;
}

const posix = {
  normalize,
  join,
  resolve,
  isAbsolute,
  relative,
  dirname,
  basename,
  extname,
  parse,
  format,
  toNamespacedPath: (path) => path,
  sep: '/',
  delimiter: ':',
};
posix.posix = posix;
module.exports = posix;
