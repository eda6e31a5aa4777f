// `node:inspector` (https://nodejs.org/api/inspector.html): the engine has no inspector of V8's protocol; the names are there, and say so.
'use strict';

const { nodeError } = require('node/errors');
const { absentClass, absentFunction } = require('node/absent');
const { prototype: emitter } = require('node/events/events');
const { console } = require('web/console/console');

/** @param {string} object @param {string[]} names @returns {Record<string, Function>} */
function group(object, names) {
  /** @type {Record<string, Function>} */
  const functions = {};
  for (let index = 0; index < names.length; index += 1) functions[names[index]] = absentFunction(`inspector.${object}`, names[index], 1);
  return functions;
}

module.exports = {
  open: absentFunction('inspector', 'open', 3),
  /** It is never open. */
  close() {},
  /** The address of the inspector; undefined, because it is never open. */
  url() {},
  waitForDebugger() {
    throw nodeError(Error, 'ERR_INSPECTOR_NOT_ACTIVE', 'Inspector is not active');
  },
  console,
  Session: absentClass('inspector', 'Session', 0, emitter),
  Network: group('Network', [
    'requestWillBeSent',
    'responseReceived',
    'loadingFinished',
    'loadingFailed',
    'dataSent',
    'dataReceived',
    'webSocketCreated',
    'webSocketClosed',
    'webSocketHandshakeResponseReceived',
  ]),
  NetworkResources: group('NetworkResources', ['put']),
  DOMStorage: group('DOMStorage', [
    'domStorageItemAdded',
    'domStorageItemRemoved',
    'domStorageItemUpdated',
    'domStorageItemsCleared',
    'registerStorage',
  ]),
};
