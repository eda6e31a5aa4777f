// `node:module` (https://nodejs.org/api/module.html): the loader as programs may ask it. The exports are `Module` itself, as old packages know it.
'use strict';

const { addMethods } = require('node/prototypes');
const { invalidValue, missingArguments, nodeError } = require('node/errors');
const { requireBoolean, requireObject, requireOneOf, requireString } = require('node/arguments');
const { named } = require('node/absent');
const {
  builtinByHooks,
  hasHooks,
  loadDefault,
  loadedByHooks,
  mocked,
  register,
  registerHooks,
  resolveDefault,
  resolveWithHooks,
  setDefaults,
  textOf,
} = require('node/module/hooks');
const { compileCacheStatus, enableCompileCache, flushCompileCache, getCompileCacheDir } = require('node/module/compile_cache');
const { traced } = require('node/diagnostics_channel/heard');
const { SourceMap } = require('node/module/source_map');
const { options } = require('node/process/options');
const { emitExperimentalWarning } = require('node/process/warnings');
const { URL } = require('web/url/url');
const {
  apply,
  arraySlice,
  assign,
  create,
  defineProperty,
  endsWith,
  freeze,
  includes,
  indexOf,
  isArray,
  join: joinList,
  keys,
  lastIndexOf,
  map,
  parseJson,
  push,
  replace,
  slice,
  splice,
  split,
  startsWith,
  stringIndexOf,
} = require('builtins/primordials');
const { builtinExports, builtinSpecifiers, commonJsFunction, importMain, importModule, javascriptOf, mainUrl, modulePrototype } = ops;
const { noteSourceMap, programText, realmRun, requireCache, requireFunction, requireModule, requireOf, resolveRequired } = ops;
const { setMainModule, setModuleClass, sourceMapOf, sourceMapsOn, strippedTypes, transformedTypes } = ops;
const { dirname, isAbsolute, join, resolve } = /** @type {any} */ (require('node/path/path'));
const loadFiles = () => require('node/fs/fs');
const loadBuffer = () => require('node/buffer/buffer');
const loadProcess = () => require('node/process/process');
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
  // A folder stands for a file in it.
  return requireOf(endsWith(path, '/') ? join(path, 'noop.js') : path);
}

/** The file that a module's requests are relative to. @param {any} parent @returns {string} */
function fileOf(parent) {
  return typeof parent?.filename === 'string' ? parent.filename : join(resolve('.'), '[noparent]');
}

/** @this {any} @param {string} [id] @param {any} [parent] */
function ModuleClass(id = '', parent = undefined) {
  this.id = id;
  this.path = dirname(id);
  this.exports = {};
  defineProperty(this, 'parent', { value: parent, writable: true, enumerable: false, configurable: true });
  addChild(parent, this);
  this.filename = null;
  this.loaded = false;
  this.children = [];
}

/** @param {any} parent @param {any} child */
function addChild(parent, child) {
  const children = parent?.children;
  if (isArray(children) && !includes(children, child)) push(children, child);
}

/** With what it has of its own below. @type {any} */
const Module = named(ModuleClass, 'Module', 0);
// The modules that were made before this file was loaded have this prototype.
Module.prototype = modulePrototype();

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const methods = {
  /** @param {string} id */
  require(id) {
    requireString(id, 'id');
    if (id === '') throw invalidValue('id', id, 'must be a non-empty string');
    const trace = traced('module.require');
    if (trace === undefined) return Module._load(id, this, false);
    return trace.traceSync(() => Module._load(id, this, false), assign(create(null), { parentFilename: this.filename, id }));
  },
  /**
   * Runs text as this module. Who calls it with text of its own leaves the format out; the loaders say which one the file has, or '' if its text tells.
   * @param {string} content @param {string} filename @param {string} [format]
   */
  _compile(content, filename, format) {
    let code = content;
    // What hooks gave is in the format that they say; a file tells by its name and its text.
    let isCommonJs = format === undefined || startsWith(format, 'commonjs');
    if (format === '' || format === 'commonjs-typescript') {
      const read = javascriptOf(content, filename, format !== '');
      code = read[0];
      if (format === '') isCommonJs = read[1];
    } else if (isCommonJs) {
      noteSourceMap(filename, content);
    }
    if (!isCommonJs) {
      const url = urlOf(filename);
      const given = format || 'module';
      if (programs.starts === this) programs.evaluation = importModule(url, given, code);
      else this.exports = requireModule(url, given, code, filename);
      return undefined;
    }
    const require = requireFunction(this);
    const run = patchedWrapper() ? wrapped(code, filename) : commonJsFunction(code, filename);
    return apply(run, this.exports, [this.exports, require, this, filename, dirname(filename)]);
  },
  /** @param {string} filename */
  load(filename) {
    if (this.loaded) throw new Error(`the module is loaded already: ${filename}`);
    this.filename ??= filename;
    this.paths ??= Module._nodeModulePaths(dirname(filename));
    Module._extensions[registeredExtension(filename)](this, filename);
    this.loaded = true;
  },
};
addMethods(Module.prototype, methods);
defineProperty(Module.prototype, 'constructor', { value: Module, writable: true, enumerable: false, configurable: true });
defineProperty(Module.prototype, 'isPreloading', { get: () => programs.preloading, enumerable: false, configurable: true });

