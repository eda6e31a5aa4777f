// `node:module` (https://nodejs.org/api/module.html): the loader as programs may ask it. The exports are `Module` itself, as old packages know it.
'use strict';

const { invalidValue, missingArguments, nodeError } = require('node/errors');
const { requireBoolean, requireObject, requireOneOf, requireString } = require('node/arguments');
const { absentFunction, named } = require('node/absent');
const { SourceMap } = require('node/module/source_map');
const { emitWarning } = require('node/process/warnings');
const { URL } = require('web/url/url');
const {
  apply,
  arraySlice,
  assign,
  create,
  defineProperty,
  freeze,
  includes,
  map,
  parseJson,
  push,
  regExp,
  replace,
  slice,
  split,
  startsWith,
} = require('builtins/primordials');
const { builtinSpecifiers, commonJsFunction, environment, requireOf, strippedTypes } = ops;
const { dirname, isAbsolute, join, resolve } = /** @type {any} */ (require('node/path/path'));
const loadFiles = () => require('node/fs/fs');
const loadUrl = () => require('node/url/url');

const specifiers = builtinSpecifiers();
const onlyWithPrefix = ['node:sea', 'node:sqlite', 'node:test', 'node:test/reporters', 'node:ffi'];
const withoutPrefix = (/** @type {string} */ name) => (includes(onlyWithPrefix, name) ? name : slice(name, 5));
const builtinModules = freeze(map(specifiers, withoutPrefix));

/** @param {any} name */
function isBuiltin(name) {
  return includes(specifiers, name) || (includes(builtinModules, name) && !includes(onlyWithPrefix, name));
}

/** @param {any} file an absolute path, or a `file:` URL @returns {string | undefined} */
function pathOf(file) {
  if (file instanceof URL || (typeof file === 'string' && startsWith(file, 'file:'))) return loadUrl().fileURLToPath(file);
  return typeof file === 'string' && isAbsolute(file) ? file : undefined;
}

/** @param {any} filename */
function createRequire(filename) {
  let path;
  try {
    path = pathOf(filename);
  } catch {
    path = undefined;
  }
  if (path === undefined) {
    throw invalidValue('filename', filename, 'must be a file URL object, file URL string, or absolute path string');
  }
  return requireOf(path);
}

/** The folder from which a module's requests are resolved. @param {any} parent @returns {string} */
function fileOf(parent) {
  return parent?.filename ?? join(resolve('.'), '[noparent]');
}

/** @this {any} @param {string} [id] @param {any} [parent] */
function ModuleClass(id = '', parent = undefined) {
  this.id = id;
  this.path = dirname(id);
  this.exports = {};
  defineProperty(this, 'parent', { value: parent, writable: true, configurable: true });
  if (parent?.children) push(parent.children, this);
  this.filename = null;
  this.loaded = false;
  this.children = [];
}

/** With what it has of its own below. @type {any} */
const Module = named(ModuleClass, 'Module', 0);

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const methods = {
  /** @param {string} id */
  require(id) {
    requireString(id, 'id');
    if (id === '') throw invalidValue('id', id, 'must be a non-empty string');
    return Module._load(id, this, false);
  },
  /** Runs CommonJS text as this module. @param {string} content @param {string} filename */
  _compile(content, filename) {
    const require = requireOf(filename);
    const folder = dirname(filename);
    return apply(commonJsFunction(content, filename), this.exports, [this.exports, require, this, filename, folder]);
  },
  /** @param {string} filename */
  load(filename) {
    this.filename ??= filename;
    this.paths = Module._nodeModulePaths(dirname(filename));
    const name = replace(filename, regExp(/^.*(?=\.[^./]+$)/s), '');
    (Module._extensions[name] ?? Module._extensions['.js'])(this, filename);
    this.loaded = true;
  },
};
assign(Module.prototype, methods);
// Modules that `--require` names are loaded before any program can ask.
defineProperty(Module.prototype, 'isPreloading', { get: () => false, configurable: true });

