// One side of a connection as messages: what a parser tells goes to whoever reads (a server, a client). Programs see a reader as `socket.parser`.
'use strict';

const { charCodeAt } = require('builtins/primordials');
const { nodeError } = require('node/errors');
const { PARSED_METHODS } = require('node/http/names');
const { option, switchedOn } = require('node/process/options');
const { fillTrailers, readStop } = require('node/http/incoming');
const { httpFinish, httpHandOver, httpIsWithin, httpParse, httpParser, httpReset, httpSkipBody } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/** The most bytes of a head, unless a server or a request says otherwise. */
const maxHeaderSize = () => +(option('--max-http-header-size') ?? 16384);

/** Whether a parser takes what others may read in another way. @param {boolean | undefined} asked by a server or a request */
const isLenient = (asked) => asked ?? switchedOn('--insecure-http-parser');

/** What a program is told whose connection ended too early. @param {string} message */
const connectionReset = (message) => nodeError(Error, 'ECONNRESET', message);

/** What the flags of a head mean. */
const flag = { keepsAlive: 1, upgrades: 2, expectsContinue: 4, expectsOther: 8, hasBody: 16, hasHost: 32 };

/** What whoever read a head wants of its body. */
const answer = { body: 0, noBody: 1, handOver: 2 };

/** Bytes of a body that is too long. */
const mostSkipped = 256 * 1024;

/** Where a parser has what hears of its times, as Node has it (`HTTPParser.kOnTimeout`). */
const ON_TIMEOUT = 6;

/** Whoever reads is a class of this one: it says what to do with a head, at the end of a message, and with what is no message. */
class MessageReader {
  #native;
  /** The message whose body comes. @type {any} */
  #message = null;
  /** How many bytes of the body may still come, and who is told when there are more. */
  #room = Infinity;
  /** @type {(() => void) | undefined} */
  #exceeded;
  /** Nothing is read any more. */
  isOver = false;
  #isReading = false;
  /** The message that programs see: also when it is over, until a server has answered it. @type {any} */
  incoming = null;
  /** @type {any} */
  onIncoming = null;
  /** @type {boolean | null | undefined} */
  joinDuplicateHeaders = null;
  /** @type {any} */
  [ON_TIMEOUT] = null;

  /** @param {any} socket @param {boolean} readsResponses @param {any} options of the server or the request */
  constructor(socket, readsResponses, options) {
    this.#native = httpParser(readsResponses, options.maxHeaderSize || maxHeaderSize(), isLenient(options.insecureHTTPParser));
    this.socket = socket;
    this.joinDuplicateHeaders = options.joinDuplicateHeaders;
  }

  /** For another connection. @param {any} socket @param {any} options of the server or the request */
  reset(socket, options) {
    httpReset(this.#native, options.maxHeaderSize || maxHeaderSize(), isLenient(options.insecureHTTPParser));
    this.socket = socket;
    this.joinDuplicateHeaders = options.joinDuplicateHeaders;
    this.isOver = false;
  }

  /** A message begins. @param {any} _event @returns {[message: any, answer: number]} */
  head(_event) {
    throw new Error('a class of its own says it');
  }
  /** A message is over. @param {any} _message */
  ended(_message) {}
  /** The rest of the connection is somebody else's. @param {any} _message @param {any} _rest */
  handedOver(_message, _rest) {}
  /** @param {any} _error */
  failed(_error) {}
  /** It may serve another connection. */
  freed() {}

  /** Has somebody told, once, that the body which begins now is longer than that. @param {number} bytes @param {() => void} exceeded */
  limit(bytes, exceeded) {
    this.#room = bytes;
    this.#exceeded = exceeded;
  }

  get isWithin() {
    return httpIsWithin(this.#native);
  }

  /** Nothing is held any more, nor read. */
  free() {
    if (this.socket === null) return;
    this.isOver = true;
    this.#message = null;
    this.socket = null;
    this.incoming = null;
    this.onIncoming = null;
    this.joinDuplicateHeaders = null;
    this[ON_TIMEOUT] = null;
    // Within a message it is of use when that has been left.
    if (!this.#isReading) this.freed();
  }
  close() {}

  /** @param {Uint8Array} chunk */
  read(chunk) {
    const wasReading = this.#isReading;
    this.#isReading = true;
    try {
      this.#read(chunk);
    } finally {
      this.#isReading = wasReading;
      if (this.socket === null && !wasReading) this.freed();
    }
  }

  /** @param {Uint8Array} chunk */
  #read(chunk) {
    let at = 0;
    while (!this.isOver) {
      const event = httpParse(this.#native, chunk, at);
      if (event === undefined) return;
      at = event[1];
      if (event[0] === 1) {
        if (!this.#began(event, chunk)) return;
      } else if (event[0] === 2) {
        const message = this.#message;
        this.#room -= event[3] - event[2];
        if (this.#room < 0) this.#overflow();
        // A message that nobody wants any more is read to its end.
        if (message !== null && !message._dumped && !message.destroyed && !message.push(part(chunk, event[2], event[3])))
          readStop(this.socket);
      } else if (event[0] === 3) this.#ended(event[2]);
      else {
        this.#failed(event, chunk);
        return;
      }
    }
  }

  #overflow() {
    const exceeded = this.#exceeded;
    this.#exceeded = undefined;
    if (exceeded !== undefined) exceeded();
    // So much is thrown away while nobody answers; more stays with the other side.
    else if (this.#room < -mostSkipped) readStop(this.socket);
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
    this.#room = Infinity;
    const result = this.head(event);
    this.#message = result[0];
    if (result[1] === answer.noBody) httpSkipBody(this.#native);
    else if (result[1] === answer.handOver) {
      httpHandOver(this.#native);
      this.isOver = true;
      this.handedOver(result[0], part(chunk, event[1], chunk.length));
      return false;
    }
    return true;
  }

  /** @param {string | undefined} trailers */
  #ended(trailers) {
    const message = this.#message;
    this.#message = null;
    if (message === null) return;
    if (trailers !== undefined) fillTrailers(message, trailers);
    message.complete = true;
    if (!message.destroyed) message.push(null);
    this.ended(message);
  }

  /** @param {any} event @param {Uint8Array | undefined} chunk */
  #failed(event, chunk) {
    const error = nodeError(Error, event[2], chunk === undefined ? 'Parse Error' : `Parse Error: ${event[3]}`);
    error.reason = event[3];
    error.bytesParsed = event[1] + (chunk === undefined ? 0 : seenOf(event[2], chunk, event[1]));
    error.rawPacket = chunk === undefined ? undefined : part(chunk, 0, chunk.length);
    this.failed(error);
  }
}

/** How far into what is wrong Node's parser reads before it says so. @param {string} code @param {Uint8Array} chunk @param {number} at */
function seenOf(code, chunk, at) {
  if (code === 'HPE_HEADER_OVERFLOW') return chunk.length - at;
  if (code !== 'HPE_INVALID_METHOD') return 0;
  let most = 0;
  for (let i = 0; i < PARSED_METHODS.length; i += 1) {
    const method = PARSED_METHODS[i];
    let same = 0;
    while (same < method.length && chunk[at + same] === charCodeAt(method, same)) same += 1;
    if (same > most) most = same;
  }
  return most;
}

/** @param {Uint8Array} chunk @param {number} from @param {number} to */
function part(chunk, from, to) {
  const { Buffer } = loadBuffer();
  return Buffer.from(chunk.buffer, chunk.byteOffset + from, to - from);
}

module.exports = { MessageReader, ON_TIMEOUT, answer, connectionReset, flag, isLenient, maxHeaderSize, mostSkipped };
