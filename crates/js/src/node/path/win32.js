// `path.win32` (https://nodejs.org/api/path.html#windows-vs-posix): the same for Windows paths, wherever the program runs. A path is a device
// (`C:`, `\\server\share`, `\\?`), whether it is absolute, and segments.
'use strict';

const { requireObject, requireString } = require('node/arguments');
const { withoutDots } = require('node/path/segments');
const { workingDirectory } = require('node/process/directory');
const {
  arraySlice,
  endsWith,
  includes,
  join: joinParts,
  lastIndexOf,
  max,
  min,
  pop,
  push,
  regExp,
  repeat,
  replaceAll,
  slice,
  some,
  split,
  startsWith,
  stringIncludes,
  stringIndexOf,
  test,
  toLowerCase,
  toUpperCase,
} = require('builtins/primordials');

const slashes = regExp(/[\\/]+/);
const drive = regExp(/^[a-z]:/i);
const reserved = split(
  'CON PRN AUX NUL COM1 COM2 COM3 COM4 COM5 COM6 COM7 COM8 COM9 LPT1 LPT2 LPT3 LPT4 LPT5 LPT6 LPT7 LPT8 LPT9 COM\xb9 COM\xb2 COM\xb3 LPT\xb9 LPT\xb2 LPT\xb3',
  ' ',
);

/** @param {string | undefined} unit */
const isSlash = (unit) => unit === '/' || unit === '\\';

/** Whether what stands before the colon is the name of a device. @param {string} path @param {number} colon */
const isReserved = (path, colon) => colon !== -1 && includes(reserved, toUpperCase(slice(path, 0, colon)));

/** @param {string} path @param {number} from */
function nextSlash(path, from) {
  let at = from;
  while (at < path.length && !isSlash(path[at])) at += 1;
  return at;
}

/** @param {string} path @param {number} from */
function behindSlashes(path, from) {
  let at = from;
  while (at < path.length && isSlash(path[at])) at += 1;
  return at;
}

/** @typedef {{ server: string, share: string, end: number }} Share */

/** `\\server\share` at the front; undefined when it is none. @param {string} path @returns {Share | undefined} */
function shareOf(path) {
  if (!isSlash(path[0]) || !isSlash(path[1])) return undefined;
  const serverEnd = nextSlash(path, 2);
  if (serverEnd === 2 || serverEnd === path.length) return undefined;
  const shareStart = behindSlashes(path, serverEnd);
  if (shareStart === path.length) return undefined;
  const end = nextSlash(path, shareStart);
  return { server: slice(path, 2, serverEnd), share: slice(path, shareStart, end), end };
}

/** @typedef {{ device: string | undefined, absolute: boolean, end: number }} Root */

/** What a path begins with, as `resolve` and `normalize` see it. @param {string} path @returns {Root} */
function rootOf(path) {
  if (isSlash(path[0])) {
    const share = shareOf(path);
    if (share === undefined) return { device: undefined, absolute: true, end: isSlash(path[1]) ? 0 : 1 };
    if (share.server === '.' || share.server === '?') {
      const name = slice(path, 4, stringIndexOf(path, ':') + 1);
      if (name !== '' && isReserved(name, name.length - 1)) return { device: `\\\\?\\${name}`, absolute: true, end: 4 + name.length };
      return { device: `\\\\${share.server}`, absolute: true, end: 4 };
    }
    return { device: `\\\\${share.server}\\${share.share}`, absolute: true, end: share.end };
  }
  if (test(drive, path)) return { device: slice(path, 0, 2), absolute: isSlash(path[2]), end: isSlash(path[2]) ? 3 : 2 };
  const colon = stringIndexOf(path, ':');
  if (colon > 0 && isReserved(path, colon)) return { device: slice(path, 0, colon + 1), absolute: false, end: colon + 1 };
  return { device: undefined, absolute: false, end: 0 };
}

/** @param {string} path @param {boolean} absolute */
const resolveDots = (path, absolute) => joinParts(withoutDots(split(path, slashes), absolute), '\\');

/** Whether a relative path could be taken for one with a drive, once its dots are gone (CVE-2024-36139). @param {string} path @param {string} tail */
function looksLikeDevice(path, tail) {
  if (test(drive, tail)) return true;
  for (let at = stringIndexOf(path, ':'); at !== -1; at = stringIndexOf(path, ':', at + 1)) {
    if (at === path.length - 1 || isSlash(path[at + 1])) return true;
  }
  return false;
}

