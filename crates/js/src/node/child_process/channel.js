// The channel between a program and the one that forked it (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback):
// messages as lines of JSON over a local socket, as Node writes them, so that either side may be Node.
'use strict';

const { invalidType, missingArguments } = require('node/errors');
const { requireFunction, requireObject } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { channelClosed, disconnected, unknownHandle } = require('node/child_process/errors');
const { defineProperty, parseJson, push, shift, startsWith, stringIndexOf, slice, stringify, then } = require('builtins/primordials');
const { pipeClose, pipeEnd, pipeInherited, pipeNumber, pipeRead, pipeReference, pipeWrite } = ops;
const loadEncoding = () => require('web/encoding/encoding');
const loadSerialization = () => require('node/v8/serialization');

const chunkSize = 65536;
/** What may wait to be written before `send` says that it is much. */
const muchWaiting = 131072;

/** What `process.channel` and `subprocess.channel` are: the program may say whether they keep it alive. */
class Control extends EventEmitter {
  #channel;
  #references = 0;
  #isForced = false;

  /** @param {Channel} channel */
  constructor(channel) {
    super();
    this.#channel = channel;
  }
  get fd() {
    return this.#channel.number();
  }
  ref() {
    this.#isForced = true;
    this.#channel.reference(true);
  }
  unref() {
    this.#isForced = true;
    this.#channel.reference(false);
  }
  refCounted() {
    this.#references += 1;
    if (this.#references === 1 && !this.#isForced) this.#channel.reference(true);
  }
  unrefCounted() {
    this.#references -= 1;
    if (this.#references === 0 && !this.#isForced) this.#channel.reference(false);
  }
}

class Channel {
  /** @type {any} */
  #target;
  /** @type {NativePipe | undefined} */
  #pipe;
  #isAdvanced;
  #rest = '';
  /** @type {any} */
  #bytes;
  #decoder;
  #waiting = 0;
  /** Messages that nobody listened for yet. @type {any[]} */
  #unheard = [];
  /** Why it is to be closed when all is written. */
  #isEnding = false;
  #isTold = false;

  /** @param {any} target @param {NativePipe} pipe @param {boolean} isAdvanced */
  constructor(target, pipe, isAdvanced) {
    this.#target = target;
    this.#pipe = pipe;
    this.#isAdvanced = isAdvanced;
    /** @type {any} */
    const TextDecoder = loadEncoding().TextDecoder;
    this.#decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    this.#read();
  }

  number() {
    return this.#pipe === undefined ? -1 : pipeNumber(this.#pipe);
  }
  /** @param {boolean} referenced */
  reference(referenced) {
    if (this.#pipe !== undefined) pipeReference(this.#pipe, referenced);
  }

  /** False when much is waiting. @param {any} message @param {((error: any) => void) | undefined} callback */
  write(message, callback) {
    const pipe = this.#pipe;
    if (pipe === undefined) return false;
    const content = this.#isAdvanced ? loadSerialization().frame(message) : `${stringify(message)}\n`;
    const { length } = content;
    this.#waiting += length;
    const done = (/** @type {any} */ error) => {
      this.#waiting -= length;
      if (callback !== undefined) nextTick(callback, error);
      if (this.#isEnding && this.#waiting === 0) this.#close();
    };
    then(
      pipeWrite(pipe, content),
      () => done(null),
      (error) => done(error),
    );
    return this.#waiting < muchWaiting;
  }

  /** No more messages either way, once what was sent is written. */
  end() {
    this.#isEnding = true;
    if (this.#waiting === 0) this.#close();
  }

  /** Somebody listens now. */
  flush() {
    const unheard = this.#unheard;
    this.#unheard = [];
    for (let index = 0; index < unheard.length; index += 1) this.#target.emit('message', unheard[index], undefined);
  }

  #close() {
    if (this.#pipe !== undefined) {
      pipeEnd(this.#pipe);
      pipeClose(this.#pipe);
      this.#pipe = undefined;
    }
    if (this.#isTold) return;
    this.#isTold = true;
    const target = this.#target;
    target.connected = false;
    nextTick(() => {
      target.channel = null;
      target._channel = null;
      target.emit('disconnect');
    });
  }

  #read() {
    if (this.#pipe === undefined) return;
    then(
      pipeRead(this.#pipe, chunkSize),
      (bytes) => nextTick(() => this.#arrived(bytes)),
      () => nextTick(() => this.#close()),
    );
  }

  /** @param {Uint8Array} bytes */
  #arrived(bytes) {
    if (bytes.length === 0 || this.#pipe === undefined) {
      this.#close();
      return;
    }
    /** @type {any[]} */
    const messages = [];
    if (this.#isAdvanced) this.#bytes = loadSerialization().unframe(this.#bytes, bytes, messages);
    else this.#split(bytes, messages);
    this.#read();
    for (let message = shift(messages); message !== undefined; message = shift(messages)) {
      const { value } = message;
      // One tick each: a listener that throws takes no other message along.
      nextTick(() => this.#hear(value));
    }
  }

  /** @param {Uint8Array} bytes @param {{ value: any }[]} messages */
  #split(bytes, messages) {
    let text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    for (let end = stringIndexOf(text, '\n'); end !== -1; end = stringIndexOf(text, '\n')) {
      if (end > 0) push(messages, { value: parseJson(slice(text, 0, end)) });
      text = slice(text, end + 1);
    }
    this.#rest = text;
  }

  /** @param {any} message */
  #hear(message) {
    const target = this.#target;
    const isInternal =
      message !== null && typeof message === 'object' && typeof message.cmd === 'string' && startsWith(message.cmd, 'NODE_');
    if (isInternal) target.emit('internalMessage', message, undefined);
    else if (target.listenerCount('message') > 0) target.emit('message', message, undefined);
    else push(this.#unheard, message);
  }
}

/** Checks a message and what goes with it. @param {any} message @param {any} handle @param {any} options */
function requireMessage(message, handle, options) {
  if (message === undefined) throw missingArguments('message');
  const type = typeof message;
  if (type !== 'string' && type !== 'object' && type !== 'number' && type !== 'boolean') {
    throw invalidType('message', ['string', 'object', 'number', 'boolean'], message);
  }
  if (options !== undefined) requireObject(options, 'options');
  // Sockets and servers, which there are none of yet.
  if (handle !== undefined && handle !== null) throw unknownHandle();
}

/**
 * Gives `send`, `disconnect` and the rest to a child, or to `process`.
 * @param {any} target @param {NativePipe} pipe @param {string | undefined} serialization
 */
function joinChannel(target, pipe, serialization) {
  const channel = new Channel(target, pipe, serialization === 'advanced');
  const control = new Control(channel);
  target.channel = control;
  define(target, '_channel', control);
  target.connected = true;
  define(
    target,
    'send',
    (/** @type {any} */ message, /** @type {any} */ handle, /** @type {any} */ options, /** @type {any} */ callback) => {
      let tell = callback;
      let sent = handle;
      let settings = options;
      if (typeof handle === 'function') {
        tell = handle;
        sent = undefined;
        settings = undefined;
      } else if (typeof options === 'function') {
        tell = options;
        settings = undefined;
      }
      if (tell !== undefined && tell !== null) requireFunction(tell, 'callback');
      if (target.connected) {
        requireMessage(message, sent, settings);
        return channel.write(message, tell ?? undefined);
      }
      const error = channelClosed();
      if (typeof tell === 'function') nextTick(tell, error);
      else nextTick(() => target.emit('error', error));
      return false;
    },
  );
  define(target, '_send', target.send);
  define(target, 'disconnect', () => {
    if (!target.connected) {
      target.emit('error', disconnected());
      return;
    }
    target._disconnect();
  });
  define(target, '_disconnect', () => {
    target.connected = false;
    channel.end();
  });
  target.on('newListener', (/** @type {any} */ name) => {
    if (name === 'message') nextTick(() => channel.flush());
  });
  return { channel, control };
}

/** @param {any} target @param {string} name @param {any} value */
function define(target, name, value) {
  defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Joins `process` to the program that forked it. @param {any} process @param {number} number @param {string | undefined} serialization */
function joinParent(process, number, serialization) {
  /** @type {NativePipe} */
  let pipe;
  try {
    pipe = pipeInherited(number);
  } catch {
    // The variable was meant for somebody else.
    return;
  }
  const { channel, control } = joinChannel(process, pipe, serialization);
  // It keeps the program alive as long as somebody listens.
  channel.reference(false);
  const counts = (/** @type {any} */ name) => name === 'message' || name === 'disconnect';
  process.on('newListener', (/** @type {any} */ name) => {
    if (counts(name)) control.refCounted();
  });
  process.on('removeListener', (/** @type {any} */ name) => {
    if (counts(name)) control.unrefCounted();
  });
}

module.exports = { joinChannel, joinParent };
