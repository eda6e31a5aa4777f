// The errors of http2 (https://nodejs.org/api/errors.html#nodejs-error-codes), and what nghttp2 calls codes and failures, which programs see in them.
'use strict';

const constants = /** @type {Record<string, any>} */ (require('node/http2/constants'));
const { nodeError } = require('node/errors');

/** The names of error codes, by their numbers. @type {string[]} */
const codeNames = [];
const names = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];
for (let code = 0; code < names.length; code += 1) codeNames[code] = `NGHTTP2_${names[code]}`;

/** @param {number} code */
const nameOfCode = (code) => codeNames[code] ?? code;

/** Messages that say the same whatever happened. @type {Record<string, [any, string]>} */
const fixed = {
  ALTSVC_INVALID_ORIGIN: [TypeError, 'HTTP/2 ALTSVC frames require a valid origin'],
  ALTSVC_LENGTH: [TypeError, 'HTTP/2 ALTSVC frames are limited to 16382 bytes'],
  CONNECT_AUTHORITY: [Error, ':authority header is required for CONNECT requests'],
  CONNECT_PATH: [Error, 'The :path header is forbidden for CONNECT requests'],
  CONNECT_SCHEME: [Error, 'The :scheme header is forbidden for CONNECT requests'],
  GOAWAY_SESSION: [Error, 'New streams cannot be created after receiving a GOAWAY'],
  HEADERS_AFTER_RESPOND: [Error, 'Cannot specify additional headers after response initiated'],
  HEADERS_SENT: [Error, 'Response has already been initiated.'],
  INFO_STATUS_NOT_ALLOWED: [RangeError, 'Informational status codes cannot be used'],
  INVALID_ORIGIN: [TypeError, 'HTTP/2 ORIGIN frames require a valid origin'],
  INVALID_SESSION: [Error, 'The session has been destroyed'],
  INVALID_STREAM: [Error, 'The stream has been destroyed'],
  MAX_PENDING_SETTINGS_ACK: [Error, 'Maximum number of pending settings acknowledgements'],
  NESTED_PUSH: [Error, 'A push stream cannot initiate another push stream.'],
  NO_SOCKET_MANIPULATION: [Error, 'HTTP/2 sockets should not be directly manipulated (e.g. read and written)'],
  ORIGIN_LENGTH: [TypeError, 'HTTP/2 ORIGIN frames are limited to 16382 bytes'],
  OUT_OF_STREAMS: [Error, 'No stream ID is available because maximum stream ID has been reached'],
  PING_CANCEL: [Error, 'HTTP2 ping cancelled'],
  PING_LENGTH: [RangeError, 'HTTP2 ping payload must be 8 bytes'],
  PSEUDOHEADER_NOT_ALLOWED: [TypeError, 'Cannot set HTTP/2 pseudo-headers'],
  PUSH_DISABLED: [Error, 'HTTP/2 client has disabled push streams'],
  SEND_FILE: [Error, 'Directories cannot be sent'],
  SEND_FILE_NOSEEK: [Error, 'Offset or length can only be specified for regular files'],
  SETTINGS_CANCEL: [Error, 'HTTP2 session settings canceled'],
  SOCKET_BOUND: [Error, 'The socket is already bound to an Http2Session'],
  SOCKET_UNBOUND: [Error, 'The socket has been disconnected from the Http2Session'],
  STATUS_101: [Error, 'HTTP status code 101 (Switching Protocols) is forbidden in HTTP/2'],
  STREAM_SELF_DEPENDENCY: [Error, 'A stream cannot depend on itself'],
  TOO_MANY_CUSTOM_SETTINGS: [Error, 'Number of custom settings exceeds MAX_ADDITIONAL_SETTINGS'],
  TOO_MANY_INVALID_FRAMES: [Error, 'Too many invalid HTTP/2 frames'],
  TRAILERS_ALREADY_SENT: [Error, 'Trailing headers have already been sent'],
  TRAILERS_NOT_READY: [Error, 'Trailing headers cannot be sent until after the wantTrailers event is emitted'],
};

/** @param {string} name without `ERR_HTTP2_` */
function http2Error(name) {
  return nodeError(fixed[name][0], `ERR_HTTP2_${name}`, fixed[name][1]);
}

/** An error whose message says more. @param {any} Class @param {string} name without `ERR_HTTP2_` @param {string} message */
function http2ErrorOf(Class, name, message) {
  return nodeError(Class, `ERR_HTTP2_${name}`, message);
}

/** @param {number} code */
const sessionError = (code) => http2ErrorOf(Error, 'SESSION_ERROR', `Session closed with error code ${code}`);

/** @param {number} code */
const streamError = (code) => http2ErrorOf(Error, 'STREAM_ERROR', `Stream closed with error code ${nameOfCode(code)}`);

/** A stream that never began. @param {any} [error] why */
function streamCanceled(error) {
  const message = `The pending stream has been canceled${error ? ` (caused by: ${error.message})` : ''}`;
  const made = http2ErrorOf(Error, 'STREAM_CANCEL', message);
  if (error) made.cause = error;
  return made;
}

/** What nghttp2 says of its failures, by its numbers. @type {Record<number, string>} */
const nghttp2Messages = {
  [-501]: 'Invalid argument',
  [-505]: 'Protocol error',
  [-509]: 'No more stream ID available',
  [-510]: 'Stream was already closed or invalid',
  [-522]: 'The length of the frame is invalid',
  [-523]: 'Header compression/decompression error',
  [-524]: 'Flow control error',
  [-902]: 'Out of memory',
  [-903]: 'Received bad client magic byte string',
  [-904]: 'Flooding was detected in this HTTP/2 session, and it must be closed',
};

/** A failure of the connection, with nghttp2's number. @param {number} errno */
class NghttpError extends Error {
  /** @param {number} errno */
  constructor(errno) {
    super(nghttp2Messages[errno] ?? `Unknown error code ${errno}`);
    this.errno = errno;
    this.code = 'ERR_HTTP2_ERROR';
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

/** nghttp2's number for a code with which a connection ends. @type {Record<number, number>} */
const errnoOfCode = {
  [constants.NGHTTP2_FLOW_CONTROL_ERROR]: -524,
  [constants.NGHTTP2_STREAM_CLOSED]: -510,
  [constants.NGHTTP2_FRAME_SIZE_ERROR]: -522,
  [constants.NGHTTP2_COMPRESSION_ERROR]: -523,
};

/** @param {number} code what the peer is told @param {number} why as the native connection says */
function connectionFailed(code, why) {
  if (why === 1) return new NghttpError(-903);
  if (why === 2) return new NghttpError(-904);
  if (why === 3) return http2Error('TOO_MANY_INVALID_FRAMES');
  return new NghttpError(errnoOfCode[code] ?? -505);
}

module.exports = {
  NghttpError,
  connectionFailed,
  http2Error,
  http2ErrorOf,
  sessionError,
  streamCanceled,
  streamError,
};
