// Response, after https://fetch.spec.whatwg.org/#response-class.
//
// A response from the network is one record with what Rust gave; its Headers are made when someone asks for them.
'use strict';

const { customInspect, regExp, setHas, setOf, slice, startsWith, stringify, test } = require('builtins/primordials');
const { defineInterface, requireArguments, toByteString, toDictionary, toUSVString, toUnsignedShort } = require('builtins/webidl');
const { Headers, addMissing, combinedValue, makeHeaders, wireText } = require('web/fetch/headers');
const { cloneBody, extractAnswer, extractBody, installBody, isUnusable, isUsed, setResponseClass } = require('web/fetch/body');
const { isNullBodyStatus } = ops;
const loadUrl = () => require('web/url/url');
const loadInspect = () => require('builtins/inspect/inspect');

const redirectStatuses = setOf([301, 302, 303, 307, 308]);
const notInPhrase = regExp(/[^\t\x20-\x7e\x80-\xff]/);
// Tells the constructor that `makeResponse` calls; no value of a program can be it.
const construction = Symbol('construction');

class ResponseRecord {
  // Fields, so that an accessor which a program put on Object.prototype has no part in this.
  type;
  status;
  statusText;
  url;
  redirected;
  headerText;
  guard;
  body;
  /** Made of `headerText` when someone asks. @type {FetchHeaders | null} */
  headers = null;
  /**
   * @param {'basic' | 'default' | 'error'} type
   * @param {number} status
   * @param {string} statusText
   * @param {string} url
   * @param {boolean} redirected
   * @param {string} headerText
   * @param {HeadersGuard} guard
   * @param {FetchBody | null} body
   */
  constructor(type, status, statusText, url, redirected, headerText, guard, body) {
    this.type = type;
    this.status = status;
    this.statusText = statusText;
    this.url = url;
    this.redirected = redirected;
    this.headerText = headerText;
    this.guard = guard;
    this.body = body;
  }
}

/**
 * A path below which a server sends its client on (`/login`). Where there is a document the specification takes its URL for what is relative; a server's
 * client knows better what it is relative to. Undefined for what is no path of the same host.
 * @param {string} text
 */
function pathOf(text) {
  const base = 'http://h/';
  if (!startsWith(text, '/')) return undefined;
  const href = loadUrl().parse(text, base)?.[0];
  return href !== undefined && startsWith(href, base) ? slice(href, base.length - 1) : undefined;
}

/** @type {(response: any) => ResponseRecord} */
let recordOf;
/** @type {(record: ResponseRecord) => Response} */
let makeResponse;
/** What is behind a Response; undefined for another value. @type {(value: any) => { record: ResponseRecord } | undefined} */
let asResponse;

class Response {
  /** @type {ResponseRecord} */
  #record;

  /** @param {any} [body] @param {any} [init] */
  constructor(body = null, init = undefined) {
    if (body === construction) {
      this.#record = init;
      return;
    }
    this.#record = new ResponseRecord('default', 200, '', '', false, '', 'response', null);
    if (init !== undefined) initialize(this.#record, init);
    if (body !== null) attach(this.#record, extractAnswer(body));
  }

  static error() {
    return makeResponse(new ResponseRecord('error', 0, '', '', false, '', 'immutable', null));
  }

  /** @param {any} url @param {any} [status] */
  static redirect(url, status = 302) {
    requireArguments(arguments.length, 1, 'Response.redirect');
    const text = toUSVString(url);
    const href = loadUrl().hrefOf(text) ?? pathOf(text);
    if (href === undefined) throw loadUrl().unreadable(text);
    const code = toUnsignedShort(status);
    if (!setHas(redirectStatuses, code)) throw new RangeError(`Response.redirect: ${code} is not the status of a redirect`);
    return makeResponse(new ResponseRecord('default', code, '', '', false, `location:${href}\n`, 'immutable', null));
  }

  /** @param {any} data @param {any} [init] */
  static json(data, init = undefined) {
    requireArguments(arguments.length, 1, 'Response.json');
    const text = stringify(data);
    if (text === undefined) throw new TypeError('Response.json: the value has no JSON form');
    const record = new ResponseRecord('default', 200, '', '', false, '', 'response', null);
    if (init !== undefined) initialize(record, init);
    attach(record, { body: extractBody(text).body, type: 'application/json' });
    return makeResponse(record);
  }

  get type() {
    return this.#record.type;
  }
  get url() {
    return this.#record.url;
  }
  get redirected() {
    return this.#record.redirected;
  }
  get status() {
    return this.#record.status;
  }
  get ok() {
    const { status } = this.#record;
    return status >= 200 && status <= 299;
  }
  get statusText() {
    return this.#record.statusText;
  }
  get headers() {
    return headersOf(this.#record);
  }

  clone() {
    const record = this.#record;
    if (isUnusable(record.body)) throw new TypeError('Response.clone: the body has already been used');
    const { type, status, statusText, url, redirected, guard, body } = record;
    const text = record.headers === null ? record.headerText : wireText(record.headers);
    return makeResponse(new ResponseRecord(type, status, statusText, url, redirected, text, guard, cloneBody(body)));
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const { status, statusText, redirected, type, url, body } = this.#record;
    const ok = status >= 200 && status <= 299;
    const shown = { status, statusText, headers: headersOf(this.#record), bodyUsed: isUsed(body), ok, redirected, type, url };
    return loadInspect().inspectMembers('Response', shown, depth, options);
  }

  static {
    recordOf = (response) => response.#record;
    asResponse = (value) => (typeof value === 'object' && value !== null && #record in value ? { record: value.#record } : undefined);
    makeResponse = (record) => new Response(construction, record);
  }
}

/** @param {ResponseRecord} record */
function headersOf(record) {
  return (record.headers ??= makeHeaders(record.headerText, record.guard));
}

/** https://fetch.spec.whatwg.org/#initialize-a-response @param {ResponseRecord} record @param {any} init */
function initialize(record, init) {
  const { headers, status = 200, statusText = '' } = toDictionary(init, 'Response');
  const given = headers === undefined ? null : new Headers(headers);
  const code = toUnsignedShort(status);
  const phrase = toByteString(statusText, 'Response: statusText');
  if (code < 200 || code > 599) throw new RangeError(`Response: the status must be from 200 to 599, not ${code}`);
  if (test(notInPhrase, phrase)) throw new TypeError(`Response: ${stringify(phrase)} is not a valid statusText`);
  record.status = code;
  record.statusText = phrase;
  record.headers = given;
}

/** @param {ResponseRecord} record @param {{ body: FetchBody, type: string | null }} extracted */
function attach(record, extracted) {
  if (record.status !== 200 && isNullBodyStatus(record.status))
    throw new TypeError(`Response: a response with status ${record.status} cannot have a body`);
  record.body = extracted.body;
  if (extracted.type === null) return;
  if (record.headers !== null) addMissing(record.headers, 'content-type', extracted.type);
  else record.headerText = `content-type:${extracted.type}\n`;
}

/** @param {ResponseRecord} record */
function contentTypeOf(record) {
  return combinedValue(headersOf(record), 'content-type');
}

installBody(
  Response,
  (response) => recordOf(response).body,
  (response) => contentTypeOf(recordOf(response)),
);
defineInterface(Response);
setResponseClass(Response);

module.exports = { Response, ResponseRecord, asResponse, contentTypeOf, makeResponse };
