// The settings of an HTTP/2 connection as an object and packed (https://www.rfc-editor.org/rfc/rfc9113#section-6.5.1).
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireObject } = require('node/arguments');
const { hasOwn, isArray, isView, keys, push } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const loadBuffer = () => require('node/buffer/buffer');

const most = 2 ** 32 - 1;
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

/** @param {any} settings */
function checkSettings(settings) {
  for (let index = 0; index < known.length; index += 1) {
    const { 1: name, 2: lower, 3: upper } = known[index];
    const value = settings[name];
    if (value === undefined) continue;
    const isBoolean = booleans[0] === name || booleans[1] === name;
    if (isBoolean && typeof value !== 'boolean') throw invalidSetting(TypeError, name, value);
    if (isBoolean) continue;
    if (typeof value !== 'number' || value < lower || value > upper) {
      const error = invalidSetting(RangeError, name, value);
      error.min = lower;
      error.max = upper;
      throw error;
    }
  }
}

/** @param {any} settings @param {(id: number, value: number) => void} add */
function eachSetting(settings, add) {
  for (let index = 0; index < known.length; index += 1) {
    const value = settings[known[index][1]];
    if (value !== undefined) add(known[index][0], Number(value));
  }
  if (settings.customSettings === undefined) return;
  const names = keys(settings.customSettings);
  for (let index = 0; index < names.length; index += 1) add(Number(names[index]), Number(settings.customSettings[names[index]]));
}

/** @param {any} [settings] */
function getPackedSettings(settings = {}) {
  if (settings === null || typeof settings !== 'object' || isArray(settings))
    requireObject(isArray(settings) ? null : settings, 'settings');
  checkSettings(settings);
  /** @type {number[]} */
  const bytes = [];
  eachSetting(settings, (id, value) =>
    push(bytes, id >> 8, id & 255, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255),
  );
  return loadBuffer().Buffer.from(bytes);
}

/** @param {any} packed @param {{ validate?: boolean }} [options] */
function getUnpackedSettings(packed, options = {}) {
  if (!isView(packed)) throw invalidType('buf', ['Buffer', 'TypedArray'], packed);
  const bytes = bytesOf(packed);
  if (bytes.length % 6 !== 0) {
    throw nodeError(RangeError, 'ERR_HTTP2_INVALID_PACKED_SETTINGS_LENGTH', 'Packed settings length must be a multiple of six');
  }
  /** @type {Record<string, any>} */
  const settings = {};
  for (let at = 0; at < bytes.length; at += 6) {
    const id = bytes[at] * 256 + bytes[at + 1];
    const value = bytes[at + 2] * 2 ** 24 + (bytes[at + 3] << 16) + (bytes[at + 4] << 8) + bytes[at + 5];
    let name = '';
    for (let index = 0; index < known.length; index += 1) if (known[index][0] === id) name = known[index][1];
    if (name === '') (settings.customSettings ??= {})[id] = value;
    else settings[name] = booleans[0] === name || booleans[1] === name ? value !== 0 : value;
    if (name === 'maxHeaderListSize') settings.maxHeaderSize = value;
  }
  if (options?.validate && hasOwn(options, 'validate')) checkSettings(settings);
  return settings;
}

module.exports = { getDefaultSettings, getPackedSettings, getUnpackedSettings };
