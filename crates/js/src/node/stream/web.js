// node:stream/web (https://nodejs.org/api/webstreams.html): the web's streams by import.
'use strict';

const { ReadableStream } = require('web/streams/readable_stream');
const { ReadableStreamDefaultController } = require('web/streams/default_controller');
const { ReadableStreamDefaultReader } = require('web/streams/default_reader');
const { ByteLengthQueuingStrategy, CountQueuingStrategy } = require('web/streams/strategies');

module.exports = {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableStream,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
};
