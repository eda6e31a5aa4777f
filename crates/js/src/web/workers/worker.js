// Worker (https://html.spec.whatwg.org/#dedicated-workers-and-the-worker-interface). A URL is relative to the program. As in Node and Bun a
// worker ends by itself when it has nothing left to do and listens to no messages; until then it keeps the program alive.
'use strict';

const { defineInterface, requireArguments, toDictionary, toDOMString, toEnumeration } = require('builtins/webidl');
const { EventTarget, defineEventHandlers, fire } = require('web/events/events');
const { ErrorEvent } = require('web/events/classes');
const { writeMessage } = require('web/html/message');
const { dispatchMessage, toTransfer } = require('web/messaging/port');
const { defaultStackBytes, Thread } = require('web/workers/thread');
const { decodeText, programUrl, reportException } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadBlob = () => require('web/file/blob');
const loadObjectUrls = () => require('web/file/object_urls');
const loadUrl = () => require('web/url/url');

class Worker extends EventTarget {
  /** @type {InstanceType<typeof Thread>} */
  #thread;

  /** @param {any} url @param {any} [options] */
  constructor(url, options = undefined) {
    requireArguments(arguments.length, 1, 'Worker');
    const address = resolve(typeof url === 'string' ? url : `${url}`);
    const { credentials, name = '', type = 'classic' } = toDictionary(options, 'Worker');
    if (credentials !== undefined) toEnumeration(credentials, ['omit', 'same-origin', 'include'], 'Worker: credentials');
    const kind = toEnumeration(type, ['classic', 'module'], 'Worker: type');
    super();
    const text = toDOMString(name);
    this.#thread = new Thread({
      boot: 'web/workers/inside',
      setup: { url: address, type: kind, name: text, text: textBehind(address) },
      transfer: undefined,
      name: text,
      heapBytes: 0,
      stackBytes: defaultStackBytes,
      message: (message) => dispatchMessage(this, message),
      control: (told) => failed(this, told.error, told.value),
      ended: (_code, reason, reasonText) => {
        if (reason !== 0) failed(this, { message: reason === 1 ? 'the worker ran out of memory' : reasonText }, undefined);
      },
    });
  }

  /** @param {any} message @param {any} [options] */
  postMessage(message, options = undefined) {
    const thread = this.#thread;
    requireArguments(arguments.length, 1, 'Worker.postMessage');
    thread.post(writeMessage(message, toTransfer(options, 'Worker.postMessage')));
  }

  terminate() {
    this.#thread.deafen();
    this.#thread.terminate();
  }

  /** Beyond the interface, as Bun: whether the worker keeps the program alive. */
  ref() {
    this.#thread.reference(true);
  }
  unref() {
    this.#thread.reference(false);
  }
}

/** @param {string} url */
function resolve(url) {
  const { URL } = loadUrl();
  let parsed;
  try {
    parsed = new URL(url, programUrl());
  } catch {
    throw new (loadDOMException().DOMException)(`Worker: invalid URL '${url}'`, 'SyntaxError');
  }
  const { protocol } = parsed;
  if (protocol !== 'file:' && protocol !== 'data:' && protocol !== 'blob:') {
    throw new (loadDOMException().DOMException)(
      `Worker: cannot load '${url}', only file:, data: and blob: URLs`,
      protocol === 'http:' || protocol === 'https:' ? 'NotSupportedError' : 'SecurityError',
    );
  }
  return parsed.href;
}

/** The text behind an object URL, which is this thread's; undefined for others. @param {string} url */
function textBehind(url) {
  const { objectOf } = loadObjectUrls();
  const blob = objectOf(url);
  return blob === undefined ? undefined : decodeText('utf-8', loadBlob().bytesOfBlob(blob), false, false);
}

/** An error that nobody in the worker handled. @param {Worker} worker @param {any} told @param {any} value */
function failed(worker, told, value) {
  const { message, filename, lineno, colno } = told;
  const event = new ErrorEvent('error', { cancelable: true, message, filename, lineno, colno, error: value });
  fire(worker, event);
  if (!event.defaultPrevented) reportException(value ?? new Error(message));
}

defineEventHandlers(Worker, ['error', 'message', 'messageerror']);
defineInterface(Worker);

module.exports = { Worker };
