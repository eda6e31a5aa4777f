// The channel between a program and the one that forked it (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback):
// messages as lines of JSON over a local socket, as Node writes them, so that either side may be Node.
'use strict';

const { invalidType, missingArguments } = require('node/errors');
const { requireFunction, requireObject } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { channelClosed, disconnected } = require('node/child_process/errors');
const { Frames, Lines } = require('node/child_process/framing');
const { defineProperty, push, shift, startsWith, then } = require('builtins/primordials');
const { pipeClose, pipeEnd, pipeInherited, pipeNumber, pipeReceive, pipeReference, pipeSend, pipeTake, pipeWrite } = ops;
const { builtinExports } = ops;
const loadWarnings = () => require('node/process/warnings');

const chunkSize = 65536;
/** What may wait to be written before `send` says that it is much. */
const muchWaiting = 131072;
/** How often a handle is sent that did not arrive. */
const mostAttempts = 3;

/** What finds `node/child_process/handles`, which stands on `process` and so on this file. @type {(() => any) | undefined} */
let findHandles;
/** @param {() => any} find */
function useHandles(find) {
  findHandles = find;
}
function loadHandles() {
  // The module says where they are.
  if (findHandles === undefined) builtinExports('child_process');
  return /** @type {any} */ (findHandles)();
}

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
  #framing;
  #waiting = 0;
  /** Messages that nobody listened for yet, and handles that came with them. @type {[message: any, handle: any][]} */
  #unheard = [];
  /** Takes what the two channels tell each other; false for anything else. @type {(message: any, descriptor: NativeDescriptor | undefined) => boolean} */
  onProtocol = () => false;
  /** Ends what waits for the other side. */
  onClosed = () => {};
  /** Why it is to be closed when all is written. */
  #isEnding = false;
  #isTold = false;

  /** @param {any} target @param {NativePipe} pipe @param {boolean} isAdvanced */
  constructor(target, pipe, isAdvanced) {
    this.#target = target;
    this.#pipe = pipe;
    this.#framing = isAdvanced ? new Frames() : new Lines();
    this.#read();
  }

  number() {
    return this.#pipe === undefined ? -1 : pipeNumber(this.#pipe);
  }
  /** @param {boolean} referenced */
  reference(referenced) {
    if (this.#pipe !== undefined) pipeReference(this.#pipe, referenced);
  }

  /** False when much is waiting. @param {any} message @param {number} descriptor a number, or -1 @param {(error: any) => void} told */
  write(message, descriptor, told) {
    const pipe = this.#pipe;
    if (pipe === undefined) return false;
    const content = this.#framing.frame(message);
    const { length } = content;
    this.#waiting += length;
    const done = (/** @type {any} */ error) => {
      this.#waiting -= length;
      told(error);
      if (this.#isEnding && this.#waiting === 0) this.#close();
    };
    then(
      descriptor === -1 ? pipeWrite(pipe, content) : pipeSend(pipe, content, descriptor),
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
    for (let index = 0; index < unheard.length; index += 1) this.#target.emit('message', unheard[index][0], unheard[index][1]);
  }

  #close() {
    if (this.#pipe !== undefined) {
      pipeEnd(this.#pipe);
      pipeClose(this.#pipe);
      this.#pipe = undefined;
    }
    if (this.#isTold) return;
    this.#isTold = true;
    this.onClosed();
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
      pipeReceive(this.#pipe, chunkSize),
      (bytes) => nextTick(() => this.#arrived(bytes)),
      () => nextTick(() => this.#close()),
    );
  }

  /** @param {Uint8Array} bytes */
  #arrived(bytes) {
    const pipe = this.#pipe;
    if (bytes.length === 0 || pipe === undefined) {
      this.#close();
      return;
    }
    const messages = this.#framing.take(bytes);
    this.#read();
    for (let message = shift(messages); message !== undefined; message = shift(messages)) {
      const { value, error, isBroken } = message;
      // Descriptors come in the order of their messages.
      const descriptor = value?.cmd === 'NODE_HANDLE' ? pipeTake(pipe) : undefined;
      // One tick each: a listener that throws takes no other message along.
      nextTick(() => {
        if (isBroken) throw error;
        if (!isInternal(value) || !this.onProtocol(value, descriptor)) this.hear(value, undefined);
      });
    }
  }

  /** @param {any} message @param {any} handle */
  hear(message, handle) {
    const target = this.#target;
    if (isInternal(message)) target.emit('internalMessage', message, handle);
    else if (target.listenerCount('message') > 0) target.emit('message', message, handle);
    else push(this.#unheard, [message, handle]);
  }
}

/** Whether it is no message of the program's. @param {any} message */
function isInternal(message) {
  return message !== null && typeof message === 'object' && typeof message.cmd === 'string' && startsWith(message.cmd, 'NODE_');
}

/** Checks a message and what goes with it. @param {any} message @param {any} options */
function requireMessage(message, options) {
  if (message === undefined) throw missingArguments('message');
  const type = typeof message;
  if (type !== 'string' && type !== 'object' && type !== 'number' && type !== 'boolean') {
    throw invalidType('message', ['string', 'object', 'number', 'boolean'], message);
  }
  if (options !== undefined) requireObject(options, 'options');
}

/** Whether the other side has gone, of which 'disconnect' and 'exit' tell. @param {any} error */
const isOfEnd = (error) => error.code === 'EPIPE' || error.code === 'ECONNRESET';

/**
 * Messages with handles: one at a time is on its way, until the other side says that it has it; what is sent meanwhile waits.
 * @param {any} target @param {Channel} channel
 */
function makeSender(target, channel) {
  /** @type {{ message: any, handle: any, options: any, callback: any }[] | undefined} */
  let queue;
  /** @type {{ message: any, handle: any, options: any, callback: any, attempts: number } | undefined} */
  let pending;
  const lists = { send: {}, got: {} };

  const closePending = () => {
    pending?.handle.close();
    pending = undefined;
  };

  /** @param {any} message @param {any} handle @param {any} options @param {any} callback */
  const send = (message, handle, options, callback) => {
    const settings = options ?? {};
    const isAnswer = message?.cmd === 'NODE_HANDLE_ACK' || message?.cmd === 'NODE_HANDLE_NACK';
    const hasHandle = handle !== undefined && handle !== null;
    const type = hasHandle ? loadHandles().kindOf(handle) : undefined;
    if (queue !== undefined && !isAnswer) {
      push(queue, { message, handle, options, callback });
      return queue.length === 1;
    }
    if (!hasHandle) return write(message, undefined, settings, callback);
    const wrapped = { cmd: 'NODE_HANDLE', type, msg: message };
    const native = loadHandles().release(target, lists, wrapped, handle, settings);
    // What was given away before is a message without a handle now.
    if (!native || native.fd < 0) return write(message, undefined, settings, callback);
    queue = [];
    if (loadHandles().isGivenAway(wrapped, settings)) {
      pending = { message: wrapped, handle: native, options: settings, callback, attempts: 0 };
    }
    return write(wrapped, native, settings, callback);
  };

  /** @param {any} message @param {any} handle a native one @param {any} options @param {any} callback */
  const write = (message, handle, options, callback) =>
    channel.write(message, handle === undefined ? -1 : handle.fd, (error) => {
      if (error !== null && handle !== undefined) closePending();
      if (callback !== undefined && callback !== null) nextTick(callback, error);
      else if (error !== null && !options.swallowErrors && handle !== undefined && !isOfEnd(error))
        nextTick(() => target.emit('error', error));
    });

  /** @param {any} message */
  const acknowledged = (message) => {
    const failed = message.cmd === 'NODE_HANDLE_NACK' ? pending : undefined;
    if (failed === undefined || failed.attempts === mostAttempts) {
      closePending();
      if (failed !== undefined) {
        const text = 'Handle did not reach the receiving process correctly';
        loadWarnings().emitWarning(text, 'SentHandleNotReceivedWarning');
      }
    } else {
      failed.attempts += 1;
      write(failed.message, failed.handle, failed.options, failed.callback);
      return;
    }
    const waiting = queue ?? [];
    queue = undefined;
    for (let index = 0; index < waiting.length; index += 1) {
      const { message: next, handle, options, callback } = waiting[index];
      send(next, handle, options, callback);
    }
    if (!target.connected && queue === undefined) channel.end();
  };

  channel.onProtocol = (message, descriptor) => {
    if (message.cmd === 'NODE_HANDLE_ACK' || message.cmd === 'NODE_HANDLE_NACK') {
      acknowledged(message);
      return true;
    }
    if (message.cmd !== 'NODE_HANDLE') return false;
    if (descriptor === undefined) {
      if (target.connected) send({ cmd: 'NODE_HANDLE_NACK' }, undefined, { swallowErrors: true }, undefined);
      return true;
    }
    if (target.connected) send({ cmd: 'NODE_HANDLE_ACK' }, undefined, { swallowErrors: true }, undefined);
    loadHandles().receive(target, lists, message, descriptor, (/** @type {any} */ handle) =>
      nextTick(() => channel.hear(message.msg, handle)),
    );
    return true;
  };
  channel.onClosed = closePending;

  return { send, isWaiting: () => queue !== undefined };
}

/**
 * Gives `send`, `disconnect` and the rest to a child, or to `process`.
 * @param {any} target @param {NativePipe} pipe @param {string | undefined} serialization
 */
function joinChannel(target, pipe, serialization) {
  const channel = new Channel(target, pipe, serialization === 'advanced');
  const control = new Control(channel);
  const sender = makeSender(target, channel);
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
        requireMessage(message, settings);
        return sender.send(message, sent, settings, tell);
      }
      const error = channelClosed();
      if (typeof tell === 'function') nextTick(tell, error);
      else nextTick(() => target.emit('error', error));
      return false;
    },
  );
  define(
    target,
    '_send',
    (/** @type {any} */ message, /** @type {any} */ handle, /** @type {any} */ options, /** @type {any} */ callback) =>
      sender.send(message, handle, typeof options === 'boolean' ? { swallowErrors: options } : options, callback),
  );
  define(target, 'disconnect', () => {
    if (!target.connected) {
      target.emit('error', disconnected());
      return;
    }
    target._disconnect();
  });
  define(target, '_disconnect', () => {
    target.connected = false;
    // It ends when the other side has what is on its way.
    if (!sender.isWaiting()) channel.end();
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

module.exports = { joinChannel, joinParent, useHandles };