/** @type {Record<string, (module: any, filename: string) => void>} */
const extensions = assign(create(null), {
  /** @param {any} module @param {string} filename */
  '.js'(module, filename) {
    module._compile(loadFiles().readFileSync(filename, 'utf8'), filename);
  },
  /** @param {any} module @param {string} filename */
  '.json'(module, filename) {
    const text = loadFiles().readFileSync(filename, 'utf8');
    module.exports = parseJson(startsWith(text, '\ufeff') ? slice(text, 1) : text);
  },
  /** @param {any} _module @param {string} filename */
  '.node'(_module, filename) {
    throw nodeError(Error, 'ERR_DLOPEN_FAILED', `native addons cannot be loaded: ${filename}`);
  },
});

const wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});'];

/** The folders in which packages are looked for. @param {string} from */
function nodeModulePaths(from) {
  /** @type {string[]} */
  const paths = [];
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (!folder.endsWith('/node_modules')) push(paths, join(folder, 'node_modules'));
    if (folder === '/') return paths;
  }
}

/** The `package.json` above a file, or of a package that it may name. @param {any} specifier @param {any} [base] */
function findPackageJSON(specifier, base) {
  if (arguments.length === 0) throw missingArguments('specifier');
  if (!(specifier instanceof URL)) requireString(specifier, 'specifier');
  const baseFile = base === undefined ? undefined : pathOf(base);
  const isRelative =
    typeof specifier === 'string' &&
    (startsWith(specifier, './') || startsWith(specifier, '../') || specifier === '.' || specifier === '..');
  let start = pathOf(specifier);
  if (isRelative) start = baseFile === undefined ? undefined : resolve(dirname(baseFile), specifier);
  if (start !== undefined) return nearestPackage(start);
  if (baseFile === undefined) {
    const error = nodeError(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
    error.input = `${base}`;
    throw error;
  }
  const parts = split(specifier, '/');
  const name = startsWith(specifier, '@') ? `${parts[0]}/${parts[1]}` : parts[0];
  const folders = nodeModulePaths(dirname(baseFile));
  for (let index = 0; index < folders.length; index += 1) {
    const file = join(folders[index], name, 'package.json');
    if (loadFiles().existsSync(file)) return file;
  }
  const error = nodeError(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find package '${name}' imported from ${baseFile}`);
  throw error;
}

/** @param {string} path */
function nearestPackage(path) {
  for (let folder = path; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (loadFiles().existsSync(file)) return file;
    if (folder === '/') return undefined;
  }
}

let warned = false;

/** @param {string} code @param {{ mode?: string, sourceMap?: boolean, sourceUrl?: string }} [options] */
function stripTypeScriptTypes(code, options = {}) {
  if (!warned) emitWarning('stripTypeScriptTypes is an experimental feature and might change at any time', 'ExperimentalWarning');
  warned = true;
  requireString(code, 'code');
  requireObject(options, 'options');
  const { mode = 'strip', sourceUrl } = options;
  requireOneOf(mode, 'options.mode', ['strip']);
  const stripped = strippedTypes(code);
  return sourceUrl === undefined ? stripped : `${stripped}\n\n//# sourceURL=${sourceUrl}`;
}

const compileCacheStatus = freeze(assign(create(null), { FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 }));

assign(Module, {
  // One object for all modules; `require.cache` is the same.
  _cache: requireOf('/').cache,
  _pathCache: create(null),
  _extensions: extensions,
  globalPaths: globalPaths(),
  wrap: (/** @type {string} */ script) => Module.wrapper[0] + script + Module.wrapper[1],
  wrapper,
  isBuiltin,
  /** @param {string} request @param {string[]} paths @param {boolean} [_isMain] */
  _findPath(request, paths, _isMain) {
    for (let index = 0; index < paths.length; index += 1) {
      try {
        return requireOf(join(paths[index], '[find]')).resolve(isAbsolute(request) ? request : `./${request}`);
      } catch {
        // The next folder may have it.
      }
    }
    return false;
  },
  _nodeModulePaths: nodeModulePaths,
  /** @param {string} request @param {any} parent */
  _resolveLookupPaths(request, parent) {
    if (isBuiltin(request)) return null;
    if (startsWith(request, './') || startsWith(request, '../')) return [parent?.filename ? dirname(parent.filename) : '.'];
    return arraySlice(parent?.paths ?? nodeModulePaths(dirname(fileOf(parent))));
  },
  /** @param {string} request @param {any} parent @param {boolean} _isMain */
  _load(request, parent, _isMain) {
    return requireOf(fileOf(parent))(request);
  },
  /** @param {string} request @param {any} parent @param {boolean} _isMain @param {{ paths?: string[] }} [options] */
  _resolveFilename(request, parent, _isMain, options) {
    return requireOf(fileOf(parent)).resolve(request, options);
  },
  createRequire,
  /** 0 for a file, 1 for a folder, less for what is not there. @param {string} filename */
  _stat(filename) {
    const stats = loadFiles().statSync(filename, { throwIfNoEntry: false });
    return stats === undefined ? -2 : stats.isDirectory() ? 1 : 0;
  },
  _initPaths() {},
  /** @param {string[]} requests */
  _preloadModules(requests) {
    for (let index = 0; index < (requests?.length ?? 0); index += 1) Module._load(requests[index], undefined, false);
  },
  /** The exports of built-in modules are read when they are imported first. */
  syncBuiltinESMExports() {},
  Module,
  registerHooks: absentFunction('module', 'registerHooks', 1),
  builtinModules,
  runMain: absentFunction('module', 'runMain'),
  register: absentFunction('module', 'register', 1),
  constants: freeze(assign(create(null), { compileCacheStatus })),
  /** Compiled files are not kept on demand. @param {any} [_options] */
  enableCompileCache: (_options) => ({ status: compileCacheStatus.DISABLED }),
  findPackageJSON,
  flushCompileCache() {},
  getCompileCacheDir() {},
  stripTypeScriptTypes,
  /** None was read. @param {string} path */
  findSourceMap(path) {
    requireString(path, 'path');
  },
  SourceMap,
  getSourceMapsSupport: () => freeze(assign(create(null), sourceMaps)),
  /** @param {boolean} enabled @param {{ nodeModules?: boolean, generatedCode?: boolean }} [options] */
  setSourceMapsSupport(enabled, options = {}) {
    requireBoolean(enabled, 'enabled');
    requireObject(options, 'options');
    const { nodeModules = false, generatedCode = false } = options;
    requireBoolean(nodeModules, 'options.nodeModules');
    requireBoolean(generatedCode, 'options.generatedCode');
    sourceMaps = { enabled, nodeModules, generatedCode };
  },
});
let sourceMaps = { enabled: false, nodeModules: false, generatedCode: false };

/** Where packages were kept before there was npm; nothing is looked for there. @returns {string[]} */
function globalPaths() {
  const pairs = environment();
  for (let index = 0; index < pairs.length; index += 1) {
    if (pairs[index][0] === 'HOME') return [join(pairs[index][1], '.node_modules'), join(pairs[index][1], '.node_libraries')];
  }
  return [];
}

/** Loads what `--require` names, as from the current folder. @param {string} specifier */
function preload(specifier) {
  const parent = new Module('internal/preload');
  parent.filename = join(resolve('.'), '[preload]');
  parent.paths = nodeModulePaths(resolve('.'));
  return Module._load(specifier, parent, false);
}
defineProperty(Module, 'preload', { value: preload, enumerable: false });
defineProperty(Module, 'requireFor', { value: (/** @type {any} */ parent) => requireOf(parent.filename), enumerable: false });

module.exports = Module;
