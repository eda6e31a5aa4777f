// Request, after https://fetch.spec.whatwg.org/#request-class, and the reading of its arguments, which `fetch` shares: a fetch of a
// string makes one RequestRecord and no Request.
//
// Deviations: without a page there is no origin, so mode and credentials are checked, kept and shown, and have no effect, except that the
// mode "same-origin" keeps a program with `--location` at home. URLs are relative to `--location`, or absolute.
'use strict';

const { customInspect, regExp, includes, setHas, setOf, startsWith, stringify, test, toUpperCase } = require('builtins/primordials');
const { defineInterface, requireArguments, toByteString, toDOMString, toDictionary } = require('builtins/webidl');
const { toEnumeration, toUSVString } = require('builtins/webidl');
const { Headers, addMissing, combinedValue, makeHeaders, wireText } = require('web/fetch/headers');
const { BodyRecord, cloneBody, extractBody, installBody, isUnusable, isUsed, streamBody } = require('web/fetch/body');
const loadAbort = () => require('web/abort/abort');
const loadObjectUrls = () => require('web/file/object_urls');
const loadUrl = () => require('web/url/url');
const loadStreams = () => require('web/streams/readable_stream');
const loadInspect = () => require('builtins/inspect/inspect');

const token = regExp(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
const normalizedMethods = setOf(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const simpleMethods = ['GET', 'HEAD', 'POST'];
const forbiddenMethods = setOf(['CONNECT', 'TRACE', 'TRACK']);
// What the members of RequestInit that are an enumeration may be.
const caches = ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'];
const credentialModes = ['omit', 'same-origin', 'include'];
const modes = ['same-origin', 'no-cors', 'cors', 'navigate'];
const priorities = ['high', 'low', 'auto'];
const redirects = ['follow', 'error', 'manual'];
const referrerPolicies = [
  '',
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
];

class RequestRecord {
  method = 'GET';
  // As the program wrote it, or as the URL parser did; Rust parses it anyway.
  url = '';
  /** @type {FetchHeaders | null} */
  headers = null;
  // What stands in the headers while they are not made.
  headerText = '';
  /** @type {FetchBody | null} */
  body = null;
  redirect = 'follow';
  /** @type {any} */
  signal = null;
  cache = 'default';
  credentials = 'same-origin';
  mode = 'cors';
  referrer = 'about:client';
  referrerPolicy = '';
  integrity = '';
  keepalive = false;
  /** For a blob: URL the object that it meant when the request was made. @type {any} */
  blob = undefined;
  /** What the getter `signal` gave out. @type {any} */
  ownSignal = null;
}

/** Reads the arguments of `new Request` and `fetch`. @param {any} input @param {any} init @param {string} operation */
function readRequest(input, init, operation) {
  const given = isRequest(input) ? recordOf(input) : null;
  const record = given === null ? new RequestRecord() : copyRecord(given);
  if (given === null) {
    record.url = typeof input === 'string' ? toUSVString(input) : urlOf(input);
    if (startsWith(record.url, 'blob:')) record.blob = loadObjectUrls().objectOf(record.url);
  }
  if (init === undefined && given === null) return record;
  const options = toDictionary(init, operation);
  readOptions(record, options, operation);
  if (options.headers !== undefined) record.headers = new Headers(options.headers);
  else if (given !== null) copyHeaders(given, record);
  readBody(record, options, given, operation);
  return record;
}

/** @param {any} input */
function urlOf(input) {
  const { isUrl, hrefOfUrl } = loadUrl();
  return isUrl(input) ? hrefOfUrl(input) : toUSVString(input);
}

/** All but the headers and the body. @param {RequestRecord} other */
function copyRecord(other) {
  const record = new RequestRecord();
  record.method = other.method;
  record.url = other.url;
  record.redirect = other.redirect;
  record.signal = other.ownSignal ?? other.signal;
  record.cache = other.cache;
  record.credentials = other.credentials;
  record.mode = other.mode;
  record.referrer = other.referrer;
  record.referrerPolicy = other.referrerPolicy;
  record.integrity = other.integrity;
  record.keepalive = other.keepalive;
  record.blob = other.blob;
  return record;
}

/** @param {RequestRecord} from @param {RequestRecord} to */
function copyHeaders(from, to) {
  to.headerText = headerText(from);
}

/** @param {RequestRecord} record @param {any} options @param {string} operation */
function readOptions(record, options, operation) {
  const { cache, credentials, duplex, integrity, keepalive, method, mode, priority, redirect } = options;
  const { referrer, referrerPolicy, signal, window } = options;
  if (window !== undefined && window !== null) throw new TypeError(`${operation}: window can only be null`);
  if (cache !== undefined) record.cache = toEnumeration(cache, caches, `${operation}: cache`);
  if (credentials !== undefined) record.credentials = toEnumeration(credentials, credentialModes, `${operation}: credentials`);
  if (mode !== undefined) record.mode = toEnumeration(mode, modes, `${operation}: mode`);
  if (priority !== undefined) toEnumeration(priority, priorities, `${operation}: priority`);
  if (redirect !== undefined) record.redirect = toEnumeration(redirect, redirects, `${operation}: redirect`);
  if (referrerPolicy !== undefined) record.referrerPolicy = toEnumeration(referrerPolicy, referrerPolicies, `${operation}: referrerPolicy`);
  if (mode !== undefined && record.mode === 'navigate') throw new TypeError(`${operation}: mode cannot be "navigate"`);
  if (record.cache === 'only-if-cached' && record.mode !== 'same-origin') {
    throw new TypeError(`${operation}: cache "only-if-cached" needs mode "same-origin"`);
  }
  if (method !== undefined) record.method = normalMethod(method, operation);
  if (record.mode === 'no-cors' && !includes(simpleMethods, record.method)) {
    throw new TypeError(`${operation}: the mode "no-cors" goes with GET, HEAD and POST alone`);
  }
  if (integrity !== undefined) record.integrity = toDOMString(integrity);
  if (keepalive !== undefined) record.keepalive = !!keepalive;
  if (referrer !== undefined) record.referrer = readReferrer(referrer, operation);
  if (duplex !== undefined) toEnumeration(duplex, ['half'], `${operation}: duplex`);
  if (signal === null) {
    record.signal = null;
  } else if (signal !== undefined) {
    if (!loadAbort().isAbortSignal(signal)) throw new TypeError(`${operation}: signal is not an AbortSignal`);
    record.signal = signal;
  }
}

/** @param {any} value @param {string} operation */
function normalMethod(value, operation) {
  const method = toByteString(value, operation);
  if (setHas(normalizedMethods, method)) return method;
  if (!test(token, method)) throw new TypeError(`${operation}: ${stringify(method)} is not a valid HTTP method`);
  const upper = toUpperCase(method);
  if (setHas(forbiddenMethods, upper)) throw new TypeError(`${operation}: the HTTP method ${upper} is not supported`);
  return setHas(normalizedMethods, upper) ? upper : method;
}

/** @param {any} value @param {string} operation */
function readReferrer(value, operation) {
  const text = toUSVString(value);
  if (text === '' || text === 'about:client') return text;
  const href = loadUrl().hrefOf(text);
  if (href === undefined) throw new TypeError(`${operation}: the referrer ${stringify(text)} is not a valid URL`);
  return href;
}

/** @param {RequestRecord} record @param {any} options @param {RequestRecord | null} given @param {string} operation */
function readBody(record, options, given, operation) {
  const inputBody = given === null ? null : given.body;
  const { body } = options;
  const isGiven = body !== undefined && body !== null;
  if ((isGiven || (inputBody !== null && body !== null)) && (record.method === 'GET' || record.method === 'HEAD')) {
    throw new TypeError(`${operation}: a request with method ${record.method} cannot have a body`);
  }
  if (isGiven) {
    const extracted = extractBody(body);
    if (extracted.body.kind === 'stream' && options.duplex === undefined) {
      throw new TypeError(`${operation}: a body that is a stream needs the option duplex: "half"`);
    }
    record.body = extracted.body;
    if (extracted.type !== null) addContentType(record, extracted.type);
  } else if (inputBody !== null && body !== null) {
    if (isUnusable(inputBody)) throw new TypeError(`${operation}: the body of the given Request has already been used`);
    record.body = takeBody(inputBody);
  }
}

/** @param {RequestRecord} record @param {string} type */
function addContentType(record, type) {
  if (record.headers === null && record.headerText === '') record.headerText = `content-type:${type}\n`;
  else addMissing(headersOf(record), 'content-type', type);
}

/** Moves a body to another request; the first one is used from then on. @param {FetchBody} body */
function takeBody(body) {
  if (body.stream === null) {
    body.used = true;
    const moved = new BodyRecord(body.kind, body.source);
    moved.shared = body.shared;
    return moved;
  }
  const { acquireReader, cancelStream, closeController, createStream, enqueue, readPromise, recordOf: streamRecordOf } = loadStreams();
  const stream = streamRecordOf(body.stream);
  const reader = acquireReader(stream);
  stream.disturbed = true;
  return streamBody(
    createStream(
      async (controller) => {
        const { value, done } = await readPromise(reader);
        if (done) closeController(controller);
        else enqueue(controller, value);
      },
      (reason) => cancelStream(stream, reason),
    ),
  );
}

/** @type {(request: any) => RequestRecord} */
let recordOf;
/** @type {(value: any) => value is Request} */
let isRequest;
/** @type {(record: RequestRecord) => Request} */
let makeRequest;
// Tells the constructor that `makeRequest` calls; no value of a program can be it.
const construction = Symbol('construction');

class Request {
  /** @type {RequestRecord} */
  #record;

  /** @param {any} input @param {any} [init] */
  constructor(input, init = undefined) {
    if (input === construction) {
      this.#record = init;
      return;
    }
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
    return headersOf(this.#record);
  }
  get destination() {
    this.#record;
    return '';
  }
  get referrer() {
    return this.#record.referrer;
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
    record.ownSignal ??= loadAbort().dependentSignal(record.signal);
    return record.ownSignal;
  }

  clone() {
    const record = this.#record;
    if (isUnusable(record.body)) throw new TypeError('Request.clone: the body has already been used');
    const copy = copyRecord(record);
    copyHeaders(record, copy);
    copy.body = cloneBody(record.body);
    return makeRequest(copy);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const { method, url, redirect, body } = this.#record;
    const shown = { method, url, headers: headersOf(this.#record), redirect, bodyUsed: isUsed(body) };
    return loadInspect().inspectMembers('Request', shown, depth, options);
  }

  static {
    recordOf = (request) => request.#record;
    isRequest = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #record in value);
    makeRequest = (record) => new Request(construction, record);
  }
}

/** @param {RequestRecord} record */
function headersOf(record) {
  return (record.headers ??= makeHeaders(record.headerText, 'request'));
}

/** @param {string} text */
function absoluteUrl(text) {
  const parts = requireUrl(text);
  const { hasCredentials, hostOf } = loadUrl();
  if (hasCredentials(parts)) throw new TypeError(`Request: the URL ${hostOf(parts)} must not carry credentials`);
  return parts[0];
}

/** The URL of a text that must be an absolute one. @param {string} text */
function requireUrl(text) {
  const parts = loadUrl().parseHere(text);
  if (parts === undefined) throw loadUrl().unreadable(text);
  return parts;
}

installBody(
  Request,
  (request) => recordOf(request).body,
  (request) => combinedValue(headersOf(recordOf(request)), 'content-type'),
);
defineInterface(Request);

/** The headers of a record as they cross to Rust. @param {RequestRecord} record */
function headerText(record) {
  return record.headers === null ? record.headerText : wireText(record.headers);
}

module.exports = { Request, RequestRecord, headerText, isRequest, makeRequest, readRequest, recordOf, requireUrl };
