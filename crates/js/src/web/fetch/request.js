// Request, after https://fetch.spec.whatwg.org/#request-class, and the reading of its arguments, which `fetch` shares: a fetch of a
// string makes one RequestRecord and no Request.
//
// Deviations: without a page there is no origin, so mode, credentials, cache, referrer and their like are checked, kept and shown, and
// have no effect. URLs are absolute.
'use strict';

const { defineInterface, requireArguments, toByteString, toDictionary } = require('builtins/webidl');
const { toDOMString, toEnumeration, toUSVString } = require('builtins/webidl');
const { Headers, copyList, makeHeaders, wireText } = require('web/fetch/headers');
const { BodyRecord, cloneBody, extractBody, installBody, isUnusable, streamBody } = require('web/fetch/body');
const loadAbort = () => require('web/abort/abort');
const loadUrl = () => require('web/url/url');
const loadStreams = () => require('web/streams/streams');
const loadInspect = () => require('builtins/inspect/inspect');

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const normalizedMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const forbiddenMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);
// The members of RequestInit that are an enumeration, and what each may be.
const enumerations = {
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  credentials: ['omit', 'same-origin', 'include'],
  mode: ['same-origin', 'no-cors', 'cors', 'navigate'],
  priority: ['high', 'low', 'auto'],
  redirect: ['follow', 'error', 'manual'],
  referrerPolicy: [
    '',
    'no-referrer',
    'no-referrer-when-downgrade',
    'same-origin',
    'origin',
    'strict-origin',
    'origin-when-cross-origin',
    'strict-origin-when-cross-origin',
    'unsafe-url',
  ],
};

class RequestRecord {
  method = 'GET';
  // As the program wrote it, or as the URL parser did; Rust parses it anyway.
  url = '';
  headers = null;
  body = null;
  redirect = 'follow';
  signal = null;
  cache = 'default';
  credentials = 'same-origin';
  mode = 'cors';
  referrer = 'about:client';
  referrerPolicy = '';
  integrity = '';
  keepalive = false;
  // What the getter `signal` gave out.
  ownSignal = null;
}

/** Reads the arguments of `new Request` and `fetch`. */
function readRequest(input, init, operation) {
  const options = toDictionary(init, operation);
  const record = isRequest(input) ? copyRecord(recordOf(input)) : new RequestRecord();
  if (!isRequest(input)) record.url = toUSVString(input);
  readOptions(record, options, operation);
  readHeaders(record, options, input);
  readBody(record, options, isRequest(input) ? recordOf(input) : null, operation);
  return record;
}

function copyRecord(other) {
  const record = Object.assign(new RequestRecord(), other);
  record.signal = other.ownSignal ?? other.signal;
  record.ownSignal = null;
  record.body = null;
  record.headers = null;
  return record;
}

function readOptions(record, options, operation) {
  if (options.window !== undefined && options.window !== null) throw new TypeError(`${operation}: window can only be null`);
  for (const name of Object.keys(enumerations)) {
    const value = options[name];
    if (value !== undefined) record[name] = toEnumeration(value, enumerations[name], `${operation}: ${name}`);
  }
  if (options.mode !== undefined && record.mode === 'navigate') throw new TypeError(`${operation}: mode cannot be "navigate"`);
  if (record.cache === 'only-if-cached' && record.mode !== 'same-origin') {
    throw new TypeError(`${operation}: cache "only-if-cached" needs mode "same-origin"`);
  }
  if (options.method !== undefined) record.method = normalMethod(options.method, operation);
  if (options.integrity !== undefined) record.integrity = toDOMString(options.integrity);
  if (options.keepalive !== undefined) record.keepalive = Boolean(options.keepalive);
  if (options.referrer !== undefined) record.referrer = readReferrer(options.referrer, operation);
  if (options.duplex !== undefined) toEnumeration(options.duplex, ['half'], `${operation}: duplex`);
  const { signal } = options;
  if (signal === null) {
    record.signal = null;
  } else if (signal !== undefined) {
    if (!loadAbort().isAbortSignal(signal)) throw new TypeError(`${operation}: signal is not an AbortSignal`);
    record.signal = signal;
  }
}

function normalMethod(value, operation) {
  const method = toByteString(value, operation);
  if (!token.test(method)) throw new TypeError(`${operation}: ${JSON.stringify(method)} is not a valid HTTP method`);
  const upper = method.toUpperCase();
  if (forbiddenMethods.has(upper)) throw new TypeError(`${operation}: the HTTP method ${upper} is not supported`);
  return normalizedMethods.has(upper) ? upper : method;
}

function readReferrer(value, operation) {
  const text = toUSVString(value);
  if (text === '' || text === 'about:client') return text;
  const { URL } = loadUrl();
  if (!URL.canParse(text)) throw new TypeError(`${operation}: the referrer ${JSON.stringify(text)} is not a valid URL`);
  return new URL(text).href;
}

function readHeaders(record, options, input) {
  if (options.headers !== undefined) record.headers = new Headers(options.headers);
  else if (isRequest(input) && recordOf(input).headers !== null) record.headers = new Headers(recordOf(input).headers);
}

