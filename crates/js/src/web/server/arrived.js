// A request that came to a server, as the record behind a Request: what stands in it is read when somebody asks.
'use strict';

const { charCodeAt, slice, startsWith, stringIndexOf, then } = require('builtins/primordials');
const { givenBody } = require('web/fetch/body');
const { isRequest, recordOf } = require('web/fetch/request');
const { serverBody, serverGone } = ops;
const loadDOMException = () => require('builtins/domexception');
const loadAbort = () => require('web/abort/abort');
const loadUrl = () => require('web/url/url');

const hasBody = 1;
const isSecure = 2;

/** What a URL has from a target that needs no change. @param {string} target */
function isPlain(target) {
  for (let i = 0; i < target.length; i += 1) {
    const unit = charCodeAt(target, i);
    // Dots may be steps up, and what is not ASCII, quotes and brackets are escaped.
    if (unit === 46 && charCodeAt(target, i - 1) === 47) return false;
    if (unit === 37 && charCodeAt(target, i + 1) === 50 && (charCodeAt(target, i + 2) | 32) === 101) return false;
    if (unit > 0x7e || unit < 0x21 || unit === 34 || unit === 60 || unit === 62 || unit === 92 || unit === 94) return false;
    if (unit === 96 || unit === 123 || unit === 124 || unit === 125 || unit === 35 || unit === 39) return false;
  }
  return charCodeAt(target, 0) === 47;
}

/** The value of a field in wire text. @param {string} text @param {string} name */
function fieldOf(text, name) {
  const line = `${name}:`;
  let at = startsWith(text, line) ? 0 : stringIndexOf(text, `\n${line}`, 0) + 1;
  if (at === 0 && !startsWith(text, line)) return '';
  at += line.length;
  return slice(text, at, stringIndexOf(text, '\n', at));
}

/** Hosts as they were given, to whether a URL has them as they are. @type {{ host: string, isPlain: boolean }} */
let lastHost = { host: '', isPlain: false };

/** @param {string} host */
function isPlainHost(host) {
  if (lastHost.host !== host) {
    const parts = host === '' ? undefined : loadUrl().parse(`http://${host}/`, undefined);
    lastHost = { host, isPlain: parts !== undefined && parts[0] === `http://${host}/` };
  }
  return lastHost.isPlain;
}

class ArrivedRecord {
  method;
  target;
  headerText;
  exchange;
  flags;
  /** What stands for the host where none is given. */
  origin;
  /** It has become a WebSocket. */
  isTaken = false;
  /** @type {FetchHeaders | null} */
  headers = null;
  /** @type {any} */
  ownSignal = null;
  #url = '';
  /** @type {FetchBody | null | undefined} */
  #body = undefined;
  /** @type {any} */
  #signal = null;
  /** What the signal was aborted with. @type {any} */
  #going = undefined;

  /**
   * @param {string} method @param {string} target @param {string} headerText @param {number} exchange @param {number} flags @param {string} origin
   */
  constructor(method, target, headerText, exchange, flags, origin) {
    this.method = method;
    this.target = target;
    this.headerText = headerText;
    this.exchange = exchange;
    this.flags = flags;
    this.origin = origin;
  }

  get url() {
    if (this.#url === '') this.#url = urlOf(this);
    return this.#url;
  }

  /** Whether somebody has asked for its body. */
  get isRead() {
    return this.#body !== undefined && this.#body !== null;
  }

  get body() {
    if (this.#body === undefined) this.#body = (this.flags & hasBody) === 0 ? null : bodyOf(this.exchange);
    return this.#body;
  }

  get signal() {
    if (this.#signal === null) {
      const controller = new (loadAbort().AbortController)();
      this.#signal = controller.signal;
      then(serverGone(this.exchange), (/** @type {boolean} */ isGone) => {
        if (!isGone) return;
        this.#going = new (loadDOMException().DOMException)('The client has gone', 'AbortError');
        controller.abort(this.#going);
      });
    }
    return this.#signal;
  }

  /** Whether an error says that the client has gone, or has broken off in the middle of its body. @param {any} error */
  isAbortedWith(error) {
    return error !== undefined && (error === this.#going || error === this.#body?.failure);
  }

  get redirect() {
    return 'follow';
  }
  get cache() {
    return 'default';
  }
  get credentials() {
    return 'same-origin';
  }
  get mode() {
    return 'cors';
  }
  get referrer() {
    return 'about:client';
  }
  get referrerPolicy() {
    return '';
  }
  get integrity() {
    return '';
  }
  get keepalive() {
    return false;
  }
  /** @returns {any} */
  get blob() {
    return undefined;
  }
}

/** @param {ArrivedRecord} record */
function urlOf(record) {
  const { target } = record;
  const scheme = (record.flags & isSecure) === 0 ? 'http:' : 'https:';
  const host = fieldOf(record.headerText, 'host');
  const origin = isPlainHost(host) ? `${scheme}//${host}` : record.origin;
  if (isPlain(target)) return origin + target;
  // A proxy's client names the whole URL; what can be nothing else is a path.
  const whole = charCodeAt(target, 0) === 47 || target === '*' ? undefined : loadUrl().parse(target, undefined);
  const parts = whole ?? loadUrl().parse(startsWith(target, '/') ? origin + target : `${origin}/${target}`, undefined);
  return parts === undefined ? `${origin}/` : parts[0];
}

/** @param {number} exchange */
function bodyOf(exchange) {
  return givenBody(serverBody(exchange));
}

/** What came to a server behind a Request; nothing for one that a program made. @param {any} request @returns {ArrivedRecord | undefined} */
function arrivedOf(request) {
  if (!isRequest(request)) return undefined;
  const record = /** @type {any} */ (recordOf(request));
  return record instanceof ArrivedRecord ? record : undefined;
}

module.exports = { ArrivedRecord, arrivedOf, fieldOf, isPlain };
