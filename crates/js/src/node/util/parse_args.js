// `util.parseArgs` (https://nodejs.org/api/util.html#utilparseargsconfig): the arguments of a command as options and positionals.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireBoolean, requireObject, requireString } = require('node/arguments');
const { arraySlice, create, hasOwn, isArray, keys, push, slice, startsWith, stringIndexOf, stringify } = require('builtins/primordials');
const loadProcess = () => require('node/process/process');

/** @typedef {{ type: 'string' | 'boolean', multiple?: boolean, short?: string, default?: any }} Option */
/** @typedef {{ kind: string, index: number, name?: string, rawName?: string, value?: any, inlineValue?: boolean }} Token */

/** What the program was called with, without its own name. @returns {string[]} */
const mainArguments = () => arraySlice(loadProcess().process.argv, 2);

/** An option of the config; inherited ones are none. @param {Record<string, Option>} options @param {string} name @param {keyof Option} key */
function settingOf(options, name, key) {
  return hasOwn(options, name) && hasOwn(options[name], key) ? options[name][key] : undefined;
}

/** @param {Record<string, Option>} options @param {string} short */
function longName(options, short) {
  const names = keys(options);
  for (let index = 0; index < names.length; index += 1) if (settingOf(options, names[index], 'short') === short) return names[index];
  return short;
}

/** @param {string} text */
const isOptionLike = (text) => text.length > 1 && text[0] === '-';

/** Arguments in pieces: groups of short options are taken apart. @param {string[]} args @param {Record<string, Option>} options @returns {Token[]} */
function tokensOf(args, options) {
  /** @type {Token[]} */
  const tokens = [];
  const rest = arraySlice(args);
  // Pieces of an argument have its index.
  /** @type {number[]} */
  const places = [];
  for (let index = 0; index < rest.length; index += 1) push(places, index);
  for (let at = 0; at < rest.length; at += 1) {
    const arg = rest[at];
    const index = places[at];
    const next = rest[at + 1];
    if (arg === '--') {
      push(tokens, { kind: 'option-terminator', index });
      for (let after = at + 1; after < rest.length; after += 1)
        push(tokens, { kind: 'positional', index: places[after], value: rest[after] });
      return tokens;
    }
    if (!isOptionLike(arg)) {
      push(tokens, { kind: 'positional', index, value: arg });
    } else if (startsWith(arg, '--')) {
      const equals = stringIndexOf(arg, '=', 3);
      const name = slice(arg, 2, equals === -1 ? arg.length : equals);
      const rawName = `--${name}`;
      if (equals !== -1) {
        push(tokens, { kind: 'option', name, rawName, index, value: slice(arg, equals + 1), inlineValue: true });
      } else if (settingOf(options, name, 'type') === 'string' && next !== undefined) {
        push(tokens, { kind: 'option', name, rawName, index, value: next, inlineValue: false });
        at += 1;
      } else {
        push(tokens, { kind: 'option', name, rawName, index, value: undefined, inlineValue: undefined });
      }
    } else {
      at = takeShort(tokens, options, rest, places, at);
    }
  }
  return tokens;
}

/** The short options of one argument; answers with the place of the last argument that was used. @param {Token[]} tokens @param {Record<string, Option>} options @param {string[]} args @param {number[]} places @param {number} at */
function takeShort(tokens, options, args, places, at) {
  const arg = args[at];
  const index = places[at];
  for (let place = 1; place < arg.length; place += 1) {
    const short = arg[place];
    const name = longName(options, short);
    const rawName = `-${short}`;
    if (settingOf(options, name, 'type') !== 'string') {
      push(tokens, { kind: 'option', name, rawName, index, value: undefined, inlineValue: undefined });
    } else if (place < arg.length - 1) {
      // The rest of the group is the value.
      push(tokens, { kind: 'option', name, rawName, index, value: slice(arg, place + 1), inlineValue: true });
      return at;
    } else if (at + 1 < args.length) {
      push(tokens, { kind: 'option', name, rawName, index, value: args[at + 1], inlineValue: false });
      return at + 1;
    } else {
      push(tokens, { kind: 'option', name, rawName, index, value: undefined, inlineValue: undefined });
    }
  }
  return at;
}

/** @param {string} code @param {string} message */
const parseError = (code, message) => nodeError(TypeError, code, message);

/** @param {Token} token @param {{ options: Record<string, Option>, allowPositionals: boolean, allowNegative: boolean }} config */
function requireKnown(token, config) {
  const { options, allowPositionals } = config;
  const name = /** @type {string} */ (token.name);
  const { rawName, value } = token;
  let known = name;
  if (config.allowNegative && startsWith(name, 'no-') && !hasOwn(options, name)) known = slice(name, 3);
  if (!hasOwn(options, known)) {
    const hint = allowPositionals
      ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- ${stringify(rawName)}`
      : '';
    throw parseError('ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${rawName}'${hint}`);
  }
  const short = settingOf(options, known, 'short');
  const shown = `${short ? `-${short}, ` : ''}--${known}`;
  const type = settingOf(options, known, 'type');
  if (type === 'string' && typeof value !== 'string') {
    throw parseError('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown} <value>' argument missing`);
  }
  if (type === 'boolean' && value !== undefined && value !== null) {
    throw parseError('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown}' does not take an argument`);
  }
}

