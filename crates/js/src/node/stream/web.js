// node:stream/web (https://nodejs.org/api/webstreams.html): the web's streams by import.
'use strict';

const { TextDecoderStream, TextEncoderStream } = require('web/encoding/streams');
const { ReadableStreamDefaultController } = require('web/streams/default_controller');
const { ReadableStreamDefaultReader } = require('web/streams/default_reader');
const { WritableStreamDefaultWriter } = require('web/streams/default_writer');
const { ReadableStream } = require('web/streams/readable_stream');
const { ByteLengthQueuingStrategy, CountQueuingStrategy } = require('web/streams/strategies');
const { TransformStream, TransformStreamDefaultController } = require('web/streams/transform_stream');
const { WritableStreamDefaultController } = require('web/streams/writable_controller');
const { WritableStream } = require('web/streams/writable_stream');

module.exports = {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableStream,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TextDecoderStream,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
};
