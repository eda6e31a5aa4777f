// The global object of a worker (https://html.spec.whatwg.org/#dedicatedworkerglobalscope): what it has beside that of the main thread. The
// thread calls `start`, which says what the program is, and `ready` once that has begun.
'use strict';

const { apply, defineProperty, endsWith, getOwnPropertyDescriptor } = require('builtins/primordials');
const { defineInterface, requireArguments, toUSVString } = require('builtins/webidl');
const { EventTarget, defineEventHandlers, listenersChanged } = require('web/events/events');
const { describeForEvent } = require('web/html/errors');
const { locationInterface } = require('web/html/location');
const { readMessage, writeMessage } = require('web/html/message');
const { dispatchMessage, listen, toTransfer } = require('web/messaging/port');
const { evaluateScript, portPost, portReference, scriptText, threadClose, threadSetFail, threadSetup } = ops;
const { decodeText } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadBlob = () => require('web/file/blob');
const loadObjectUrls = () => require('web/file/object_urls');
const loadUrl = () => require('web/url/url');

/** @type {any} */
const global = globalThis;
const given = threadSetup();
const messages = given[1];
const control = given[2];
/** @type {{ url: string, type: 'classic' | 'module', name: string, text: string | undefined }} */
const setup = readMessage(given[0]).value;

class WorkerGlobalScope extends EventTarget {
  constructor() {
    throw new TypeError('WorkerGlobalScope: illegal constructor');
    // biome-ignore lint/correctness/noUnreachable: the language wants it
    super();
  }
  /** @param {any} value */
  static [Symbol.hasInstance](value) {
    return value === global;
  }
}
class DedicatedWorkerGlobalScope extends WorkerGlobalScope {}
defineInterface(WorkerGlobalScope);
defineInterface(DedicatedWorkerGlobalScope);

const { Interface: WorkerLocation, make: makeLocation } = locationInterface('WorkerLocation');

/** @param {any} message @param {any} [options] */
function postMessage(message, options = undefined) {
  requireArguments(arguments.length, 1, 'postMessage');
  portPost(messages, writeMessage(message, toTransfer(options, 'postMessage')));
}

let isClosing = false;

/** What the running script still sends arrives; nothing is heard any more. */
function close() {
  isClosing = true;
  threadClose();
}

/** @param {any[]} urls */
function importScripts(...urls) {
  if (setup.type === 'module') throw new TypeError('importScripts: module workers have import');
  const { URL } = loadUrl();
  /** @type {string[]} */
  const addresses = [];
  for (let i = 0; i < urls.length; i += 1) {
    try {
      addresses[i] = new URL(toUSVString(urls[i]), setup.url).href;
    } catch {
      throw new (loadDOMException().DOMException)(`importScripts: invalid URL '${urls[i]}'`, 'SyntaxError');
    }
  }
  /** @type {string[]} */
  const texts = [];
  for (let i = 0; i < addresses.length; i += 1) {
    try {
      texts[i] = textOf(addresses[i]);
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      throw new (loadDOMException().DOMException)(`importScripts: ${message}`, 'NetworkError');
    }
  }
  for (let i = 0; i < texts.length; i += 1) evaluateScript(texts[i], addresses[i]);
}

/** @param {string} url */
function textOf(url) {
  const blob = loadObjectUrls().objectOf(url);
  return blob === undefined ? scriptText(url) : decodeText('utf-8', loadBlob().bytesOfBlob(blob), false, false);
}

const receiver = {
  /** @param {NativeMessage} message */
  receive(message) {
    if (!isClosing) dispatchMessage(global, message);
  },
  ended() {},
};

/** @param {string} name @param {any} value */
function define(name, value) {
  const descriptor = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  defineProperty(global, name, /** @type {any} */ (descriptor));
}

define('WorkerGlobalScope', WorkerGlobalScope);
define('DedicatedWorkerGlobalScope', DedicatedWorkerGlobalScope);
define('WorkerLocation', WorkerLocation);
define('postMessage', postMessage);
define('close', close);
define('importScripts', importScripts);
define('name', setup.name);
/** @type {any} */
let location;
defineProperty(
  global,
  'location',
  /** @type {any} */ ({
    __proto__: null,
    get: () => (location ??= makeLocation(setup.url)),
    enumerable: true,
    configurable: true,
  }),
);
defineEventHandlers(/** @type {any} */ ({ prototype: global }), ['message', 'messageerror']);
// A handler that is set without naming the object is called with no receiver.
for (let i = 0; i < 2; i += 1) {
  const name = i === 0 ? 'onmessage' : 'onmessageerror';
  const { get, set } = /** @type {any} */ (getOwnPropertyDescriptor(global, name));
  defineProperty(
    global,
    name,
    /** @type {any} */ ({
      __proto__: null,
      get: () => apply(get, global, []),
      set: (/** @type {any} */ value) => apply(set, global, [value]),
      enumerable: true,
      configurable: true,
    }),
  );
}
// A worker that listens to messages lives until it is closed.
defineProperty(
  global,
  listenersChanged,
  /** @type {any} */ ({
    __proto__: null,
    value: (/** @type {string} */ type, /** @type {boolean} */ has) => {
      if (type === 'message') portReference(messages, has);
    },
  }),
);

threadSetFail((error) => {
  const told = describeForEvent(error);
  try {
    portPost(control, writeMessage({ error: told, value: error }));
  } catch {
    // What was thrown cannot be cloned.
    portPost(control, writeMessage({ error: told, value: undefined }));
  }
  return true;
});

/** What the program is. @returns {[kind: string, text: string, url?: string]} */
function start() {
  const { text, type, url } = setup;
  if (text !== undefined) return [type === 'module' ? 'module' : 'script', text, url];
  const isFile = url[0] === 'f';
  if (type === 'module') return isFile ? ['file', url] : ['data', url];
  // What can only be a module, or has types, is taken as what it is.
  if (isFile && (endsWith(url, '.mjs') || endsWith(url, '.mts') || endsWith(url, '.ts'))) return ['file', url];
  return ['script', scriptText(url), url];
}

function ready() {
  listen(messages, receiver);
}

module.exports = { ready, start };
