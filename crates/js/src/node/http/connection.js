// One side of a connection as messages: what a parser tells goes to whoever reads (a server, a client).
'use strict';

const { charCodeAt } = require('builtins/primordials');
const { nodeError } = require('node/errors');
const { METHODS } = require('node/http/names');
const { option } = require('node/process/options');
const { fillTrailers, readStop } = require('node/http/incoming');
const { httpFinish, httpHandOver, httpIsWithin, httpParse, httpParser, httpSkipBody } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/** The most bytes of a head, unless a server or a request says otherwise. */
const maxHeaderSize = () => +(option('--max-http-header-size') ?? 16384);

/** What a program is told whose connection ended too early. @param {string} message */
const connectionReset = (message) => nodeError(Error, 'ECONNRESET', message);

/** What the flags of a head mean. */
const flag = { keepsAlive: 1, upgrades: 2, expectsContinue: 4, expectsOther: 8, hasBody: 16, hasHost: 32 };

/** What whoever read a head wants of its body. */
const answer = { body: 0, noBody: 1, handOver: 2 };

/**
 * @typedef {object} Hooks
 * @property {(event: any) => [message: any, answer: number]} head gives the message
 * @property {(message: any) => void} ended a message is over
 * @property {(message: any, rest: any) => void} handedOver the rest of the connection is somebody else's
 * @property {(error: any) => void} failed
 */

class MessageReader {
  #native;
  #socket;
  #hooks;
  /** The message whose body comes. @type {any} */
  message = null;
  isOver = false;

  /** @param {any} socket @param {boolean} readsResponses @param {number} limit of a head, in bytes @param {Hooks} hooks */
  constructor(socket, readsResponses, limit, hooks) {
    this.#native = httpParser(readsResponses, limit);
    this.#socket = socket;
    this.#hooks = hooks;
  }

  get isWithin() {
    return httpIsWithin(this.#native);
  }

  /** @param {Uint8Array} chunk */
  read(chunk) {
    let at = 0;
    while (!this.isOver) {
      const event = httpParse(this.#native, chunk, at);
      if (event === undefined) return;
      at = event[1];
      if (event[0] === 1) {
        if (!this.#began(event, chunk)) return;
      } else if (event[0] === 2) {
        const { message } = this;
        // A message that nobody wants any more is read to its end.
        if (message !== null && !message._dumped && !message.destroyed && !message.push(part(chunk, event[2], event[3])))
          readStop(this.#socket);
      } else if (event[0] === 3) this.#ended(event[2]);
      else {
        this.#failed(event, chunk);
        return;
      }
    }
  }

  /** The connection has ended. @param {boolean} [isTold] whether an end in the middle of a message is an error @returns {boolean} false if it is one */
  finish(isTold = true) {
    if (this.isOver) return true;
    const event = httpFinish(this.#native);
    if (event === undefined) return true;
    if (event[0] === 3) {
      this.#ended(event[2]);
      return true;
    }
    if (isTold) this.#failed(event, undefined);
    else this.isOver = true;
    return false;
  }

  /** @param {any} event @param {Uint8Array} chunk */
  #began(event, chunk) {
    const result = this.#hooks.head(event);
    this.message = result[0];
    if (result[1] === answer.noBody) httpSkipBody(this.#native);
    else if (result[1] === answer.handOver) {
      httpHandOver(this.#native);
      this.isOver = true;
      this.#hooks.handedOver(this.message, part(chunk, event[1], chunk.length));
      return false;
    }
    return true;
  }

  /** @param {string | undefined} trailers */
  #ended(trailers) {
    const { message } = this;
    this.message = null;
    if (message === null) return;
    if (trailers !== undefined) fillTrailers(message, trailers);
    message.complete = true;
    if (!message.destroyed) message.push(null);
    this.#hooks.ended(message);
  }

  /** @param {any} event @param {Uint8Array | undefined} chunk */
  #failed(event, chunk) {
    this.isOver = true;
    const error = nodeError(Error, event[2], `Parse Error: ${event[3]}`);
    error.reason = event[3];
    error.bytesParsed = event[1] + (chunk === undefined ? 0 : seenOf(event[2], chunk, event[1]));
    error.rawPacket = chunk === undefined ? undefined : part(chunk, 0, chunk.length);
    this.#hooks.failed(error);
  }
}

/** How far into what is wrong Node's parser reads before it says so. @param {string} code @param {Uint8Array} chunk @param {number} at */
function seenOf(code, chunk, at) {
  if (code === 'HPE_HEADER_OVERFLOW') return chunk.length - at;
  if (code !== 'HPE_INVALID_METHOD') return 0;
  let most = 0;
  for (let i = 0; i < METHODS.length; i += 1) {
    let same = 0;
    while (same < METHODS[i].length && chunk[at + same] === charCodeAt(METHODS[i], same)) same += 1;
    if (same > most) most = same;
  }
  return most;
}

/** @param {Uint8Array} chunk @param {number} from @param {number} to */
function part(chunk, from, to) {
  const { Buffer } = loadBuffer();
  return Buffer.from(chunk.buffer, chunk.byteOffset + from, to - from);
}

module.exports = { MessageReader, answer, connectionReset, flag, maxHeaderSize };
