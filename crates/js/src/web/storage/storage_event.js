// StorageEvent (https://html.spec.whatwg.org/#the-storageevent-interface). Nothing fires it: what another process writes is seen when it is read.
'use strict';

const { defineInterface, requireArguments, toDOMString, toDictionary, toUSVString } = require('builtins/webidl');
const { Event } = require('web/events/events');
const { Storage } = require('web/storage/storage');

/** @param {any} value */
const toText = (value) => (value === undefined || value === null ? null : toDOMString(value));

/** @param {any} value */
function toArea(value) {
  if (value === undefined || value === null) return null;
  if (!(value instanceof Storage)) throw new TypeError('StorageEvent: storageArea must be a Storage');
  return value;
}

class StorageEvent extends Event {
  /** @type {string | null} */
  #key;
  /** @type {string | null} */
  #oldValue;
  /** @type {string | null} */
  #newValue;
  #url = '';
  /** @type {any} */
  #storageArea;

  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'StorageEvent');
    super(type, init);
    const { key, newValue, oldValue, storageArea, url } = toDictionary(init, 'StorageEvent');
    this.#key = toText(key);
    this.#oldValue = toText(oldValue);
    this.#newValue = toText(newValue);
    if (url !== undefined) this.#url = toUSVString(url);
    this.#storageArea = toArea(storageArea);
  }
  get key() {
    return this.#key;
  }
  get oldValue() {
    return this.#oldValue;
  }
  get newValue() {
    return this.#newValue;
  }
  get url() {
    return this.#url;
  }
  get storageArea() {
    return this.#storageArea;
  }
  /** @param {any} type @param {any} [key] @param {any} [oldValue] @param {any} [newValue] @param {any} [url] @param {any} [storageArea] */
  initStorageEvent(type, bubbles = false, cancelable = false, key = null, oldValue = null, newValue = null, url = '', storageArea = null) {
    requireArguments(arguments.length, 1, 'StorageEvent.initStorageEvent');
    const given = {
      key: toText(key),
      oldValue: toText(oldValue),
      newValue: toText(newValue),
      url: toUSVString(url),
      area: toArea(storageArea),
    };
    if (this.eventPhase !== 0) return;
    this.initEvent(type, bubbles, cancelable);
    this.#key = given.key;
    this.#oldValue = given.oldValue;
    this.#newValue = given.newValue;
    this.#url = given.url;
    this.#storageArea = given.area;
  }
}

defineInterface(StorageEvent);

module.exports = { StorageEvent };
