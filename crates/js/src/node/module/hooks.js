// Customization hooks (https://nodejs.org/api/module.html#customization-hooks): what a specifier means and what a module's text is, by functions of
// the program. Those of `registerHooks` run here, for `import` and `require`; those of `register` in a thread of their own, which `import` waits for.
'use strict';

const { codedError } = require('builtins/coded_error');
const { requireFunction, requireObject } = require('node/arguments');
const { options } = require('node/process/options');
const {
  assign,
  decodeURIComponent,
  defineProperty,
  endsWith,
  indexOf,
  lastIndexOf,
  push,
  slice,
  splice,
  startsWith,
  stringIndexOf,
} = require('builtins/primordials');
const { formatOf, javascriptOf, programText, resolveSpecifier, setHooks } = ops;
const loadBuffer = () => require('node/buffer/buffer');
const loadFiles = () => require('node/fs/fs');
const loadInspect = () => require('builtins/inspect/inspect');
const loadThread = () => require('node/module/hooks_thread');
const loadUrl = () => require('node/url/url');

/** @typedef {(subject: string, context: any, next: Function) => any} Hook */
/** @typedef {{ resolve: Hook | undefined, load: Hook | undefined }} Hooks */
/** @typedef {{ addressOf: (url: string) => string | undefined, exportsAt: (url: string) => Record<string, any> | undefined,
 *   requiredAt: (filename: string) => { exports: any } | undefined }} Mocks */

/** In the order in which they were registered; the last runs first. @type {Hooks[]} */
const registered = [];
/** Whether there is a thread with hooks. */
let hasThread = false;
/** What hooks said of the format of a file, by its path or URL. @type {Record<string, any>} */
const formats = { __proto__: null };
/** What hooks said of CommonJS files that were imported and did not run yet, by their paths. @type {Record<string, any>} */
const asked = { __proto__: null };
/** What `Module` does without hooks. @type {{ resolveFilename: (request: string, parent: any, isMain: boolean) => string }} */
let defaults;

/** The modules that tests put in the place of others (`node/test/mock_module`); undefined while there are none. */
let mocks = /** @type {Mocks | undefined} */ (undefined);

/** @param {Mocks | undefined} given */
function setMocks(given) {
  mocks = given;
  tellLoader();
}

/** Has imports ask here while there is something to ask. */
function tellLoader() {
  setHooks(hasThread || registered.length > 0 || mocks !== undefined);
}

/** What a test put in the place of a required file or built-in. @param {string} filename */
function mocked(filename) {
  return mocks?.requiredAt(filename);
}

/** @param {typeof defaults} given */
function setDefaults(given) {
  defaults = given;
}

function hasHooks() {
  return registered.length > 0;
}

class ModuleHooks {
  /** @type {Hooks} */
  #hooks;

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
    defineProperty(this, 'resolve', { value: hooks.resolve, enumerable: true });
    defineProperty(this, 'load', { value: hooks.load, enumerable: true });
  }

  deregister() {
    const at = indexOf(registered, this.#hooks);
    if (at !== -1) splice(registered, at, 1);
    tellLoader();
  }
}

/** @param {any} hooks */
function registerHooks(hooks) {
  requireObject(hooks, 'hooks');
  const { resolve, load } = hooks;
  if (resolve !== undefined) requireFunction(resolve, 'hooks.resolve');
  if (load !== undefined) requireFunction(load, 'hooks.load');
  const kept = { resolve, load };
  push(registered, kept);
  tellLoader();
  return new ModuleHooks(kept);
}

/** Hooks that run in their own thread. @param {any} specifier @param {any} [parentURL] @param {any} [options] */
function register(specifier, parentURL, options) {
  if (typeof parentURL === 'object' && parentURL !== null && !(parentURL instanceof loadUrl().URL)) {
    options = parentURL;
    parentURL = options.parentURL;
  }
  loadThread().register(`${specifier}`, parentURL === undefined ? 'data:' : `${parentURL}`, options?.data, options?.transferList);
  hasThread = true;
  tellLoader();
}

