// Sockets of a server that other processes have (https://nodejs.org/api/child_process.html#example-sending-a-socket-object): either side knows how
// many there are, so that the server's `getConnections` counts them and its `close` waits for them. The messages are Node's.
'use strict';

const { nodeError } = require('node/errors');
const EventEmitter = require('node/events/events');

const closedBeforeReply = () => nodeError(Error, 'ERR_CHILD_CLOSED_BEFORE_REPLY', 'Child closed before reply received');

/** The side that sent the sockets. */
class SocketListSend extends EventEmitter {
  #target;
  key;

  /** @param {any} target @param {string} key */
  constructor(target, key) {
    super();
    this.#target = target;
    this.key = key;
    target.once('exit', () => this.emit('exit', this));
  }

  /** @param {string} asked @param {string} answered @param {boolean} swallowErrors @param {(error: any, message?: any) => void} callback */
  #request(asked, answered, swallowErrors, callback) {
    const target = this.#target;
    if (!target.connected) {
      callback(closedBeforeReply());
      return;
    }
    target._send({ cmd: asked, key: this.key }, undefined, { swallowErrors });
    const closed = () => {
      target.removeListener('internalMessage', replied);
      callback(closedBeforeReply());
    };
    const replied = (/** @type {any} */ message) => {
      if (message.cmd !== answered || message.key !== this.key) return;
      target.removeListener('disconnect', closed);
      target.removeListener('internalMessage', replied);
      callback(null, message);
    };
    target.once('disconnect', closed);
    target.on('internalMessage', replied);
  }

  /** @param {(error: any) => void} callback when all are closed */
  close(callback) {
    this.#request('NODE_SOCKET_NOTIFY_CLOSE', 'NODE_SOCKET_ALL_CLOSED', true, callback);
  }

  /** @param {(error: any, count?: number) => void} callback */
  getConnections(callback) {
    this.#request('NODE_SOCKET_GET_COUNT', 'NODE_SOCKET_COUNT', false, (error, message) => {
      if (error) callback(error);
      else callback(null, message.count);
    });
  }
}

/** The side that has them. */
class SocketListReceive extends EventEmitter {
  #target;
  key;
  connections = 0;

  /** @param {any} target @param {string} key */
  constructor(target, key) {
    super();
    this.#target = target;
    this.key = key;
    const tellEmpty = () => this.#answer({ cmd: 'NODE_SOCKET_ALL_CLOSED', key }, true);
    target.on('internalMessage', (/** @type {any} */ message) => {
      if (message.key !== key) return;
      if (message.cmd === 'NODE_SOCKET_NOTIFY_CLOSE') {
        if (this.connections === 0) tellEmpty();
        else this.once('empty', tellEmpty);
      } else if (message.cmd === 'NODE_SOCKET_GET_COUNT') {
        this.#answer({ cmd: 'NODE_SOCKET_COUNT', key, count: this.connections }, false);
      }
    });
  }

  /** @param {any} message @param {boolean} swallowErrors */
  #answer(message, swallowErrors) {
    if (this.#target.connected) this.#target._send(message, undefined, { swallowErrors });
  }

  /** @param {any} socket */
  add(socket) {
    this.connections += 1;
    socket.once('close', () => {
      this.connections -= 1;
      if (this.connections === 0) this.emit('empty', this);
    });
  }
}

module.exports = { SocketListReceive, SocketListSend };
