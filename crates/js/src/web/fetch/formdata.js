// FormData, after https://xhr.spec.whatwg.org/#interface-formdata.
'use strict';

const { apply, customInspect, filter, findIndex, map, now, push, some } = require('builtins/primordials');
const { defineInterface, defineIteration, definePairIterator, requireArguments } = require('builtins/webidl');
const { toCallback, toUSVString } = require('builtins/webidl');
const { bytesOfBlob, fileFacts, isBlob, makeFile, typeOfBlob } = require('web/file/blob');
const loadInspect = () => require('builtins/inspect/inspect');

/** A name and a string or a File. @typedef {[name: string, value: any]} FormEntry */

/** @type {(form: any) => FormEntry[]} */
let entriesOf;
/** @type {(value: any) => value is FormData} */
let isFormData;

class FormData {
  /** @type {FormEntry[]} */
  #entries = [];

  /** @param {any} [form] */
  constructor(form = undefined) {
    if (form !== undefined) throw new TypeError('FormData: there are no forms here, so the constructor takes no argument');
  }

  /** @param {any} name @param {any} value @param {any} [fileName] */
  append(name, value, fileName = undefined) {
    requireArguments(arguments.length, 2, 'FormData.append');
    push(this.#entries, makeEntry(name, value, fileName, 'append'));
  }

  /** @param {any} name */
  delete(name) {
    requireArguments(arguments.length, 1, 'FormData.delete');
    const key = toUSVString(name);
    this.#entries = filter(this.#entries, (entry) => entry[0] !== key);
  }

  /** @param {any} name */
  get(name) {
    requireArguments(arguments.length, 1, 'FormData.get');
    const key = toUSVString(name);
    const entries = this.#entries;
    for (let i = 0; i < entries.length; i += 1) if (entries[i][0] === key) return entries[i][1];
    return null;
  }

  /** @param {any} name */
  getAll(name) {
    requireArguments(arguments.length, 1, 'FormData.getAll');
    const key = toUSVString(name);
    return map(
      filter(this.#entries, (entry) => entry[0] === key),
      (entry) => entry[1],
    );
  }

  /** @param {any} name */
  has(name) {
    requireArguments(arguments.length, 1, 'FormData.has');
    const key = toUSVString(name);
    return some(this.#entries, (entry) => entry[0] === key);
  }

  /** @param {any} name @param {any} value @param {any} [fileName] */
  set(name, value, fileName = undefined) {
    requireArguments(arguments.length, 2, 'FormData.set');
    const entry = makeEntry(name, value, fileName, 'set');
    const index = findIndex(this.#entries, (other) => other[0] === entry[0]);
    if (index < 0) {
      push(this.#entries, entry);
    } else {
      this.#entries[index] = entry;
      this.#entries = filter(this.#entries, (other, place) => place <= index || other[0] !== entry[0]);
    }
  }

  /** @param {any} callback @param {any} [thisArgument] */
  forEach(callback, thisArgument = undefined) {
    requireArguments(arguments.length, 1, 'FormData.forEach');
    const visit = toCallback(callback, 'FormData.forEach: the callback');
    for (let i = 0; i < this.#entries.length; i += 1) {
      apply(visit, thisArgument, [this.#entries[i][1], this.#entries[i][0], this]);
    }
  }

  entries() {
    this.#entries;
    return makeIterator(this, 'entries');
  }

  keys() {
    this.#entries;
    return makeIterator(this, 'keys');
  }

  values() {
    this.#entries;
    return makeIterator(this, 'values');
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('FormData', this.#entries, depth, options);
  }

  static {
    entriesOf = (form) => form.#entries;
    isFormData = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #entries in value);
  }
}

const makeIterator = definePairIterator('FormData', (/** @type {any} */ form, index) => entriesOf(form)[index]);
defineInterface(FormData);
defineIteration(FormData, Symbol.iterator, 'entries');

/** @param {any} name @param {any} value @param {any} fileName @param {string} operation @returns {FormEntry} */
function makeEntry(name, value, fileName, operation) {
  const key = toUSVString(name);
  if (!isBlob(value)) {
    if (fileName !== undefined) throw new TypeError(`FormData.${operation}: a file name needs a Blob as the value`);
    return [key, toUSVString(value)];
  }
  const file = fileFacts(value);
  if (file !== undefined && fileName === undefined) return [key, value];
  const chosen = fileName === undefined ? 'blob' : toUSVString(fileName);
  if (file === undefined) return [key, makeFile(bytesOfBlob(value), typeOfBlob(value), chosen, now())];
  return [key, makeFile(bytesOfBlob(value), typeOfBlob(value), chosen, file.lastModified)];
}

/** Adds an entry that needs no conversion: the value is a string or a File. @param {any} form @param {string} name @param {any} value */
function addEntry(form, name, value) {
  push(entriesOf(form), [name, value]);
}

module.exports = { FormData, addEntry, entriesOf, isFormData };
