// EventSource (https://html.spec.whatwg.org/#the-eventsource-interface): a fetch whose body is read as long as there is somebody to tell. When it
// ends, the connection is made again after a while.
'use strict';

const { customInspect, reject, resolve, stringify, then } = require('builtins/primordials');
const { defineConstants, defineInterface, requireArguments, toDictionary, toUSVString } = require('builtins/webidl');
const { AbortController } = require('web/abort/abort');
const { TextDecoder } = require('web/encoding/encoding');
const { MessageEvent } = require('web/events/classes');
const { Event, EventTarget, defineEventHandlers, fire } = require('web/events/events');
const { EventStreamParser } = require('web/eventsource/parser');
const { fetch } = require('web/fetch/fetch');
const { streamOf } = require('web/fetch/body');
const { parseMimeType } = require('web/fetch/mime');
const { asResponse, contentTypeOf } = require('web/fetch/response');
const { clearTimeout, setTimeout } = require('web/html/timers');
const { acquireReader, readPromise, recordOf } = require('web/streams/readable_stream');
const { encodeUtf8 } = require('web/encoding/utf8');
const { partsOf } = require('web/url/url');
const loadDOMException = () => require('builtins/domexception');
const loadInspect = () => require('builtins/inspect/inspect');

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;
/** Milliseconds before the connection is made again, until the server says otherwise. */
const usualDelay = 3000;

class EventSource extends EventTarget {
  #url;
  #withCredentials;
  #state = CONNECTING;
  #delay = usualDelay;
  #lastEventId = '';
  #abort = new AbortController();
  /** @type {any} */
  #timer = null;

  /** @param {any} url @param {any} [options] */
  constructor(url, options = undefined) {
    requireArguments(arguments.length, 1, 'EventSource');
    super();
    const text = toUSVString(url);
    const { withCredentials } = toDictionary(options, 'EventSource');
    const parts = partsOf(text);
    if (parts === undefined) {
      const { DOMException } = loadDOMException();
      throw new DOMException(`EventSource: ${stringify(text)} is not a valid URL`, 'SyntaxError');
    }
    this.#url = parts.href;
    this.#withCredentials = !!withCredentials;
    this.#connect();
  }

  get url() {
    return this.#url;
  }
  get withCredentials() {
    return this.#withCredentials;
  }
  get readyState() {
    return this.#state;
  }

  close() {
    this.#state = CLOSED;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#abort.abort();
  }

  #connect() {
    /** @type {Record<string, string>} */
    const headers = /** @type {any} */ ({ __proto__: null, Accept: 'text/event-stream' });
    if (this.#lastEventId !== '') headers['Last-Event-ID'] = latin1OfUtf8(this.#lastEventId);
    const credentials = this.#withCredentials ? 'include' : 'same-origin';
    const { signal } = this.#abort;
    // A task later, as the listeners are added after the constructor.
    then(
      fetch(this.#url, { __proto__: null, headers, credentials, signal, cache: 'no-store' }),
      (response) => {
        then(this.#receive(response), undefined, () => this.#reconnect());
      },
      () => {
        if (isNetworkScheme(this.#url)) this.#reconnect();
        else this.#fail();
      },
    );
  }

  /** @param {any} response @returns {Promise<void>} */
  #receive(response) {
    const { record } = /** @type {any} */ (asResponse(response));
    const type = parseMimeType(contentTypeOf(record));
    if (record.status !== 200 || type?.essence !== 'text/event-stream') {
      this.#abort.abort();
      this.#fail();
      return resolve(undefined);
    }
    if (this.#state === CLOSED) return resolve(undefined);
    this.#state = OPEN;
    fire(this, new Event('open'));
    const stream = streamOf(record.body);
    if (stream === null) return reject(undefined);
    return this.#read(acquireReader(recordOf(stream)), /** @type {any} */ (partsOf(record.url))?.origin ?? '');
  }

  /** @param {ReaderSlots} reader @param {string} origin */
  async #read(reader, origin) {
    const decoder = new TextDecoder();
    const parser = new EventStreamParser(
      this.#lastEventId,
      (type, data) => {
        this.#lastEventId = parser.lastEventId;
        if (this.#state === CLOSED) return;
        fire(this, new MessageEvent(type, { __proto__: null, data, origin, lastEventId: parser.lastEventId }));
      },
      (milliseconds) => {
        this.#delay = milliseconds;
      },
    );
    for (;;) {
      const { value, done } = await readPromise(reader);
      if (done) break;
      parser.push(decoder.decode(value, { stream: true }));
      this.#lastEventId = parser.lastEventId;
    }
    this.#reconnect();
  }

  /** The connection ended, or was never made: another one follows. */
  #reconnect() {
    if (this.#state === CLOSED) return;
    this.#state = CONNECTING;
    fire(this, new Event('error'));
    if (/** @type {number} */ (this.#state) === CLOSED) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#connect();
    }, this.#delay);
  }

  #fail() {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    fire(this, new Event('error'));
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = { url: this.#url, readyState: this.#state, withCredentials: this.#withCredentials };
    return loadInspect().inspectMembers('EventSource', shown, depth, options);
  }
}

/** Only these may come back later. @param {string} url */
function isNetworkScheme(url) {
  const protocol = partsOf(url)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}

/** A header's value is bytes. @param {string} text */
function latin1OfUtf8(text) {
  return ops.latin1Text(encodeUtf8(text));
}

defineInterface(EventSource);
defineConstants(EventSource, { CONNECTING, OPEN, CLOSED });
defineEventHandlers(EventSource, ['open', 'message', 'error']);

module.exports = { EventSource };