function readBody(record, options, inputRecord, operation) {
  const inputBody = inputRecord === null ? null : inputRecord.body;
  const { body } = options;
  const given = body !== undefined && body !== null;
  if ((given || (inputBody !== null && body !== null)) && (record.method === 'GET' || record.method === 'HEAD')) {
    throw new TypeError(`${operation}: a request with method ${record.method} cannot have a body`);
  }
  if (given) {
    const [extracted, type] = extractBody(body);
    if (extracted.kind === 'stream' && options.duplex === undefined) {
      throw new TypeError(`${operation}: a body that is a stream needs the option duplex: "half"`);
    }
    record.body = extracted;
    if (type !== null) addContentType(record, type);
  } else if (inputBody !== null && body !== null) {
    if (isUnusable(inputBody)) throw new TypeError(`${operation}: the body of the given Request has already been used`);
    record.body = takeBody(inputBody);
  }
}

function addContentType(record, type) {
  record.headers ??= new Headers();
  if (!record.headers.has('content-type')) record.headers.append('content-type', type);
}

/** Moves a body to another request; the first one is used from then on. */
function takeBody(body) {
  if (body.stream === null) {
    body.used = true;
    return new BodyRecord(body.kind, body.source, body.length);
  }
  const { acquireReader, cancelStream, closeController, createStream, enqueue, readPromise, recordOf: streamRecordOf } = loadStreams();
  const reader = acquireReader(streamRecordOf(body.stream));
  reader.stream.disturbed = true;
  return streamBody(
    createStream(
      async (controller) => {
        const { value, done } = await readPromise(reader);
        if (done) closeController(controller);
        else enqueue(controller, value);
      },
      (reason) => cancelStream(reader.stream, reason),
    ),
  );
}

let recordOf, isRequest, makeRequest;
const construction = Symbol('construction');

class Request {
  #record;

  constructor(input, init = undefined) {
    if (input === construction) return;
    requireArguments(arguments.length, 1, 'Request');
    const record = readRequest(input, init, 'Request');
    if (!isRequest(input)) record.url = absoluteUrl(record.url);
    this.#record = record;
  }

  get method() {
    return this.#record.method;
  }
  get url() {
    return this.#record.url;
  }
  get headers() {
    return (this.#record.headers ??= makeHeaders('', 'request'));
  }
  get destination() {
    this.#record;
    return '';
  }
  get referrer() {
    return this.#record.referrer === '' ? '' : this.#record.referrer;
  }
  get referrerPolicy() {
    return this.#record.referrerPolicy;
  }
  get mode() {
    return this.#record.mode;
  }
  get credentials() {
    return this.#record.credentials;
  }
  get cache() {
    return this.#record.cache;
  }
  get redirect() {
    return this.#record.redirect;
  }
  get integrity() {
    return this.#record.integrity;
  }
  get keepalive() {
    return this.#record.keepalive;
  }
  get isReloadNavigation() {
    this.#record;
    return false;
  }
  get isHistoryNavigation() {
    this.#record;
    return false;
  }
  get duplex() {
    this.#record;
    return 'half';
  }
  get signal() {
    const record = this.#record;
    record.ownSignal ??= loadAbort().AbortSignal.any(record.signal === null ? [] : [record.signal]);
    return record.ownSignal;
  }

  clone() {
    const record = this.#record;
    if (isUnusable(record.body)) throw new TypeError('Request.clone: the body has already been used');
    const copy = copyRecord(record);
    if (record.headers !== null) copy.headers = new Headers(record.headers);
    copy.body = cloneBody(record.body);
    return makeRequest(copy);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { method, url, headers, redirect, bodyUsed } = this;
    const shown = { method, url, headers, redirect, bodyUsed };
    return loadInspect().inspectMembers('Request', shown, depth, options);
  }

  static {
    recordOf = (request) => request.#record;
    isRequest = (value) => typeof value === 'object' && value !== null && #record in value;
    makeRequest = (record) => {
      const request = new Request(construction);
      request.#record = record;
      return request;
    };
  }
}

function absoluteUrl(text) {
  const url = requireUrl(text, 'Request');
  if (url.username !== '' || url.password !== '') throw new TypeError(`Request: the URL ${url.host} must not carry credentials`);
  return url.href;
}

/** The URL of a text that must be an absolute one. */
function requireUrl(text, operation) {
  const url = loadUrl().URL.parse(text);
  if (url === null) throw new TypeError(`${operation}: ${JSON.stringify(text)} is not a valid absolute URL`);
  return url;
}

installBody(
  Request,
  (request) => recordOf(request).body,
  (request) => request.headers.get('content-type'),
);
defineInterface(Request);

/** The headers of a record as they cross to Rust. */
function headerText(record) {
  return record.headers === null ? '' : wireText(record.headers);
}

module.exports = { Request, RequestRecord, copyList, headerText, isRequest, makeRequest, readRequest, recordOf, requireUrl };