/** `--a -b` may be a value that was forgotten. @param {Token} token */
function requireClearValue(token) {
  if (token.inlineValue || typeof token.value !== 'string' || !isOptionLike(token.value)) return;
  const isLong = startsWith(/** @type {string} */ (token.rawName), '--');
  const example = isLong ? `'${token.rawName}=-XYZ'` : `'--${token.name}=-XYZ' or '${token.rawName}-XYZ'`;
  const message =
    `Option '${token.rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${token.rawName}'?\n` +
    `To specify an option argument starting with a dash use ${example}.`;
  throw parseError('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', message);
}

/** @param {Token} token @param {Record<string, Option>} options @param {Record<string, any>} values @param {boolean} allowNegative */
function store(token, options, values, allowNegative) {
  let name = /** @type {string} */ (token.name);
  if (name === '__proto__') return;
  let { value } = token;
  if (allowNegative && value === undefined && startsWith(name, 'no-')) {
    token.name = name = slice(name, 3);
    token.rawName = `--no-${name}`;
    value = false;
  }
  const kept = value ?? true;
  if (settingOf(options, name, 'multiple')) {
    if (values[name] === undefined) values[name] = [kept];
    else push(values[name], kept);
  } else {
    values[name] = kept;
  }
}

/** @param {Record<string, any>} options */
function checkOptions(options) {
  const names = keys(options);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    const option = options[name];
    requireObject(option, `options.${name}`);
    if (option.type !== 'string' && option.type !== 'boolean') {
      throw invalidType(`options.${name}.type`, "('string|boolean')", option.type);
    }
    if (hasOwn(option, 'short')) {
      requireString(option.short, `options.${name}.short`);
      if (option.short.length !== 1) throw invalidValue(`options.${name}.short`, option.short, 'must be a single character');
    }
    const { multiple } = option;
    if (hasOwn(option, 'multiple')) requireBoolean(multiple, `options.${name}.multiple`);
    if (option.default !== undefined) checkDefault(option.default, option.type, multiple, `options.${name}.default`);
  }
}

/** @param {any} value @param {string} type @param {any} multiple @param {string} name */
function checkDefault(value, type, multiple, name) {
  const check = type === 'string' ? requireString : requireBoolean;
  if (!multiple) {
    check(value, name);
    return;
  }
  if (!isArray(value)) throw invalidType(name, 'Array', value);
  for (let index = 0; index < value.length; index += 1) check(value[index], `${name}[${index}]`);
}

/** @param {any} value @param {string} name */
function requireArray(value, name) {
  if (!isArray(value)) throw invalidType(name, 'Array', value);
}

/** @param {any} [config] */
function parseArgs(config = {}) {
  requireObject(config, 'config');
  const own = (/** @type {string} */ name, /** @type {any} */ usual) =>
    hasOwn(config, name) && config[name] !== undefined ? config[name] : usual;
  const args = own('args', undefined) ?? mainArguments();
  const strict = own('strict', true);
  const allowPositionals = own('allowPositionals', !strict);
  const returnTokens = own('tokens', false);
  const allowNegative = own('allowNegative', false);
  const options = own('options', { __proto__: null });
  requireArray(args, 'args');
  requireBoolean(strict, 'strict');
  requireBoolean(allowPositionals, 'allowPositionals');
  requireBoolean(returnTokens, 'tokens');
  requireBoolean(allowNegative, 'allowNegative');
  requireObject(options, 'options');
  checkOptions(options);

  const tokens = tokensOf(args, options);
  /** @type {{ values: Record<string, any>, positionals: string[], tokens?: Token[] }} */
  const result = { values: create(null), positionals: [] };
  if (returnTokens) result.tokens = tokens;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token.kind === 'option') {
      if (strict) {
        requireKnown(token, { options, allowPositionals, allowNegative });
        requireClearValue(token);
      }
      store(token, options, result.values, allowNegative);
    } else if (token.kind === 'positional') {
      if (!allowPositionals) {
        const message = `Unexpected argument '${token.value}'. This command does not take positional arguments`;
        throw parseError('ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', message);
      }
      push(result.positionals, token.value);
    }
  }
  const names = keys(options);
  for (let index = 0; index < names.length; index += 1) {
    const usual = settingOf(options, names[index], 'default');
    if (usual !== undefined && result.values[names[index]] === undefined) result.values[names[index]] = usual;
  }
  return result;
}

module.exports = { parseArgs };