/** The program that is starting: its module, and the promise of its evaluation if it is no CommonJS. */
const programs = {
  starts: /** @type {any} */ (undefined),
  evaluation: /** @type {any} */ (undefined),
  imports: /** @type {string | undefined} */ (undefined),
  preloading: false,
};

/** @param {string} filename a path, or the URL of what hooks made up */
function urlOf(filename) {
  return isAbsolute(filename) ? loadUrl().pathToFileURL(filename).href : filename;
}

/** The longest extension of a name that `require.extensions` has. @param {string} filename */
function registeredExtension(filename) {
  const name = slice(filename, lastIndexOf(filename, '/') + 1);
  for (let at = stringIndexOf(name, '.'); at !== -1; at = stringIndexOf(name, '.', at + 1)) {
    // A name that begins with a dot has no extension for that.
    if (at === 0) continue;
    const extension = slice(name, at);
    if (Module._extensions[extension]) return extension;
  }
  return '.js';
}

/** The text and the format of a file, as hooks have them. @param {string} filename @returns {{ source: any, format: string }} */
function sourceOf(filename) {
  const hooked = loadedByHooks(filename);
  if (hooked !== undefined) return hooked;
  // It is no text.
  if (endsWith(filename, '.wasm')) return { source: undefined, format: 'wasm' };
  return { source: programText(filename), format: '' };
}

/** @param {any} module @param {string} filename */
function loadProgram(module, filename) {
  const { source, format } = sourceOf(filename);
  if (format === 'json') module.exports = parseJson(textOf(source));
  else if (format === 'wasm') module.exports = requireModule(urlOf(filename), format, source, filename);
  else module._compile(textOf(source), filename, format);
}

/** @type {Record<string, (module: any, filename: string) => void>} */
const extensions = assign(create(null), {
  '.js': loadProgram,
  /** @param {any} module @param {string} filename */
  '.json'(module, filename) {
    const text = textOf(sourceOf(filename).source);
    try {
      module.exports = parseJson(startsWith(text, '\ufeff') ? slice(text, 1) : text);
    } catch (error) {
      /** @type {any} */ (error).message = `${filename}: ${/** @type {any} */ (error).message}`;
      throw error;
    }
  },
  /** @param {any} _module @param {string} filename */
  '.node'(_module, filename) {
    programText(filename);
  },
});
const moreExtensions = ['.cjs', '.ts', '.tsx', '.cts', '.jsx'];

/** The extensions that a request may leave out, if there are others than usual. @returns {string[] | undefined} */
function extensionsLeftOut() {
  const own = keys(Module._extensions);
  if (own.length === 3 && own[0] === '.js' && own[1] === '.json' && own[2] === '.node') return undefined;
  for (let index = 0; index < moreExtensions.length; index += 1) {
    if (!includes(own, moreExtensions[index])) push(own, moreExtensions[index]);
  }
  return own;
}

const wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});'];
const wrapperBegin = wrapper[0];
const wrapperEnd = wrapper[1];
const wrap = (/** @type {string} */ script) => Module.wrapper[0] + script + Module.wrapper[1];

/** Whether the program wraps modules in its own way. */
function patchedWrapper() {
  return Module.wrap !== wrap || Module.wrapper[0] !== wrapperBegin || Module.wrapper[1] !== wrapperEnd;
}

/** @param {string} code @param {string} filename */
function wrapped(code, filename) {
  return realmRun(Module.wrap(code), filename, 0, undefined, [], 0);
}

