// What a thread hands to the workers that it starts (`setEnvironmentData`).
'use strict';

const { Map, mapDelete, mapGet, mapSet } = require('builtins/primordials');

/** @type {Map<any, any>} */
let data = new Map();

/** @param {any} key @param {any} [value] */
function setEnvironmentData(key, value) {
  if (value === undefined) mapDelete(data, key);
  else mapSet(data, key, value);
}

/** @param {any} key */
function getEnvironmentData(key) {
  return mapGet(data, key);
}

/** What there is. */
function allEnvironmentData() {
  return data;
}

/** What the parent had. @param {Map<any, any>} given */
function inherit(given) {
  data = given;
}

module.exports = { allEnvironmentData, getEnvironmentData, inherit, setEnvironmentData };