/** Runs the hooks of one kind, the last first, and then what there is without them. @param {'resolve' | 'load'} kind @param {string} subject @param {any} context @param {(subject: string, context: any) => any} last */
function run(kind, subject, context, last) {
  /** @param {number} from @param {string} about @param {any} its */
  const runFrom = (from, about, its) => {
    let at = from;
    while (at >= 0 && registered[at]?.[kind] === undefined) at -= 1;
    if (at < 0) return last(about, its);
    const hook = /** @type {Hook} */ (registered[at][kind]);
    let isCalled = false;
    /** @param {any} [nextAbout] @param {any} [nextContext] */
    const next = (nextAbout = about, nextContext = undefined) => {
      isCalled = true;
      return runFrom(at - 1, `${nextAbout}`, nextContext === undefined ? its : assign({}, its, nextContext));
    };
    const result = hook(about, its, next);
    checkResult(kind, result, isCalled);
    return result;
  };
  return runFrom(registered.length - 1, subject, context);
}

/** @param {'resolve' | 'load'} kind @param {any} result @param {boolean} isCalled */
function checkResult(kind, result, isCalled) {
  if (typeof result !== 'object' || result === null) throw invalidReturn('an object', kind, result);
  if (!isCalled && result.shortCircuit !== true) {
    throw invalidProperty('true', kind, 'shortCircuit', result.shortCircuit);
  }
  const { format, source, url } = result;
  if (kind === 'resolve' && typeof url !== 'string') throw invalidProperty('a URL string', kind, 'url', url);
  if (format != null && typeof format !== 'string') throw invalidProperty('a string', kind, 'format', format);
  if (kind !== 'load' || source == null || typeof source === 'string') return;
  if (!ArrayBuffer.isView(source) && !(source instanceof ArrayBuffer) && !(source instanceof SharedArrayBuffer)) {
    throw invalidProperty('a string, an ArrayBuffer, or a TypedArray', kind, 'source', source);
  }
}

/** @param {any} value */
function shown(value) {
  if (value == null) return `${value}`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object')
    return value.constructor?.name ? `an instance of ${value.constructor.name}` : loadInspect().inspect(value, { depth: -1 });
  return `type ${typeof value} (${loadInspect().inspect(value)})`;
}

/** @param {string} expected @param {string} kind @param {any} value */
function invalidReturn(expected, kind, value) {
  const message = `Expected ${expected} to be returned from the "${kind}" hook but got ${shown(value)}.`;
  return codedError(TypeError, 'ERR_INVALID_RETURN_VALUE', message);
}

/** @param {string} expected @param {string} kind @param {string} name @param {any} value */
function invalidProperty(expected, kind, name, value) {
  const message = `Expected ${expected} to be returned for the "${name}" from the "${kind}" hook but got ${shown(value)}.`;
  return codedError(TypeError, 'ERR_INVALID_RETURN_PROPERTY_VALUE', message);
}

/** @param {boolean} requires @returns {string[]} */
function conditions(requires) {
  const list = [requires ? 'require' : 'import', 'node', 'module-sync'];
  const own = options('--conditions');
  for (let index = 0; index < own.length; index += 1) push(list, own[index]);
  return list;
}

/** @param {any} type */
function attributesOf(type) {
  return type === undefined ? { __proto__: null } : { __proto__: null, type };
}

/** What an import means. @param {string} specifier @param {string} parentURL @param {string | undefined} type */
function resolveImport(specifier, parentURL, type) {
  const found = resolveUnmocked(specifier, parentURL, type);
  const instead = mocks?.addressOf(found.url);
  return instead === undefined ? found : { url: instead, format: found.format };
}

/** @param {string} specifier @param {string} parentURL @param {string | undefined} type */
function resolveUnmocked(specifier, parentURL, type) {
  const context = { conditions: conditions(false), importAttributes: attributesOf(type), parentURL };
  return run('resolve', specifier, context, hasThread ? loadThread().resolve : resolveDefault);
}

