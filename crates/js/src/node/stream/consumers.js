// node:stream/consumers (https://nodejs.org/api/webstreams.html#utility-consumers): the whole of a stream as one value.
'use strict';

const { Buffer } = require('node/buffer/buffer');
const { parseJson, push } = require('builtins/primordials');
const loadBlob = () => require('web/file/blob');
const loadDecoder = () => require('web/encoding/encoding');

/** @param {AsyncIterable<any>} stream */
async function chunksOf(stream) {
  /** @type {any[]} */
  const chunks = [];
  for await (const chunk of stream) push(chunks, chunk);
  return chunks;
}

/** @param {AsyncIterable<any>} stream */
async function blob(stream) {
  const { Blob } = loadBlob();
  return new Blob(await chunksOf(stream));
}

/** @param {AsyncIterable<any>} stream */
async function arrayBuffer(stream) {
  return (await blob(stream)).arrayBuffer();
}

/** @param {AsyncIterable<any>} stream */
async function buffer(stream) {
  return Buffer.from(await arrayBuffer(stream));
}

/** @param {AsyncIterable<any>} stream */
async function bytes(stream) {
  return new Uint8Array(await arrayBuffer(stream));
}

/** @param {AsyncIterable<any>} stream */
async function text(stream) {
  const { TextDecoder } = loadDecoder();
  const decoder = new TextDecoder();
  let whole = '';
  for await (const chunk of stream) {
    whole += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
  return whole + decoder.decode();
}

/** @param {AsyncIterable<any>} stream */
async function json(stream) {
  return parseJson(await text(stream));
}

module.exports = { arrayBuffer, blob, buffer, bytes, json, text };