/** @param {string} path */
function normalize(path) {
  requireString(path, 'path');
  if (path === '') return '.';
  if (path.length === 1) return path === '/' ? '\\' : path;
  const share = shareOf(path);
  if (share !== undefined && share.end === path.length && share.server !== '.' && share.server !== '?') {
    return `\\\\${share.server}\\${share.share}\\`;
  }
  const { device, absolute, end } = rootOf(path);
  let tail = end < path.length ? resolveDots(slice(path, end), absolute) : '';
  if (tail === '' && !absolute) tail = '.';
  if (tail !== '' && isSlash(path[path.length - 1])) tail += '\\';
  if (!absolute && device === undefined && looksLikeDevice(path, tail) && stringIncludes(path, ':')) return `.\\${tail}`;
  if (isReserved(path, stringIndexOf(path, ':'))) return `.\\${device ?? ''}${tail}`;
  return `${device ?? ''}${absolute ? '\\' : ''}${tail}`;
}

/** @param {...string} paths */
function join(...paths) {
  /** @type {string[]} */
  const parts = [];
  for (let index = 0; index < paths.length; index += 1) {
    requireString(paths[index], 'path');
    if (paths[index] !== '') push(parts, paths[index]);
  }
  if (parts.length === 0) return '.';
  let joined = joinParts(parts, '\\');
  // Two slashes in front begin a share only where the first part says so.
  const saysShare = isSlash(parts[0][0]) && isSlash(parts[0][1]) && parts[0].length > 2 && !isSlash(parts[0][2]);
  const count = behindSlashes(joined, 0);
  if (!saysShare && count >= 2) joined = `\\${slice(joined, count)}`;
  if (some(split(joined, '\\'), (part) => isReserved(part, stringIndexOf(part, ':')))) return replaceAll(joined, '/', '\\');
  return normalize(joined);
}

/** The folder in which a drive's relative paths begin; the environment of Windows has one for each. @param {string} device */
function folderOf(device) {
  if (device === '') return workingDirectory();
  const folder = workingDirectory();
  return toLowerCase(slice(folder, 0, 2)) !== toLowerCase(device) && folder[2] === '\\' ? `${device}\\` : folder;
}

/** @param {...string} paths */
function resolve(...paths) {
  let device = '';
  let tail = '';
  let absolute = false;
  for (let index = paths.length - 1; index >= -1; index -= 1) {
    if (index >= 0) requireString(paths[index], `paths[${index}]`);
    const path = index >= 0 ? paths[index] : folderOf(device);
    if (path === '') continue;
    const root = path.length === 1 ? { device: undefined, absolute: isSlash(path), end: isSlash(path) ? 1 : 0 } : resolvingRoot(path);
    if (root.device !== undefined) {
      // A path on another drive says nothing of this one.
      if (device !== '' && toLowerCase(root.device) !== toLowerCase(device)) continue;
      if (device === '') device = root.device;
    }
    if (!absolute) {
      tail = `${slice(path, root.end)}\\${tail}`;
      absolute = root.absolute;
    }
    if (absolute && device !== '') break;
  }
  const kept = resolveDots(tail, absolute);
  return absolute ? `${device}\\${kept}` : `${device}${kept}` || '.';
}

/** @param {string} path @returns {Root} */
function resolvingRoot(path) {
  const share = shareOf(path);
  if (share !== undefined) {
    const isDevice = share.server === '.' || share.server === '?';
    return isDevice
      ? { device: `\\\\${share.server}`, absolute: true, end: 4 }
      : { device: `\\\\${share.server}\\${share.share}`, absolute: true, end: share.end };
  }
  if (isSlash(path[0])) return { device: undefined, absolute: true, end: isSlash(path[1]) ? 0 : 1 };
  if (test(drive, path)) return { device: slice(path, 0, 2), absolute: isSlash(path[2]), end: isSlash(path[2]) ? 3 : 2 };
  return { device: undefined, absolute: false, end: 0 };
}

/** @param {string} path */
function isAbsolute(path) {
  requireString(path, 'path');
  return isSlash(path[0]) || (path.length > 2 && test(drive, path) && isSlash(path[2]));
}

/** The segments of a whole path. @param {string} path */
function segmentsOf(path) {
  const parts = split(path, '\\');
  while (parts.length > 0 && parts[parts.length - 1] === '') pop(parts);
  let start = 0;
  while (start < parts.length && parts[start] === '') start += 1;
  return arraySlice(parts, start);
}

/** @param {string} from @param {string} to */
function relative(from, to) {
  requireString(from, 'from');
  requireString(to, 'to');
  if (from === to) return '';
  const start = resolve(from);
  const end = resolve(to);
  if (toLowerCase(start) === toLowerCase(end)) return '';
  const startParts = segmentsOf(start);
  const endParts = segmentsOf(end);
  let common = 0;
  const shorter = min(startParts.length, endParts.length);
  while (common < shorter && toLowerCase(startParts[common]) === toLowerCase(endParts[common])) common += 1;
  if (common === 0) return end;
  const up = max(startParts.length - common, 0);
  const rest = joinParts(arraySlice(endParts, common), '\\');
  if (up === 0) return rest;
  const way = `${repeat('..\\', up - 1)}..`;
  return rest === '' ? way : `${way}\\${rest}`;
}

