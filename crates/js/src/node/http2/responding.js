// The head of a response: what its fields must be, what is added, and how it is sent.
'use strict';

const { http2ErrorOf, NghttpError } = require('node/http2/errors');
const { copyOf, objectOfList, responsePseudo, sensitiveHeaders, toFitWire } = require('node/http2/fields');
const { isTooLarge, own, tell } = require('node/http2/stream');
const { requireObject } = require('node/arguments');
const { dateField } = require('node/http/outgoing');
const { arraySlice, isArray, push, toLowerCase } = require('builtins/primordials');
const { http2Headers } = ops;

const OK = 200;

/** @param {number} status */
const hasNoBody = (status) => status === 204 || status === 205 || status === 304;

/** The head of a response: its fields, with those that are always there, and its status. @param {any} headers @param {any} options */
function responseOf(headers, options) {
  if (isArray(headers)) return responseOfList(headers, options);
  if (headers !== undefined && headers !== null) requireObject(headers, 'headers');
  const sent = copyOf(headers);
  const given = (sent[':status'] ??= OK);
  const status = (sent[':status'] |= 0);
  requireStatus(status, given);
  if (options?.sendDate !== false) sent.date ??= dateField();
  return { sent, list: sent, status };
}

/** The same of names and values in turn. @param {any[]} headers @param {any} options */
function responseOfList(headers, options) {
  /** @type {any} */
  const list = arraySlice(headers, 0);
  const secret = /** @type {any} */ (headers)[sensitiveHeaders];
  if (secret !== undefined) list[sensitiveHeaders] = secret;
  let status;
  let hasDate = false;
  for (let i = 0; i < list.length; i += 2) {
    const name = toLowerCase(`${list[i]}`);
    if (name === ':status') status = list[i + 1] | 0;
    else if (name === 'date') hasDate = true;
  }
  if (status === undefined) {
    status = OK;
    push(/** @type {any[]} */ (list), ':status', status);
  }
  requireStatus(status, status);
  if (!hasDate && options?.sendDate !== false) push(/** @type {any[]} */ (list), 'date', dateField());
  return { sent: objectOfList(list), list, status };
}

/** @param {any} stream @param {any} headers */
function wireOf(stream, headers) {
  return toFitWire(headers, responsePseudo, stream[own].session[own].options.strictSingleValueFields !== false);
}

/** @param {number} status @param {any} given */
function requireStatus(status, given) {
  if (status < 200 || status > 599) {
    throw http2ErrorOf(RangeError, 'STATUS_INVALID', `Invalid status code: ${given}`);
  }
}

/** @param {any} stream @param {any} sent @param {import('node/http2/fields').Wire} wire @param {boolean} ends */
function sendHead(stream, sent, wire, ends) {
  const state = stream[own];
  const ofSession = state.session[own];
  state.sentHeaders = sent;
  state.headersSent = true;
  if (ends) state.isEnded = true;
  if (isTooLarge(stream, wire)) return;
  const outcome = http2Headers(ofSession.native, state.id, wire.text, wire.sensitive, ends);
  // What was closed by the peer says so in a moment.
  tell(stream, false, 'finish', { headers: sent, flags: ends ? 5 : 4 });
  if (outcome < -1) stream.destroy(new NghttpError(-510));
  ofSession.flushSoon();
}

module.exports = { hasNoBody, responseOf, sendHead, wireOf };
