// Response, after https://fetch.spec.whatwg.org/#response-class.
//
// A response from the network is one record with what Rust gave; its Headers are made when someone asks for them.
'use strict';

const { defineInterface, requireArguments, toByteString, toDictionary, toUSVString, toUnsignedShort } = require('builtins/webidl');
const { Headers, makeHeaders } = require('web/fetch/headers');
const { cloneBody, extractBody, installBody, isUnusable } = require('web/fetch/body');
const { isNullBodyStatus } = ops;
const loadUrl = () => require('web/url/url');
const loadHeaders = () => require('web/fetch/headers');
const loadInspect = () => require('builtins/inspect/inspect');

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const construction = Symbol('construction');

class ResponseRecord {
  headers = null;
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

let recordOf, makeResponse;

class Response {
  #record;

  constructor(body = null, init = undefined) {
    if (body === construction) {
      this.#record = init;
      return;
    }
    this.#record = new ResponseRecord('default', 200, '', '', false, '', 'response', null);
    initialize(this.#record, init, body === null ? null : extractBody(body));
  }

  static error() {
    return makeResponse(new ResponseRecord('error', 0, '', '', false, '', 'immutable', null));
  }

  static redirect(url, status = 302) {
    requireArguments(arguments.length, 1, 'Response.redirect');
    const { URL } = loadUrl();
    const text = toUSVString(url);
    if (!URL.canParse(text)) throw new TypeError(`Response.redirect: ${JSON.stringify(text)} is not a valid absolute URL`);
    const code = toUnsignedShort(status);
    if (!redirectStatuses.has(code)) throw new RangeError(`Response.redirect: ${code} is not the status of a redirect`);
    const headerText = `location:${new URL(text).href}\n`;
    return makeResponse(new ResponseRecord('default', code, '', '', false, headerText, 'immutable', null));
  }

  static json(data, init = undefined) {
    requireArguments(arguments.length, 1, 'Response.json');
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('Response.json: the value has no JSON form');
    const [body] = extractBody(text);
    const record = new ResponseRecord('default', 200, '', '', false, '', 'response', null);
    initialize(record, init, [body, 'application/json']);
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
    const copy = new ResponseRecord(type, status, statusText, url, redirected, '', guard, cloneBody(body));
    if (record.headers === null) copy.headerText = record.headerText;
    else copy.headers = makeHeaders(loadHeaders().wireText(record.headers), guard);
    return makeResponse(copy);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { status, statusText, headers, bodyUsed, ok, redirected, type, url } = this;
    const shown = { status, statusText, headers, bodyUsed, ok, redirected, type, url };
    return loadInspect().inspectMembers('Response', shown, depth, options);
  }

  static {
    recordOf = (response) => response.#record;
    makeResponse = (record) => new Response(construction, record);
  }
}

function headersOf(record) {
  return (record.headers ??= makeHeaders(record.headerText, record.guard));
}

/** https://fetch.spec.whatwg.org/#initialize-a-response */
function initialize(record, init, bodyWithType) {
  const { status = 200, statusText = '', headers } = toDictionary(init, 'Response');
  const code = toUnsignedShort(status);
  if (code < 200 || code > 599) throw new RangeError(`Response: the status must be from 200 to 599, not ${code}`);
  const phrase = toByteString(statusText, 'Response: statusText');
  if (/[^\t\x20-\x7e\x80-\xff]/.test(phrase)) throw new TypeError(`Response: ${JSON.stringify(phrase)} is not a valid statusText`);
  record.status = code;
  record.statusText = phrase;
  if (headers !== undefined) record.headers = new Headers(headers);
  if (bodyWithType === null) return;
  if (code !== 200 && isNullBodyStatus(code)) throw new TypeError(`Response: a response with status ${code} cannot have a body`);
  const [body, type] = bodyWithType;
  record.body = body;
  if (type !== null && !headersOf(record).has('content-type')) record.headers.append('content-type', type);
}

installBody(
  Response,
  (response) => recordOf(response).body,
  (response) => headersOf(recordOf(response)).get('content-type'),
);
defineInterface(Response);

module.exports = { Response, ResponseRecord, makeResponse };
