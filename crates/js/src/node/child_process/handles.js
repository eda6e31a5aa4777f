// Sockets and servers that go to another process with a message (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback):
// what each kind is called on the way, what its sender gives up, and what its receiver makes of the descriptor. The names are Node's.
'use strict';

const { construct } = require('builtins/primordials');
const { unknownHandle } = require('node/child_process/errors');
const { SocketListReceive, SocketListSend } = require('node/child_process/socket_list');
const dgram = require('node/dgram/socket');
const { UdpHandle } = require('node/dgram/handle');
const { ListenerHandle, SocketHandle } = require('node/net/handle');
const { Server } = require('node/net/server');
const { Socket } = require('node/net/socket');
const { descriptorKind, netAdopt, netShare, udpAdopt } = ops;

/** The lists of one target, by the keys of servers. @typedef {{ send: Record<string, any>, got: Record<string, any> }} SocketLists */

/** @param {any} handle what a program sends @returns {string} Node's name of the kind */
function kindOf(handle) {
  if (handle instanceof /** @type {any} */ (dgram.Socket)) return 'dgram.Socket';
  if (handle instanceof /** @type {any} */ (Socket)) return 'net.Socket';
  if (handle instanceof /** @type {any} */ (Server)) return 'net.Server';
  if (handle instanceof SocketHandle || handle instanceof ListenerHandle) return 'net.Native';
  if (handle instanceof UdpHandle) return 'dgram.Native';
  throw unknownHandle();
}

/**
 * The handle whose descriptor is sent; none if it was given away before. What is not kept open is taken from its owner.
 * @param {any} target @param {SocketLists} lists @param {any} message what is sent, to which more is added @param {any} sent @param {any} options
 */
function release(target, lists, message, sent, options) {
  if (message.type === 'dgram.Socket') {
    message.dgramType = sent.type;
    return sent._handle;
  }
  if (message.type === 'net.Server') return sent._handle;
  if (message.type !== 'net.Socket') return sent;
  const handle = sent._handle;
  if (!handle) return undefined;
  const { server } = sent;
  if (server) {
    const key = server._connectionKey;
    message.key = key;
    if (lists.send[key] === undefined) {
      lists.send[key] = new SocketListSend(target, key);
      // From now on it asks there as well.
      server._setupWorker(lists.send[key]);
    }
    if (!options.keepOpen) server._connections -= 1;
  }
  if (options.keepOpen) netShare(handle.native);
  else {
    handle.readStop();
    handle.owner = {};
    sent._handle = null;
    sent.setTimeout(0);
    // A request that is under way has lost its connection to the other process.
    if (sent.parser) sent.parser.free?.();
    sent._httpMessage?.detachSocket?.(sent);
  }
  return handle;
}

/** Whether it is closed here when it has arrived. @param {any} message @param {any} options */
function isGivenAway(message, options) {
  return message.type === 'net.Socket' && !options.keepOpen;
}

/**
 * What a message's descriptor is to the program, given to `emit`.
 * @param {any} target @param {SocketLists} lists @param {any} message @param {NativeDescriptor} descriptor @param {(handle: any) => void} emit
 */
function receive(target, lists, message, descriptor, emit) {
  const { type } = message;
  if (type === 'dgram.Native' || type === 'dgram.Socket') {
    const handle = new UdpHandle(message.dgramType === 'udp6' ? 6 : 4);
    handle.adopt((object) => udpAdopt(object, descriptor));
    if (type === 'dgram.Native') emit(handle);
    else {
      const socket = construct(/** @type {any} */ (dgram.Socket), [message.dgramType]);
      socket.bind(handle, () => emit(socket));
    }
  } else if (type === 'net.Server') {
    const server = construct(/** @type {any} */ (Server), []);
    server.listen(ListenerHandle.received(descriptor), () => emit(server));
  } else if (type === 'net.Socket') {
    const socket = construct(/** @type {any} */ (Socket), [{ handle: socketHandle(descriptor), readable: true, writable: true }]);
    if (message.key) {
      lists.got[message.key] ??= new SocketListReceive(target, message.key);
      lists.got[message.key].add(socket);
    }
    emit(socket);
  } else {
    // A connection that its peer has left looks like a socket that was bound only; a cluster says what it sends.
    const isConnection = message.msg?.act === 'newconn' || descriptorKind(descriptor) === 'connection';
    emit(isConnection ? socketHandle(descriptor) : ListenerHandle.received(descriptor));
  }
}

/** @param {NativeDescriptor} descriptor */
function socketHandle(descriptor) {
  const native = netAdopt(descriptor);
  // What was taken over before is none; nothing else fails here.
  return typeof native === 'number' ? new SocketHandle({}) : SocketHandle.accepted(native, {});
}

module.exports = { isGivenAway, kindOf, receive, release };
