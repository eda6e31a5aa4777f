// Streams as requests and responses (https://nodejs.org/api/http2.html#compatibility-api): what servers with a listener for requests do.
'use strict';

const { Http2ServerRequest } = require('node/http2/request');
const { Http2ServerResponse } = require('node/http2/response');

/** @param {any} server @param {any} Request @param {any} Response @param {any[]} told of the stream */
function onServerStream(server, Request, Response, told) {
  const stream = told[0];
  const headers = told[1];
  const request = new Request(stream, headers, undefined, told[3]);
  const response = new Response(stream);
  if (headers[':method'] === 'CONNECT') {
    if (!server.emit('connect', request, response)) refuse(response, 405);
    return;
  }
  const { expect } = headers;
  if (expect === undefined) server.emit('request', request, response);
  else if (expect === '100-continue') {
    if (server.listenerCount('checkContinue') > 0) server.emit('checkContinue', request, response);
    else {
      response.writeContinue();
      server.emit('request', request, response);
    }
  } else if (server.listenerCount('checkExpectation') > 0) server.emit('checkExpectation', request, response);
  else refuse(response, 417);
}

/** @param {any} response @param {number} status */
function refuse(response, status) {
  response.statusCode = status;
  response.end();
}

module.exports = { Http2ServerRequest, Http2ServerResponse, onServerStream };