/** `import.meta.resolve`. A path is a URL whether or not there is a file. @param {string} specifier @param {string} parentURL @returns {string} */
function resolveMeta(specifier, parentURL) {
  try {
    return resolveUnmocked(specifier, parentURL, undefined).url;
  } catch (error) {
    const { code, url } = /** @type {any} */ (error ?? {});
    if (code === 'ERR_MODULE_NOT_FOUND' && typeof url === 'string') return url;
    throw error;
  }
}

/** @param {string} specifier @param {any} context */
function resolveDefault(specifier, context) {
  const found = resolveSpecifier(specifier, context.parentURL ?? 'file:///', false);
  return { __proto__: null, url: found[0], format: found[1] };
}

/** What an imported module is; without a format it is what the loader finds itself. @param {string} url @param {any} format @param {string | undefined} type */
function loadImport(url, format, type) {
  const exports = mocks?.exportsAt(url);
  if (exports !== undefined) return { exports };
  const context = { conditions: conditions(false), format, importAttributes: attributesOf(type) };
  /** @type {any} */
  let usual;
  const loaded = run('load', url, context, (about, its) => {
    if (!hasThread) {
      usual = loadDefault(about, its);
      return usual;
    }
    const answer = loadThread().load(about, its);
    // The text of a file is read here, not sent.
    if (!answer.isUsual) return answer;
    usual = startsWith(about, 'file:') && registered.length === 0 ? { format: answer.format, source: null } : loadDefault(about, its);
    return usual;
  });
  if (startsWith(`${loaded.format}`, 'commonjs') && loaded.source != null && startsWith(url, 'file:')) {
    // It is run by `Module`, which asks no second time.
    asked[loadUrl().fileURLToPath(url)] = loaded;
  }
  const isUsual = loaded === usual || (usual !== undefined && loaded.source === usual.source && loaded.format === usual.format);
  if (isUsual && startsWith(url, 'file:')) return { format: undefined, source: undefined };
  return { format: loaded.format, source: loaded.source };
}

/** @param {string} url @param {any} context */
function loadDefault(url, context) {
  let { format } = context;
  if (format === 'builtin' || startsWith(url, 'node:')) return { __proto__: null, format: 'builtin', responseURL: url, source: null };
  const { Buffer } = loadBuffer();
  if (startsWith(url, 'data:')) return { __proto__: null, format, responseURL: url, source: dataOf(url, Buffer) };
  if (!startsWith(url, 'file:')) {
    const scheme = slice(url, 0, stringIndexOf(url, ':') + 1);
    throw codedError(
      Error,
      'ERR_UNSUPPORTED_ESM_URL_SCHEME',
      `Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. Received protocol '${scheme}'`,
    );
  }
  const path = loadUrl().fileURLToPath(url);
  if (format === 'wasm') return { __proto__: null, format, responseURL: url, source: loadFiles().readFileSync(path) };
  const text = programText(path);
  format ??= detected(text, path);
  return { __proto__: null, format, responseURL: url, source: Buffer.from(text) };
}

/** The format of what a URL stands for, by its text if nothing else tells. @param {string} url @param {string | undefined} format @returns {string | undefined} */
function formatOfUrl(url, format) {
  if (format !== undefined || !startsWith(url, 'file:')) return format;
  const path = loadUrl().fileURLToPath(url);
  return detected(programText(path), path);
}

/** The format that a file's text tells. @param {string} text @param {string} path */
function detected(text, path) {
  const isTypeScript = startsWith(slice(path, lastIndexOf(path, '.')), '.ts');
  const named = javascriptOf(text, path)[1] ? 'commonjs' : 'module';
  return isTypeScript ? `${named}-typescript` : named;
}

/** @param {string} url @param {any} Buffer */
function dataOf(url, Buffer) {
  const comma = stringIndexOf(url, ',');
  const text = decodeURIComponent(slice(url, comma + 1));
  return Buffer.from(text, endsWith(slice(url, 0, comma), ';base64') ? 'base64' : 'utf8');
}

/** The text of what hooks gave. @param {any} source @returns {string} */
function textOf(source) {
  if (typeof source === 'string') return source;
  return source == null ? '' : loadBuffer().Buffer.from(source).toString();
}