/** @param {any} path */
function toNamespacedPath(path) {
  if (typeof path !== 'string' || path === '') return path;
  const resolved = resolve(path);
  if (resolved.length <= 2) return path;
  if (startsWith(resolved, '\\\\')) {
    return resolved[2] === '?' || resolved[2] === '.' ? resolved : `\\\\?\\UNC\\${slice(resolved, 2)}`;
  }
  return test(drive, resolved) && resolved[2] === '\\' ? `\\\\?\\${resolved}` : resolved;
}

/** How long the root at the front is, with its slash; a share alone is all root. @param {string} path */
function rootLength(path) {
  const share = shareOf(path);
  if (share !== undefined) return share.end === path.length ? share.end : share.end + 1;
  if (isSlash(path[0])) return 1;
  if (!test(drive, path)) return 0;
  return isSlash(path[2]) ? 3 : 2;
}

/** Where what is neither root nor trailing slash ends. @param {string} path @param {number} root */
function trimmedLength(path, root) {
  let end = path.length;
  while (end > root && isSlash(path[end - 1])) end -= 1;
  return end;
}

/** @param {string} path @param {number} root @param {number} end */
function lastSlash(path, root, end) {
  for (let at = end - 1; at >= root; at -= 1) if (isSlash(path[at])) return at;
  return -1;
}

/** @param {string} path */
function dirname(path) {
  requireString(path, 'path');
  if (path === '') return '.';
  if (path.length === 1) return isSlash(path) ? path : '.';
  const root = rootLength(path);
  if (root === path.length && root > 3) return path;
  const slash = lastSlash(path, root, trimmedLength(path, root));
  if (slash === -1) return root === 0 ? '.' : slice(path, 0, root);
  return slice(path, 0, slash);
}

/** @param {string} path @param {string} [suffix] */
function basename(path, suffix = undefined) {
  if (suffix !== undefined) requireString(suffix, 'suffix');
  requireString(path, 'path');
  if (suffix !== undefined && suffix !== '' && suffix === path) return '';
  const start = test(drive, path) ? 2 : 0;
  const end = trimmedLength(path, start);
  const base = slice(path, max(lastSlash(path, start, end) + 1, start), end);
  return suffix !== undefined && base !== suffix && endsWith(base, suffix) ? slice(base, 0, base.length - suffix.length) : base;
}

/** @param {string} path */
function extname(path) {
  requireString(path, 'path');
  const base = basename(path);
  const dot = lastIndexOf(base, '.');
  return dot <= 0 || base === '..' ? '' : slice(base, dot);
}

/** @param {string} path */
function parse(path) {
  requireString(path, 'path');
  const parts = { root: '', dir: '', base: '', ext: '', name: '' };
  if (path === '') return parts;
  const length = rootLength(path);
  parts.root = slice(path, 0, length);
  if (path.length === 1 && !isSlash(path)) {
    parts.base = parts.name = path;
    return parts;
  }
  const end = trimmedLength(path, length);
  const slash = lastSlash(path, length, end);
  parts.base = slice(path, slash === -1 ? length : slash + 1, end);
  const dot = lastIndexOf(parts.base, '.');
  parts.ext = dot <= 0 || parts.base === '..' ? '' : slice(parts.base, dot);
  parts.name = slice(parts.base, 0, parts.base.length - parts.ext.length);
  parts.dir = slash === -1 ? parts.root : slice(path, 0, slash === length - 1 ? length : slash);
  return parts;
}

/** @param {{ root?: string, dir?: string, base?: string, name?: string, ext?: string }} parts */
function format(parts) {
  requireObject(parts, 'pathObject');
  const dot = parts.ext && !startsWith(`${parts.ext}`, '.') ? '.' : '';
  const base = parts.base || `${parts.name ?? ''}${dot}${parts.ext ?? ''}`;
  const directory = parts.dir || parts.root;
  if (!directory) return base;
  return directory === parts.root ? `${directory}${base}` : `${directory}\\${base}`;
}

/** @type {Record<string, any>} */
const win32 = {
  resolve,
  normalize,
  isAbsolute,
  join,
  relative,
  toNamespacedPath,
  dirname,
  basename,
  extname,
  format,
  parse,
  sep: '\\',
  delimiter: ';',
};
module.exports = win32;
