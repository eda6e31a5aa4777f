// node:stream/web (https://nodejs.org/api/webstreams.html): the web's streams by import.
'use strict';

const { CompressionStream, DecompressionStream } = require('web/compression/streams');
const { TextDecoderStream, TextEncoderStream } = require('web/encoding/streams');
const { ReadableStreamBYOBReader } = require('web/streams/byob_reader');
const { ReadableByteStreamController, ReadableStreamBYOBRequest } = require('web/streams/byte_controller');
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
  CompressionStream,
  CountQueuingStrategy,
  DecompressionStream,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
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