/** The path of what is required, the name of a built-in module, or the URL that hooks made up. @param {string} request @param {any} parent @param {boolean} isMain @returns {string} */
function resolveWithHooks(request, parent, isMain) {
  if (registered.length === 0) return defaults.resolveFilename(request, parent, isMain);
  const { pathToFileURL, fileURLToPath } = loadUrl();
  const parentURL =
    typeof parent?.filename === 'string'
      ? startsWith(parent.filename, '/')
        ? pathToFileURL(parent.filename).href
        : parent.filename
      : undefined;
  const context = { conditions: conditions(true), importAttributes: attributesOf(undefined), parentURL };
  /** @type {string | undefined} */
  let usualPath;
  let usualUrl = '';
  const found = run('resolve', request, context, (specifier) => {
    usualPath = startsWith(specifier, 'file:') ? fileURLToPath(specifier) : specifier;
    usualPath = defaults.resolveFilename(/** @type {string} */ (usualPath), parent, isMain);
    const isFile = startsWith(usualPath, '/');
    usualUrl = isFile ? pathToFileURL(usualPath).href : startsWith(usualPath, 'node:') ? usualPath : `node:${usualPath}`;
    return { __proto__: null, url: usualUrl, format: isFile ? formatOf(usualPath) : 'builtin' };
  });
  if (found.url === usualUrl && usualPath !== undefined && !startsWith(usualPath, '/')) return usualPath;
  const filename = startsWith(found.url, 'file:') ? fileURLToPath(found.url) : found.url;
  formats[filename] = found.format;
  return filename;
}

/** What hooks say of a required file; undefined if there are none. @param {string} filename @returns {{ source: any, format: string } | undefined} */
function loadedByHooks(filename) {
  const known = asked[filename];
  if (known !== undefined) {
    delete asked[filename];
    return { source: known.source, format: known.format };
  }
  if (registered.length === 0) return undefined;
  const isFile = startsWith(filename, '/');
  const url = isFile ? loadUrl().pathToFileURL(filename).href : filename;
  const format = formats[filename] ?? (isFile ? formatOf(filename) : undefined);
  const context = { conditions: conditions(true), format, importAttributes: attributesOf(undefined) };
  /** @type {any} */
  let usual;
  const loaded = run('load', url, context, (about, its) => {
    if (!startsWith(about, 'file:') || its.format === 'wasm') return loadDefault(about, its);
    usual = { __proto__: null, format: its.format, source: programText(loadUrl().fileURLToPath(about)) };
    return usual;
  });
  const { source, format: named } = loaded;
  if (usual !== undefined && source === usual.source && named === usual.format) return { source, format: '' };
  if (named === 'builtin') return { source: undefined, format: named };
  if (source == null) throw invalidProperty('a string, an ArrayBuffer, or a TypedArray', 'load', 'source', source);
  if (named != null) return { source, format: named };
  // The text tells what it is.
  const read = javascriptOf(textOf(source), filename);
  return { source: read[0], format: read[1] ? 'commonjs' : 'module' };
}

/** What hooks put in the place of a built-in module; undefined if they leave it. @param {string} name @returns {{ source: any, format: string } | undefined} */
function builtinByHooks(name) {
  if (registered.length === 0) return undefined;
  const url = startsWith(name, 'node:') ? name : `node:${name}`;
  const context = { conditions: conditions(true), format: 'builtin', importAttributes: attributesOf(undefined) };
  const loaded = run('load', url, context, loadDefault);
  return loaded.format === 'builtin' ? undefined : { source: loaded.source, format: loaded.format ?? 'commonjs' };
}

module.exports = {
  builtinByHooks,
  formatOfUrl,
  hasHooks,
  loadDefault,
  loadImport,
  loadedByHooks,
  mocked,
  register,
  registerHooks,
  resolveDefault,
  resolveImport,
  resolveMeta,
  resolveWithHooks,
  setDefaults,
  setMocks,
  textOf,
};
