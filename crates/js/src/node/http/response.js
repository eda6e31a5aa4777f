// `http.ServerResponse` (https://nodejs.org/api/http.html#class-httpserverresponse).
'use strict';

const { apply, construct, isArray, keys, push, regExp, setPrototypeOf, test } = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const { requireInteger, requireObject } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const { hasUnfit, linkOf, validateHeaderName, validateHeaderValue } = require('node/http/headers');
const { STATUS_CODES } = require('node/http/names');
const { OutgoingMessage, alreadySent, emitClose, fields } = require('node/http/outgoing');
const loadInspect = () => require('builtins/inspect/inspect');

const chunkedWord = regExp(/(?:^|\W)chunked(?:$|\W)/i);

/** @this {any} @param {any} request @param {any} [options] */
function ServerResponse(request, options) {
  if (!(this instanceof /** @type {any} */ (ServerResponse))) return construct(/** @type {any} */ (ServerResponse), [request, options]);
  apply(OutgoingMessage, this, [options]);
  if (request.method === 'HEAD') this._hasBody = false;
  this.req = request;
  this.sendDate = true;
  this._sent100 = false;
  this._expect_continue = false;
  if (request.httpVersionMajor < 1 || request.httpVersionMinor < 1) {
    this.useChunkedEncodingByDefault = test(chunkedWord, `${request.headers.te}`);
    this.shouldKeepAlive = false;
  }
}
setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
setPrototypeOf(ServerResponse, OutgoingMessage);
ServerResponse.prototype.statusCode = 200;
ServerResponse.prototype.statusMessage = undefined;

/** The response of a socket that is closed hears of it. @this {any} */
function onSocketClose() {
  const response = this._httpMessage;
  if (response) emitClose(response);
}

/** Names and values in turn. @param {any} given an object, pairs, or such a list @returns {any[]} */
function listOfFields(given) {
  /** @type {any[]} */
  const list = [];
  if (given === undefined || given === null) return list;
  if (!isArray(given)) {
    requireObject(given, 'headers');
    const names = keys(given);
    for (let i = 0; i < names.length; i += 1) push(list, names[i], given[names[i]]);
    return list;
  }
  if (given.length > 0 && isArray(given[0])) {
    for (let i = 0; i < given.length; i += 1) push(list, given[i][0], given[i][1]);
    return list;
  }
  if (given.length % 2 !== 0) throw invalidValue('headers', given);
  return given;
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {any} socket */
  assignSocket(socket) {
    if (socket._httpMessage) throw nodeError(Error, 'ERR_HTTP_SOCKET_ASSIGNED', 'ServerResponse has an already assigned socket');
    socket._httpMessage = this;
    socket.on('close', onSocketClose);
    this.socket = socket;
    this.emit('socket', socket);
    this._flush();
  },
  /** @this {any} @param {any} socket */
  detachSocket(socket) {
    socket.removeListener('close', onSocketClose);
    socket._httpMessage = null;
    this.socket = null;
  },

  /** @this {any} @param {any} [callback] */
  writeContinue(callback) {
    this._writeRaw('HTTP/1.1 100 Continue\r\n\r\n', 'ascii', callback);
    this._sent100 = true;
  },
  /** An answer ahead of the answer. @this {any} @param {any} code @param {any} [given] fields, as `writeHead` takes them @param {any} [callback] */
  writeInformation(code, given, callback) {
    if (this._header) throw alreadySent('write');
    requireInteger(code, 'statusCode', 100, 199);
    // This one would end HTTP.
    if (code === 101) throw nodeError(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${code}`);
    const list = listOfFields(given);
    let head = `HTTP/1.1 ${code} ${STATUS_CODES[code] || 'unknown'}\r\n`;
    for (let i = 0; i < list.length; i += 2) {
      validateHeaderName(list[i]);
      validateHeaderValue(list[i], list[i + 1]);
      head += `${list[i]}: ${list[i + 1]}\r\n`;
    }
    return this._writeRaw(`${head}\r\n`, 'latin1', callback);
  },
  /** @this {any} @param {any} [callback] */
  writeProcessing(callback) {
    this._writeRaw('HTTP/1.1 102 Processing\r\n\r\n', 'ascii', callback);
  },
  /** @this {any} @param {any} hints @param {any} [callback] */
  writeEarlyHints(hints, callback) {
    requireObject(hints, 'hints');
    if (hints.link === null || hints.link === undefined) return;
    const link = linkOf(hints.link);
    if (link === '') return;
    if (hasUnfit(link)) throw invalidValue('hints.link', hints.link);
    let head = `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n`;
    const own = keys(hints);
    for (let i = 0; i < own.length; i += 1) {
      if (own[i] === 'link') continue;
      validateHeaderName(own[i]);
      validateHeaderValue(own[i], hints[own[i]]);
      head += `${own[i]}: ${hints[own[i]]}\r\n`;
    }
    this._writeRaw(`${head}\r\n`, 'ascii', callback);
  },

  /** @this {any} */
  _implicitHeader() {
    this.writeHead(this.statusCode);
  },

  /** @this {any} @param {any} givenCode @param {any} [reason] @param {any} [given] */
  writeHead(givenCode, reason, given) {
    if (this._header) throw alreadySent('write');
    const code = givenCode | 0;
    if (code < 100 || code > 999) throw nodeError(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${shown(givenCode)}`);
    let headers = given;
    if (typeof reason === 'string') this.statusMessage = reason;
    else {
      this.statusMessage ||= STATUS_CODES[code] || 'unknown';
      headers ??= reason;
    }
    this.statusCode = code;
    let all;
    if (this[fields] !== null) {
      // What was set before goes along, unless it is given anew.
      if (headers) {
        if (isArray(headers)) {
          if (headers.length > 0 && isArray(headers[0])) {
            for (let i = 0; i < headers.length; i += 1) if (headers[i][0]) setGiven(this, headers, i);
          } else {
            if (headers.length % 2 !== 0) throw invalidValue('headers', headers);
            for (let i = 0; i < headers.length; i += 2) if (headers[i]) this.removeHeader(headers[i]);
            for (let i = 0; i < headers.length; i += 2) if (headers[i]) this.appendHeader(headers[i], headers[i + 1]);
          }
        } else {
          const own = keys(headers);
          for (let i = 0; i < own.length; i += 1) if (own[i]) this.setHeader(own[i], headers[own[i]]);
        }
      }
      all = this[fields];
    } else all = headers;
    if (hasUnfit(this.statusMessage)) throw nodeError(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in statusMessage');
    if (code === 204 || code === 304 || (code >= 100 && code <= 199)) this._hasBody = false;
    // Who waits for 100 and is told something else does not send the body: the connection cannot be used again.
    if (this._expect_continue && !this._sent100) this.shouldKeepAlive = false;
    this._storeHeader(`HTTP/1.1 ${code} ${this.statusMessage}\r\n`, all);
    return this;
  },
};
methods.writeHeader = methods.writeHead;

/** @param {any} value */
const shown = (value) => (typeof value === 'object' && value !== null ? loadInspect().inspect(value) : String(value));

/** Sets a field of a list of pairs, or adds to it, if it is there before in the list. @param {any} response @param {any[]} list @param {number} at */
function setGiven(response, list, at) {
  const name = list[at][0];
  const value = list[at][1];
  for (let i = 0; i < at; i += 1) {
    if (list[i][0] === name) {
      response.appendHeader(name, value);
      return;
    }
  }
  response.setHeader(name, value);
}

addMethods(ServerResponse.prototype, methods);

module.exports = { ServerResponse };
