// `util.MIMEType` and `util.MIMEParams` (https://nodejs.org/api/util.html#class-utilmimetype), by https://mimesniff.spec.whatwg.org/.
'use strict';

const { nodeError } = require('node/errors');
const {
  customInspect,
  defineProperty,
  Map,
  mapDelete,
  mapForEach,
  mapGet,
  mapHas,
  mapSet,
  push,
  regExp,
  replace,
  slice,
  stringify,
  stringIndexOf,
  test,
  toLowerCase,
} = require('builtins/primordials');

const token = regExp(/^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/);
const notToken = regExp(/[^!#$%&'*+\-.^_`|~A-Za-z0-9]/);
const quotable = regExp(/^[\t\u0020-\u007e\u0080-\u00ff]*$/);
const notQuotable = regExp(/[^\t\u0020-\u007e\u0080-\u00ff]/);
const leading = regExp(/^[\r\n\t ]+/);
const trailing = regExp(/[\r\n\t ]+$/);
const toEscape = regExp(/["\\]/g);
const escape = regExp(/\\(.|$)/gs);

/** @param {string} part @param {string} text @param {number} place */
function syntaxError(part, text, place) {
  const at = place === -1 ? '' : ` at ${place}`;
  return nodeError(TypeError, 'ERR_INVALID_MIME_SYNTAX', `The MIME syntax for a ${part} in ${stringify(text)} is invalid${at}`);
}

/** Where the expression matches; -1 for nowhere. @param {RegExp} expression @param {string} text */
function placeOf(expression, text) {
  for (let index = 0; index < text.length; index += 1) if (test(expression, text[index])) return index;
  return -1;
}

/** @param {string} part @param {string} text @param {string} whole */
function requireToken(part, text, whole) {
  if (test(token, text)) return;
  throw syntaxError(part, whole, placeOf(notToken, text));
}

/** @type {(parameters: MIMEParams, text: string) => void} */
let parseInto;

class MIMEParams {
  /** @type {Map<string, string>} */
  #values = new Map();

  /** @param {any} name */
  delete(name) {
    mapDelete(this.#values, `${name}`);
  }
  /** @param {any} name */
  get(name) {
    return mapGet(this.#values, `${name}`) ?? null;
  }
  /** @param {any} name */
  has(name) {
    return mapHas(this.#values, `${name}`);
  }
  /** @param {any} name @param {any} value */
  set(name, value) {
    const key = `${name}`;
    const text = `${value}`;
    requireToken('parameter name', key, key);
    if (!test(quotable, text)) throw syntaxError('parameter value', text, placeOf(notQuotable, text));
    mapSet(this.#values, key, text);
  }

  *entries() {
    const entries = this.#listed();
    for (let index = 0; index < entries.length; index += 1) yield entries[index];
  }
  *keys() {
    const entries = this.#listed();
    for (let index = 0; index < entries.length; index += 1) yield entries[index][0];
  }
  *values() {
    const entries = this.#listed();
    for (let index = 0; index < entries.length; index += 1) yield entries[index][1];
  }

  /** @returns {[name: string, value: string][]} */
  #listed() {
    /** @type {[name: string, value: string][]} */
    const list = [];
    mapForEach(this.#values, (value, name) => push(list, [name, value]));
    return list;
  }

  toString() {
    let text = '';
    mapForEach(this.#values, (value, name) => {
      text += `${text === '' ? '' : ';'}${name}=${test(token, value) ? value : `"${replace(value, toEscape, '\\$&')}"`}`;
    });
    return text;
  }
  toJSON() {
    return this.toString();
  }

  /** What stands behind the type; a name that comes twice keeps its first value. @param {MIMEParams} parameters @param {string} text */
  static #parse(parameters, text) {
    let rest = text;
    while (rest !== '') {
      rest = replace(slice(rest, 1), leading, '');
      const semicolon = stringIndexOf(rest, ';');
      const equals = stringIndexOf(rest, '=');
      const hasValue = equals !== -1 && (semicolon === -1 || equals < semicolon);
      if (!hasValue) {
        rest = semicolon === -1 ? '' : slice(rest, semicolon);
        continue;
      }
      const name = toLowerCase(slice(rest, 0, equals));
      const taken = takeValue(slice(rest, equals + 1));
      rest = taken.rest;
      const isGood = (taken.quoted || taken.value !== '') && test(token, name) && test(quotable, taken.value);
      if (isGood && !mapHas(parameters.#values, name)) mapSet(parameters.#values, name, taken.value);
    }
  }
  static {
    parseInto = MIMEParams.#parse;
  }

  get [Symbol.toStringTag]() {
    return 'MIMEParams';
  }
}
defineProperty(MIMEParams.prototype, Symbol.iterator, {
  value: MIMEParams.prototype.entries,
  writable: true,
  configurable: true,
});

/** @param {string} text @returns {{ value: string, quoted: boolean, rest: string }} */
function takeValue(text) {
  if (text[0] !== '"') {
    const end = stringIndexOf(text, ';');
    const value = end === -1 ? text : slice(text, 0, end);
    return { value: replace(value, trailing, ''), quoted: false, rest: end === -1 ? '' : slice(text, end) };
  }
  let at = 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  const value = replace(slice(text, 1, at), escape, (/** @type {string} */ _whole, /** @type {string} */ unit) => unit || '\\');
  const after = slice(text, at + 1);
  const end = stringIndexOf(after, ';');
  return { value, quoted: true, rest: end === -1 ? '' : slice(after, end) };
}

class MIMEType {
  #type = '';
  #subtype = '';
  #parameters = new MIMEParams();

  /** @param {any} text */
  constructor(text) {
    const whole = `${text}`;
    const source = replace(replace(whole, leading, ''), trailing, '');
    const slash = stringIndexOf(source, '/');
    if (slash === -1) throw syntaxError('type', source, -1);
    const type = slice(source, 0, slash);
    if (!test(token, type)) throw syntaxError('type', source, type === '' ? -1 : placeOf(notToken, type));
    const semicolon = stringIndexOf(source, ';', slash);
    const subtype = replace(slice(source, slash + 1, semicolon === -1 ? source.length : semicolon), trailing, '');
    if (!test(token, subtype)) throw syntaxError('subtype', source, subtype === '' ? -1 : slash + 1 + placeOf(notToken, subtype));
    this.#type = toLowerCase(type);
    this.#subtype = toLowerCase(subtype);
    if (semicolon !== -1) parseInto(this.#parameters, slice(source, semicolon));
  }

  /** The type of a text, or null where there is none. @param {any} text */
  static parse(text) {
    try {
      return new MIMEType(text);
    } catch (error) {
      if (/** @type {any} */ (error)?.code !== 'ERR_INVALID_MIME_SYNTAX') throw error;
      return null;
    }
  }

  get type() {
    return this.#type;
  }
  set type(value) {
    const text = `${value}`;
    requireToken('type', text, text);
    this.#type = toLowerCase(text);
  }
  get subtype() {
    return this.#subtype;
  }
  set subtype(value) {
    const text = `${value}`;
    requireToken('subtype', text, text);
    this.#subtype = toLowerCase(text);
  }
  get essence() {
    return `${this.#type}/${this.#subtype}`;
  }
  get params() {
    return this.#parameters;
  }
  toString() {
    const parameters = this.#parameters.toString();
    return parameters === '' ? this.essence : `${this.essence};${parameters}`;
  }
  toJSON() {
    return this.toString();
  }
  /** @param {number} _depth @param {any} options @param {(value: any, options: any) => string} inspect */
  [customInspect](_depth, options, inspect) {
    return inspect(this.toString(), options);
  }
}

module.exports = { MIMEParams, MIMEType };
