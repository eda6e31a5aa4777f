// Messages (https://html.spec.whatwg.org/#structuredserializewithtransfer): a value on its way to another port or thread.
//
// The engine writes what the language has. For an instance of an interface it writes a hole, and a record beside it says what stands there:
// the file of the interface and what its `serialize` gave, or what was transferred. Whoever reads makes the instances first, then the rest.
//
// `transferSteps` of an interface that can be transferred:
// - `check(value)` throws if it cannot be now (it is detached, or a stream is locked);
// - `send(value)` detaches it; gives data that can be cloned and the native ports that go with it;
// - `receive(data, ports)` makes the other one.
'use strict';

const { Set, WeakMap, push, setAdd, setHas, weakMapHas, weakMapSet } = require('builtins/primordials');
const { deserialize, isObject, transferFile, transferSteps } = require('builtins/webidl');
const { Cloner, nameOf, uncloneable } = require('web/html/cloner');
const { className, cloneHole, messageAttach, messagePorts, messageRead, messageRecords, messageWrite } = ops;
const loadDOMException = () => require('builtins/domexception');

/**
 * What stands in a hole: data for `deserialize` of the file; or for its `transferSteps`, with the places of the ports.
 * @typedef {{ file: string, data: any, ports: number[] | undefined }} MessageRecord
 */

/** What the program wants to stay here. @type {WeakMap<object, true>} */
const untransferable = new WeakMap();

/** @param {object} object */
function markAsUntransferable(object) {
  weakMapSet(untransferable, object, true);
}

/** @param {any} object */
function isMarkedAsUntransferable(object) {
  return isObject(object) && weakMapHas(untransferable, object);
}

/** @param {string} message */
function refusal(message) {
  return new (loadDOMException().DOMException)(message, 'DataCloneError');
}

/**
 * The files of the interfaces of what is transferred, undefined for a buffer of the language.
 * @param {any[]} transfer
 */
function checkTransfer(transfer) {
  /** @type {Set<any>} */
  const seen = new Set();
  /** @type {(string | undefined)[]} */
  const files = [];
  for (let i = 0; i < transfer.length; i += 1) {
    const item = transfer[i];
    if (setHas(seen, item))
      throw refusal(`Transfer list contains duplicate ${className(item) === 'ArrayBuffer' ? 'ArrayBuffer' : nameOf(item)}`);
    setAdd(seen, item);
    if (isMarkedAsUntransferable(item)) throw refusal('An object that was marked as untransferable cannot be transferred');
    if (className(item) === 'ArrayBuffer') {
      files[i] = undefined;
      continue;
    }
    const file = transferFile(item);
    if (file === undefined) throw refusal('Found invalid object in transferList');
    transferSteps(file).check(item);
    files[i] = file;
  }
  return files;
}

/** @type {readonly any[]} */
const nothing = [];

/**
 * A message; what `transfer` lists leaves this thread's objects for it.
 * @param {any} value
 * @param {readonly any[]} [transfer]
 * @returns {NativeMessage}
 */
function writeMessage(value, transfer = nothing) {
  if (transfer.length === 0 && !isObject(value)) {
    if (typeof value === 'symbol') throw uncloneable(value);
    return /** @type {NativeMessage} */ (messageWrite(value, undefined));
  }
  const files = transfer.length === 0 ? nothing : checkTransfer(/** @type {any[]} */ (transfer));
  /** @type {MessageRecord[]} */
  const records = [];
  const cloner = new Cloner((instance, serializer) => {
    push(records, { file: serializer.file, data: serializer.serialize(instance), ports: undefined });
    return cloneHole(records.length - 1);
  });
  /** @type {any[]} */
  const buffers = [];
  for (let i = 0; i < files.length; i += 1) {
    const file = files[i];
    if (file === undefined) {
      push(buffers, transfer[i]);
      continue;
    }
    push(records, { file, data: undefined, ports: [] });
    cloner.stand(transfer[i], cloneHole(records.length - 1));
  }
  const message = messageWrite(isObject(value) ? cloner.clone(value, undefined) : value, buffers.length > 0 ? buffers : undefined);
  // An object that the engine does not know, in a list.
  if (className(message) === 'Array') throw uncloneable(/** @type {[any]} */ (message)[0]);
  if (records.length > 0) attach(/** @type {NativeMessage} */ (message), records, files, transfer);
  return /** @type {NativeMessage} */ (message);
}

/**
 * @param {NativeMessage} message
 * @param {MessageRecord[]} records
 * @param {readonly (string | undefined)[]} files
 * @param {readonly any[]} transfer
 */
function attach(message, records, files, transfer) {
  /** @type {NativePort[]} */
  const ports = [];
  let index = 0;
  for (let i = 0; i < files.length; i += 1) {
    const file = files[i];
    if (file === undefined) continue;
    const steps = transferSteps(file);
    // One that went before may have taken it along (a transform stream its ends).
    steps.check(transfer[i]);
    const sent = steps.send(transfer[i]);
    const record = records[index];
    index += 1;
    record.data = sent.data;
    for (let j = 0; j < sent.ports.length; j += 1) push(/** @type {number[]} */ (record.ports), push(ports, sent.ports[j]) - 1);
  }
  const failed = messageAttach(message, records, ports);
  if (failed !== undefined) throw uncloneable(failed[0]);
}

/** Of what was transferred, the instances of the interface in this file, in order. @typedef {{ value: any, ports: any[] }} Received */

/**
 * What a message holds. `ports` are its message ports.
 * @param {NativeMessage} message
 * @returns {Received}
 */
function readMessage(message) {
  const records = messageRecords(message);
  if (records === undefined) return { value: messageRead(message, undefined), ports: [] };
  /** @type {NativePort[]} */
  const native = messagePorts(message);
  /** @type {any[]} */
  const made = [];
  /** @type {any[]} */
  const ports = [];
  for (let i = 0; i < records.length; i += 1) {
    const { file, data, ports: places } = records[i];
    if (places === undefined) {
      push(made, deserialize(file, data));
      continue;
    }
    /** @type {NativePort[]} */
    const own = [];
    for (let j = 0; j < places.length; j += 1) push(own, native[places[j]]);
    const received = transferSteps(file).receive(data, own);
    push(made, received);
    if (file === portFile) push(ports, received);
  }
  return { value: messageRead(message, made), ports };
}

const portFile = 'web/messaging/port';

module.exports = {
  checkTransfer,
  isMarkedAsUntransferable,
  markAsUntransferable,
  readMessage,
  refusal,
  writeMessage,
};