/** The folders in which packages are looked for. @param {string} from */
function nodeModulePaths(from) {
  /** @type {string[]} */
  const paths = [];
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (!endsWith(folder, '/node_modules')) push(paths, join(folder, 'node_modules'));
    if (folder === '/') return paths;
  }
}

/** The `package.json` above a file, or of a package that it may name. @param {any} specifier @param {any} [base] */
function findPackageJSON(specifier, base) {
  if (arguments.length === 0) throw missingArguments('specifier');
  if (!(specifier instanceof URL)) requireString(specifier, 'specifier');
  const baseFile = base === undefined ? undefined : pathOf(base);
  let start = pathOf(specifier);
  if (typeof specifier === 'string' && isRelative(specifier))
    start = baseFile === undefined ? undefined : resolve(dirname(baseFile), specifier);
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
  throw nodeError(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find package '${name}' imported from ${baseFile}`);
}

/** @param {string} path */
function nearestPackage(path) {
  for (let folder = path; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (loadFiles().existsSync(file)) return file;
    if (folder === '/') return undefined;
  }
}

/** @param {string} code @param {{ mode?: string, sourceMap?: boolean, sourceUrl?: string }} [options] */
function stripTypeScriptTypes(code, options = {}) {
  emitExperimentalWarning('stripTypeScriptTypes');
  requireString(code, 'code');
  requireObject(options, 'options');
  const { mode = 'strip', sourceMap = false, sourceUrl } = options;
  requireOneOf(mode, 'options.mode', ['strip', 'transform']);
  requireBoolean(sourceMap, 'options.sourceMap');
  if (mode === 'strip') {
    if (sourceMap) throw invalidValue('options.sourceMap', sourceMap, 'must be one of: false, undefined');
    const stripped = strippedTypes(code);
    return sourceUrl === undefined ? stripped : `${stripped}\n\n//# sourceURL=${sourceUrl}`;
  }
  const transformed = transformedTypes(code, sourceUrl ?? '');
  const text = sourceUrl === undefined ? transformed[0] : `${transformed[0]}\n\n//# sourceURL=${sourceUrl}`;
  if (!sourceMap || transformed[1] === undefined) return text;
  const encoded = loadBuffer().Buffer.from(transformed[1]).toString('base64');
  return `${text}\n\n//# sourceMappingURL=data:application/json;base64,${encoded}`;
}

/** What nobody found, with the modules that led there. @param {any} error @param {any} parent */
function withStack(error, parent) {
  if (error?.code !== 'MODULE_NOT_FOUND') return error;
  /** @type {string[]} */
  const stack = [];
  for (let at = parent; at; at = at.parent) push(stack, at.filename ?? at.id);
  const head = split(error.message, '\nRequire stack:')[0];
  const before = error.message;
  error.message = stack.length === 0 ? head : `${head}\nRequire stack:\n- ${joinList(stack, '\n- ')}`;
  error.stack = replace(`${error.stack}`, before, () => error.message);
  error.requireStack = stack;
  return error;
}

/** @param {string} request @param {string} file @param {any} parent */
function resolved(request, file, parent) {
  try {
    return resolveRequired(request, file, extensionsLeftOut());
  } catch (error) {
    throw withStack(error, parent);
  }
}

/** @param {string} request */
function isRelative(request) {
  return startsWith(request, './') || startsWith(request, '../') || request === '.' || request === '..';
}

/**
 * A package in a folder that a program put before all others (`module.paths.unshift(...)`).
 * @param {string} request @param {any} parent @returns {string | undefined}
 */
function foundInOwnPaths(request, parent) {
  const paths = parent?.paths;
  if (!isArray(paths) || paths.length === 0 || isRelative(request) || isAbsolute(request) || startsWith(request, '#')) return undefined;
  const usual = nodeModulePaths(dirname(fileOf(parent)));
  let own = 0;
  while (own < paths.length && !includes(usual, paths[own])) own += 1;
  const found = own === 0 ? false : Module._findPath(request, arraySlice(paths, 0, own));
  return found === false ? undefined : found;
}

/** @param {string} request @param {any} parent @param {any} paths */
function resolvedInPaths(request, parent, paths) {
  if (!isArray(paths)) throw invalidValue('options.paths', paths, 'must be an array of strings');
  for (let index = 0; index < paths.length; index += 1) {
    requireString(paths[index], `options.paths[${index}]`);
    // Packages are not looked for in a `node_modules` of a `node_modules`.
    let base = resolve(paths[index]);
    while (!isRelative(request) && endsWith(base, '/node_modules')) base = dirname(base);
    try {
      return resolveRequired(request, join(base, '[paths]'), extensionsLeftOut());
    } catch {
      // The next folder may have it.
    }
  }
  const error = /** @type {any} */ (new Error(`Cannot find module '${request}'`));
  error.code = 'MODULE_NOT_FOUND';
  throw withStack(error, parent);
}

