// What a prompt offers for the Tab key: names in reach, properties of what stands before a dot, modules in `require` and `import`, and the
// prompt's own commands.
'use strict';

const { endsWith, exec, filter, forEach, getOwnPropertyNames, getPrototypeOf, includes, keys } = require('builtins/primordials');
const {
  lastIndexOf,
  map,
  push,
  regExp,
  replace,
  setAdd,
  setHas,
  setOf,
  slice,
  sort,
  startsWith,
  test,
  toLowerCase,
  unshift,
} = require('builtins/primordials');
const { Box, isObject, isProxy, unknown, valueOf } = require('node/repl/effect_free');
const { promptExpression } = ops;
const Module = () => /** @type {any} */ (require('node/module/module')).Module;
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));
const loadProcess = () => require('node/process/process');

const lastName = regExp(/[a-zA-Z_$][\w$]*$/);
const moduleStart = regExp(/\b(?:require|import)\s*\(\s*(["'`])([^"'`]*)$/);
const fromStart = regExp(/\b(?:from|import)\s+(["'])([^"']*)$/);
const fileStart = regExp(
  /\b(?:fs\.|fs\.promises\.|fsPromises\.)?\w*(?:[Ff]ile|[Dd]ir|stat|access|unlink|realpath|open)\w*\(\s*(["'`])([^"'`]*)$/,
);
const wholeModule = regExp(/\b(?:require|import)\s*\(\s*(["'`])[^"'`]*\1$/);
const declaration = regExp(/\b(?:let|const|var|class|function)\s+[\w$]*$/);
const commandStart = regExp(/^\s*\.(\w*)$/);
const name = regExp(/^[a-zA-Z_$][\w$]*$/);
const accessors = ['__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__'];
const keywords = [
  'async',
  'await',
  'break',
  'case',
  'catch',
  'const',
  'continue',
  'debugger',
  'default',
  'delete',
  'do',
  'else',
  'export',
  'false',
  'finally',
  'for',
  'function',
  'if',
  'import',
  'in',
  'instanceof',
  'let',
  'new',
  'null',
  'return',
  'switch',
  'this',
  'throw',
  'true',
  'try',
  'typeof',
  'var',
  'void',
  'while',
  'with',
  'yield',
];

/** The names of all properties, inherited ones after own ones. @param {any} value @returns {string[][]} */
function propertyGroups(value) {
  /** @type {string[][]} */
  const groups = [];
  let object = value;
  if (object === null || object === undefined) return groups;
  if (!isObject(object)) object = getPrototypeOf(new Box(object));
  for (let depth = 0; object !== null && depth < 32 && !isProxy(object); depth += 1) {
    const names = filter(getOwnPropertyNames(object), (each) => test(name, each) && !includes(accessors, each));
    push(groups, names);
    object = getPrototypeOf(object);
  }
  return groups;
}

/** The files of a folder that a text names in part. @param {string} part */
function filesFor(part) {
  const cut = lastIndexOf(part, '/') + 1;
  const folder = slice(part, 0, cut);
  try {
    const entries = loadFiles().readdirSync(loadPath().resolve(loadProcess().process.cwd(), folder === '' ? '.' : folder), {
      withFileTypes: true,
    });
    return map(entries, (/** @type {any} */ entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`);
  } catch {
    return [];
  }
}

/** Whether a text names a folder, and nothing in it yet. @param {string} part */
function isFolder(part) {
  if (part === '' || endsWith(part, '/')) return false;
  try {
    return loadFiles().statSync(loadPath().resolve(loadProcess().process.cwd(), part)).isDirectory();
  } catch {
    return false;
  }
}

const extension = regExp(/\.(?:[cm]?[jt]sx?|json|node)$/);
// Those that need not be said.
const unsaid = regExp(/\.js$|\.json$|\.node$/);

/** What `require` may be given, that begins so. @param {string} part @returns {string[]} */
function pathsFor(part) {
  if (part === '.') return ['./', '../'];
  if (part === '..') return ['../'];
  /** @type {string[]} */
  const all = [];
  forEach(filesFor(part), (/** @type {string} */ each) => {
    if (!endsWith(each, '/') && !test(extension, each)) return;
    if (endsWith(each, '/')) push(all, slice(each, 0, -1));
    push(all, replace(each, unsaid, ''), each);
  });
  return all;
}

/** @param {string} part @returns {string[][]} */
function modulesFor(part) {
  const names = builtinModules();
  if (startsWith(part, '.') || startsWith(part, '/')) return [pathsFor(part)];
  const short = filter(names, (/** @type {string} */ each) => !startsWith(each, 'node:'));
  prefixed ??= map(names, (/** @type {string} */ each) => (startsWith(each, 'node:') ? each : `node:${each}`));
  /** @type {string[]} */
  const packages = [];
  forEach(Module()._nodeModulePaths(loadProcess().process.cwd()), (/** @type {string} */ folder) => {
    try {
      forEach(loadFiles().readdirSync(folder, { withFileTypes: true }), (/** @type {any} */ each) => {
        if (startsWith(each.name, '.')) return;
        push(packages, replace(each.name, regExp(/\.js$|\.json$/), ''));
        if (each.isDirectory()) push(packages, `${each.name}/`);
      });
    } catch {
      // There is none.
    }
  });
  return [packages, short, prefixed];
}

/** @type {string[] | undefined} */
let prefixed;
/** @type {string[] | undefined} */
let builtins;
/** The modules that prompts name; a list that a program may add to, as Node's. @returns {string[]} */
function builtinModules() {
  builtins ??= filter(Module().builtinModules, (/** @type {string} */ each) => !startsWith(each, '_'));
  return builtins;
}

const nameUnit = regExp(/[\w$]/);
const partEnd = regExp(/[\w$\])"'`]/);

/** Where the chain of members that ends a text begins; the text's length if none does. @param {string} text */
function chainStart(text) {
  let at = text.length;
  for (;;) {
    const start = partStart(text, at);
    if (start === at) return at;
    at = start;
    const before = text[at - 1];
    if (before === '.') {
      at -= text[at - 2] === '?' ? 2 : 1;
      continue;
    }
    // An index or a call belongs to what stands before it.
    const isGroup = text[at] === '[' || text[at] === '(';
    if (!isGroup || before === undefined || !test(partEnd, before)) return at;
  }
}

/** Where the name, the literal or the brackets begin that end before `end`. @param {string} text @param {number} end */
function partStart(text, end) {
  const last = text[end - 1];
  if (last === undefined) return end;
  if (last === '"' || last === "'" || last === '`') {
    const open = lastIndexOf(slice(text, 0, end - 1), last);
    return open === -1 ? end : open;
  }
  if (last !== ']' && last !== ')') {
    let at = end;
    while (at > 0 && test(nameUnit, text[at - 1])) at -= 1;
    return at;
  }
  let depth = 0;
  for (let at = end - 1; at >= 0; at -= 1) {
    const mark = text[at];
    if (mark === '"' || mark === "'" || mark === '`') {
      const open = lastIndexOf(slice(text, 0, at), mark);
      if (open === -1) return end;
      at = open;
    } else if (mark === ']' || mark === ')') depth += 1;
    else if (mark === '[' || mark === '(') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return end;
}

/** @param {any} repl @param {string} line @returns {[string[], string | undefined]} */
function complete(repl, line) {
  const command = exec(commandStart, line);
  if (command !== null) return [ordered([keys(repl.commands)], '', command[1], false), command[1]];
  const inModule = exec(moduleStart, line) ?? exec(fromStart, line);
  if (inModule !== null) return [ordered(modulesFor(inModule[2]), '', inModule[2], true), inModule[2]];
  const inFile = exec(fileStart, line);
  if (inFile !== null) {
    if (isFolder(inFile[2])) return [map(ordered([filesFor(`${inFile[2]}/`)], '', '', true), (each) => slice(each, inFile[2].length)), ''];
    const cut = lastIndexOf(inFile[2], '/') + 1;
    const last = slice(inFile[2], cut);
    const names = map(filesFor(inFile[2]), (/** @type {string} */ each) => slice(each, cut));
    return [ordered([names], '', last, true), last];
  }
  // A string that is whole, and a name that is being made, are nobody's business.
  if (test(wholeModule, line)) return [[], undefined];
  if (test(declaration, line)) return [[], exec(lastName, line)?.[0] ?? ''];
  const part = exec(lastName, line)?.[0] ?? '';
  const before = slice(line, 0, line.length - part.length);
  if (before[before.length - 1] !== '.' || test(regExp(/\.\.$/), before)) {
    if (part === '' && line !== '' && !test(regExp(/[\s({[,;=+\-*/<>!&|?:~%^]$/), line)) return [[], line];
    const groups = propertyGroups(repl.context);
    const all = groups[0] ?? [];
    forEach([repl.names, repl.ownNames], (/** @type {string[]} */ names) =>
      forEach(names, (/** @type {string} */ each) => {
        if (test(name, each) && !includes(all, each)) push(all, each);
      }),
    );
    push(groups, keywords);
    return [ordered(groups, '', part, false), part];
  }
  const object = slice(before, 0, before[before.length - 2] === '?' ? -2 : -1);
  const start = chainStart(object);
  const text = slice(line, start);
  const tree = start === object.length ? undefined : promptExpression(slice(object, start));
  const value = tree === undefined ? unknown : valueOf(repl, tree);
  if (value === unknown) return [[], text];
  return [ordered(propertyGroups(value), slice(before, start), part, false), text];
}

/**
 * Each name once, the nearest group last, an empty text between groups.
 * @param {string[][]} groups @param {string} owner @param {string} part @param {boolean} isExact whether capitals matter @returns {string[]}
 */
function ordered(groups, owner, part, isExact) {
  const seen = setOf(/** @type {string[]} */ ([]));
  const wanted = isExact ? part : toLowerCase(part);
  /** @type {string[]} */
  const all = [];
  for (let index = 0; index < groups.length; index += 1) {
    const found = filter(groups[index], (each) => startsWith(isExact ? each : toLowerCase(each), wanted) && !setHas(seen, each));
    if (found.length === 0) continue;
    if (all.length > 0) unshift(all, '');
    sort(found);
    for (let place = found.length - 1; place >= 0; place -= 1) {
      if (setHas(seen, found[place])) continue;
      setAdd(seen, found[place]);
      unshift(all, owner + found[place]);
    }
  }
  return all;
}

/** For the prompt's editor: what all have in common, if they have. @param {any} repl @param {string} line */
function completeCommon(repl, line) {
  const { 0: found, 1: part } = complete(repl, line);
  if (found.length < 2) return [found, part];
  let common = '';
  forEach(found, (each, index) => {
    if (each === '') return;
    if (index === 0) common = each;
    while (!startsWith(each, common)) common = slice(common, 0, -1);
  });
  return [common === '' ? [] : [common], part];
}

module.exports = { builtinModules, complete, completeCommon };
