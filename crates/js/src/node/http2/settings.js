// The settings of an HTTP/2 connection as an object and packed (https://www.rfc-editor.org/rfc/rfc9113#section-6.5.1).
'use strict';

const { http2Error } = require('node/http2/errors');
const { invalidType, nodeError } = require('node/errors');
const { requireObject } = require('node/arguments');
const { create, hasOwn, includes, isArray, isInteger, isView, keys, push, viewName } = require('builtins/primordials');
const loadBuffer = () => require('node/buffer/buffer');

const most = 2 ** 32 - 1;
/** The most settings that Node does not know. */
const MOST_CUSTOM = 10;
/** By the identifier on the wire, in the order in which they are packed. @type {[id: number, name: string, least: number, most: number][]} */
const known = [
  [1, 'headerTableSize', 0, most],
  [2, 'enablePush', 0, 1],
  [3, 'maxConcurrentStreams', 0, most],
  [4, 'initialWindowSize', 0, 2 ** 31 - 1],
  [5, 'maxFrameSize', 16384, 2 ** 24 - 1],
  [6, 'maxHeaderListSize', 0, most],
  [8, 'enableConnectProtocol', 0, 1],
];
const booleans = ['enablePush', 'enableConnectProtocol'];

function getDefaultSettings() {
  return {
    headerTableSize: 4096,
    enablePush: true,
    initialWindowSize: 65535,
    maxFrameSize: 16384,
    maxConcurrentStreams: most,
    maxHeaderSize: 65535,
    maxHeaderListSize: 65535,
    enableConnectProtocol: false,
  };
}

/** @param {typeof Error} Class @param {string} name @param {any} value */
function invalidSetting(Class, name, value) {
  const error = nodeError(/** @type {any} */ (Class), 'ERR_HTTP2_INVALID_SETTING_VALUE', `Invalid value for setting "${name}": ${value}`);
  error.actual = value;
  return error;
}

/** @param {string} name @param {any} value @param {number} least @param {number} most */
function requireSetting(name, value, least, most) {
  if (typeof value === 'number' && value >= least && value <= most) return;
  const error = invalidSetting(RangeError, name, value);
  error.min = least;
  error.max = most;
  throw error;
}

/** @param {any} settings */
function checkSettings(settings) {
  for (let index = 0; index < known.length; index += 1) {
    const { 1: name, 2: least, 3: most } = known[index];
    const value = settings[name];
    if (value === undefined) continue;
    if (booleans[0] !== name && booleans[1] !== name) requireSetting(name, value, least, most);
    else if (typeof value !== 'boolean') throw invalidSetting(TypeError, name, value);
  }
  if (settings.maxHeaderSize !== undefined) requireSetting('maxHeaderSize', settings.maxHeaderSize, 0, most);
  const { customSettings } = settings;
  if (customSettings === undefined) return;
  const names = keys(customSettings);
  if (names.length > MOST_CUSTOM) throw http2Error('TOO_MANY_CUSTOM_SETTINGS');
  for (let index = 0; index < names.length; index += 1) {
    requireSetting('customSettings:id', isInteger(+names[index]) ? +names[index] : -1, 0, 0xffff);
    requireSetting('customSettings:value', customSettings[names[index]], 0, most);
  }
}

/** @param {any} settings @param {(id: number, value: number) => void} add */
function eachSetting(settings, add) {
  for (let index = 0; index < known.length; index += 1) {
    const name = known[index][1];
    // The name that it had before.
    const value = name === 'maxHeaderListSize' ? (settings.maxHeaderSize ?? settings[name]) : settings[name];
    if (value !== undefined) add(known[index][0], +value);
  }
  if (settings.customSettings === undefined) return;
  const names = keys(settings.customSettings);
  for (let index = 0; index < names.length; index += 1) add(+names[index], settings.customSettings[names[index]]);
}

/** @param {any} [settings] */
function getPackedSettings(settings = {}) {
  if (settings === null || typeof settings !== 'object' || isArray(settings))
    requireObject(isArray(settings) ? null : settings, 'settings');
  checkSettings(settings);
  return packed(settings);
}

/** Settings that are known to be right, as a frame has them. @param {any} settings */
function packed(settings) {
  /** @type {number[]} */
  const bytes = [];
  eachSetting(settings, (id, value) =>
    push(bytes, id >> 8, id & 255, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255),
  );
  return loadBuffer().Buffer.from(bytes);
}

/**
 * Settings as programs see them.
 * @param {number[]} list numbers and values in turn @param {any} wanted the numbers of those that Node does not know, or undefined for all
 */
function settingsOfList(list, wanted) {
  /** @type {Record<string, any>} */
  const settings = create(null);
  /** @type {Record<string, number>} */
  const custom = {};
  for (let at = 0; at < list.length; at += 2) {
    const name = nameOf(list[at]);
    const value = list[at + 1];
    if (name !== '') settings[name] = booleans[0] === name || booleans[1] === name ? value !== 0 : value;
    else if (wanted === undefined || includes(wanted, list[at])) custom[list[at]] = value;
  }
  settings.maxHeaderSize = settings.maxHeaderListSize;
  settings.customSettings = custom;
  return settings;
}

/** @param {number} id */
function nameOf(id) {
  for (let index = 0; index < known.length; index += 1) if (known[index][0] === id) return known[index][1];
  return '';
}

/** @param {any} given @param {{ validate?: boolean }} [options] */
function getUnpackedSettings(given, options = {}) {
  if (!isView(given) || viewName(given) === undefined) throw invalidType('buf', ['Buffer', 'TypedArray'], given);
  // Each element of an array is a byte, whatever its type.
  const bytes = loadBuffer().Buffer.from(/** @type {any} */ (given));
  if (bytes.length % 6 !== 0) {
    throw nodeError(RangeError, 'ERR_HTTP2_INVALID_PACKED_SETTINGS_LENGTH', 'Packed settings length must be a multiple of six');
  }
  /** @type {Record<string, any>} */
  const settings = {};
  for (let at = 0; at < bytes.length; at += 6) {
    const id = bytes[at] * 256 + bytes[at + 1];
    const value = bytes[at + 2] * 2 ** 24 + (bytes[at + 3] << 16) + (bytes[at + 4] << 8) + bytes[at + 5];
    const name = nameOf(id);
    if (name === '') (settings.customSettings ??= {})[id] = value;
    else settings[name] = booleans[0] === name || booleans[1] === name ? value !== 0 : value;
    if (name === 'maxHeaderListSize') settings.maxHeaderSize = value;
  }
  if (options?.validate && hasOwn(options, 'validate')) checkSettings(settings);
  return settings;
}

module.exports = { checkSettings, getDefaultSettings, getPackedSettings, getUnpackedSettings, packed, settingsOfList };