/** The exports of what hooks put in the place of a built-in module. @param {string} name @param {{ source: any, format: string }} given */
function madeUp(name, given) {
  const module = new Module(name);
  module.filename = startsWith(name, 'node:') ? name : `node:${name}`;
  const text = textOf(given.source);
  if (given.format === 'json') module.exports = parseJson(text);
  else module._compile(text, module.filename, given.format);
  return module.exports;
}

/** @param {string} name */
function builtin(name) {
  const exports = builtinExports(startsWith(name, 'node:') ? name : `node:${name}`);
  if (exports === undefined) throw nodeError(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${name}`);
  return exports;
}

assign(Module, {
  // One object for all modules; `require.cache` is the same.
  _cache: requireCache(),
  _pathCache: create(null),
  _extensions: extensions,
  globalPaths: globalPaths(),
  wrap,
  wrapper,
  isBuiltin,
  /** @param {string} request @param {string[] | null} paths @param {boolean} [_isMain] */
  _findPath(request, paths, _isMain) {
    const all = isAbsolute(request) ? [''] : paths;
    if (!all) return false;
    for (let index = 0; index < all.length; index += 1) {
      const path = isAbsolute(request) ? request : join(resolve(all[index]), request);
      try {
        return resolveRequired(path, '/[find]', extensionsLeftOut());
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
    if (isRelative(request)) return [parent?.filename ? dirname(parent.filename) : '.'];
    const own = parent?.paths ?? nodeModulePaths(dirname(fileOf(parent)));
    const all = arraySlice(own);
    for (let index = 0; index < Module.globalPaths.length; index += 1) push(all, Module.globalPaths[index]);
    return all;
  },
  /** @param {string} request @param {any} parent @param {boolean} isMain */
  _load(request, parent, isMain) {
    const filename = programs.imports === request ? request : resolveWithHooks(request, parent, isMain);
    programs.imports = undefined;
    const mock = mocked(filename);
    if (mock !== undefined) return mock.exports;
    const cached = Module._cache[filename];
    if (cached !== undefined) {
      addChild(parent, cached);
      return cached.exports;
    }
    if (isBuiltin(filename)) {
      const instead = builtinByHooks(filename);
      return instead === undefined ? builtin(filename) : madeUp(filename, instead);
    }
    const module = new Module(filename, parent);
    if (isMain) {
      setMainModule(module);
      module.id = '.';
      programs.starts = module;
    }
    Module._cache[filename] = module;
    let isDone = false;
    try {
      module.load(filename);
      isDone = true;
    } finally {
      if (!isDone) {
        delete Module._cache[filename];
        const at = parent?.children ? indexOf(parent.children, module) : -1;
        if (at !== -1) splice(parent.children, at, 1);
      }
    }
    return module.exports;
  },
  /** @param {string} request @param {any} parent @param {boolean} isMain @param {{ paths?: string[] }} [options] */
  _resolveFilename(request, parent, isMain, options) {
    if (isBuiltin(request)) return request;
    if (typeof options === 'object' && options !== null && options.paths !== undefined) {
      return resolvedInPaths(request, parent, options.paths);
    }
    const first = foundInOwnPaths(request, parent);
    if (first !== undefined) return first;
    try {
      return resolved(request, fileOf(parent), parent);
    } catch (error) {
      if (/** @type {any} */ (error)?.code !== 'MODULE_NOT_FOUND' || isRelative(request) || isAbsolute(request)) throw error;
      // The program may have added folders of its own.
      const found = Module._findPath(request, Module._resolveLookupPaths(request, parent), isMain);
      if (found) return found;
      throw error;
    }
  },
  createRequire,
  _initPaths() {
    Module.globalPaths = globalPaths();
  },
  /** 0 for a file, 1 for a folder. @param {string} path */
  _stat(path) {
    const found = loadFiles().statSync(path, { throwIfNoEntry: false });
    return found === undefined ? -2 : found.isDirectory() ? 1 : 0;
  },
  /** @param {string[]} requests */
  _preloadModules(requests) {
    for (let index = 0; index < (requests?.length ?? 0); index += 1) Module._load(requests[index], undefined, false);
  },
  /** The exports of built-in modules are read when they are imported first. */
  syncBuiltinESMExports() {},
  Module,
  registerHooks,
  builtinModules,
  /** @param {string} [main] */
  runMain(main = loadProcess().process.argv[1]) {
    // Who has modules imported before the program, or names hooks, wants the program imported as well: `tsx` does.
    if (options('--import').length > 0 || options('--experimental-loader').length > 0) {
      programs.evaluation = importMain(main);
      return undefined;
    }
    return Module._load(main, null, true);
  },
  register,
  constants: freeze(assign(create(null), { compileCacheStatus })),
  enableCompileCache,
  findPackageJSON,
  flushCompileCache() {
    flushCompileCache();
  },
  getCompileCacheDir() {
    return getCompileCacheDir();
  },
  stripTypeScriptTypes,
  /** @param {string} path */
  findSourceMap(path) {
    requireString(path, 'path');
    const file = startsWith(path, 'file:') ? loadUrl().fileURLToPath(path) : path;
    const found = sourceMapOf(file);
    if (found === undefined) return undefined;
    try {
      const lineLengths = map(split(programText(file), '\n'), (/** @type {string} */ line) => line.length);
      return new SourceMap(parseJson(found[1]), { lineLengths });
    } catch {
      return undefined;
    }
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
    sourceMapsOn(enabled, nodeModules);
  },
});
let sourceMaps = { enabled: false, nodeModules: false, generatedCode: false };

/** NODE_PATH, and where packages were kept before there was npm. @returns {string[]} */
function globalPaths() {
  const { env, execPath } = loadProcess().process;
  /** @type {string[]} */
  const paths = [];
  const parts = split(`${env.NODE_PATH ?? ''}`, ':');
  for (let at = 0; at < parts.length; at += 1) if (parts[at] !== '') push(paths, parts[at]);
  if (env.HOME) push(paths, join(env.HOME, '.node_modules'), join(env.HOME, '.node_libraries'));
  push(paths, resolve(dirname(execPath), '..', 'lib', 'node'));
  return paths;
}

/** Loads what `--require` names, as from the current folder. @param {string} specifier */
function preload(specifier) {
  const parent = new Module('internal/preload');
  parent.filename = join(resolve('.'), '[preload]');
  parent.paths = nodeModulePaths(resolve('.'));
  programs.preloading = true;
  try {
    return Module._load(specifier, parent, false);
  } finally {
    programs.preloading = false;
  }
}

/** What the loader in Rust asks; none of it is Node's. @type {Record<string, (...given: any[]) => any>} */
const asked = {
  preload,
  requireFor: requireFunction,
  /** For the thread of hooks. */
  hookDefaults: () => ({ loadDefault, resolveDefault }),
  /** @param {string} request @param {any} module @param {any} options */
  resolveFor(request, module, options) {
    requireString(request, 'request');
    try {
      return options === undefined && hasHooks()
        ? resolveWithHooks(request, module, false)
        : Module._resolveFilename(request, module, false, options);
    } catch (error) {
      if (/** @type {any} */ (error)?.code !== 'ERR_UNKNOWN_BUILTIN_MODULE') throw error;
      throw withStack(nodeError(Error, 'MODULE_NOT_FOUND', `Cannot find module '${request}'`), module);
    }
  },
  /** @param {string} request @param {any} module */
  pathsFor(request, module) {
    requireString(request, 'request');
    return Module._resolveLookupPaths(request, module);
  },
  /** A CommonJS file that a module imports. @param {string} filename */
  loadImported(filename) {
    programs.imports = filename;
    return Module._load(filename, undefined, urlOf(filename) === mainUrl());
  },
  /** Starts the program in a file; the promise of its evaluation if it is no CommonJS. @param {string} filename */
  runProgram(filename) {
    Module.runMain(filename);
    return programs.evaluation;
  },
};
const askedNames = keys(asked);
for (let index = 0; index < askedNames.length; index += 1) {
  defineProperty(Module, askedNames[index], { value: asked[askedNames[index]], enumerable: false });
}
setModuleClass(Module);
setDefaults({
  /** @param {string} request @param {any} parent @param {boolean} isMain */
  resolveFilename: (request, parent, isMain) => Module._resolveFilename(request, parent, isMain),
});

module.exports = Module;
