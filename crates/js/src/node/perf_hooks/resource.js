// PerformanceResourceTiming (https://w3c.github.io/resource-timing/#resources-included-in-the-performanceresourcetiming-interface): entries that
// `performance.markResourceTiming` makes, as fetch libraries for Node do, and the buffer that they are kept in
// (https://w3c.github.io/resource-timing/#sec-extensions-performance-interface). BOUNDED: by its size, which the program sets.
'use strict';

const { PerformanceEntry, performance, permission, resources } = require('web/performance/performance');
const { enqueue } = require('web/performance/observer');
const { Event } = require('web/events/events');
const { setImmediate } = require('web/html/timers');
const { defineInterface } = require('builtins/webidl');
const { customInspect, isInteger, push } = require('builtins/primordials');
const loadInspect = () => require('builtins/inspect/inspect');

// What `toJSON` gives, as the default steps of the interface have it: its attributes with those of its parent before them.
const attributes = [
  'name',
  'entryType',
  'startTime',
  'duration',
  'initiatorType',
  'nextHopProtocol',
  'workerStart',
  'redirectStart',
  'redirectEnd',
  'fetchStart',
  'domainLookupStart',
  'domainLookupEnd',
  'connectStart',
  'connectEnd',
  'secureConnectionStart',
  'requestStart',
  'responseStart',
  'responseEnd',
  'transferSize',
  'encodedBodySize',
  'decodedBodySize',
  'deliveryType',
  'responseStatus',
];

class PerformanceResourceTiming extends PerformanceEntry {
  #initiator;
  /** @type {any} */
  #timing;
  /** @type {any} */
  #more;
  /** @param {symbol} key @param {string} url @param {string} initiator @param {any} timing @param {any} more */
  constructor(key, url, initiator, timing, more) {
    const start = timing?.startTime ?? 0;
    super(key, `${url}`, 'resource', start, (timing?.endTime ?? start) - start);
    this.#initiator = initiator;
    this.#timing = timing ?? {};
    this.#more = more;
  }
  get initiatorType() {
    return this.#initiator;
  }
  get workerStart() {
    return this.#timing.finalServiceWorkerStartTime;
  }
  get redirectStart() {
    return this.#timing.redirectStartTime;
  }
  get redirectEnd() {
    return this.#timing.redirectEndTime;
  }
  get fetchStart() {
    return this.#timing.postRedirectStartTime;
  }
  get domainLookupStart() {
    return this.#timing.finalConnectionTimingInfo?.domainLookupStartTime;
  }
  get domainLookupEnd() {
    return this.#timing.finalConnectionTimingInfo?.domainLookupEndTime;
  }
  get connectStart() {
    return this.#timing.finalConnectionTimingInfo?.connectionStartTime;
  }
  get connectEnd() {
    return this.#timing.finalConnectionTimingInfo?.connectionEndTime;
  }
  get secureConnectionStart() {
    return this.#timing.finalConnectionTimingInfo?.secureConnectionStartTime;
  }
  get nextHopProtocol() {
    return this.#timing.finalConnectionTimingInfo?.ALPNNegotiatedProtocol;
  }
  get requestStart() {
    return this.#timing.finalNetworkRequestStartTime;
  }
  get responseStart() {
    return this.#timing.finalNetworkResponseStartTime;
  }
  get responseEnd() {
    return this.#timing.endTime;
  }
  get encodedBodySize() {
    return this.#timing.encodedBodySize;
  }
  get decodedBodySize() {
    return this.#timing.decodedBodySize;
  }
  get transferSize() {
    if (this.#more.cacheMode === 'local') return 0;
    if (this.#more.cacheMode === 'validated') return 300;
    return this.#timing.encodedBodySize + 300;
  }
  get deliveryType() {
    return this.#more.deliveryType;
  }
  get responseStatus() {
    return this.#more.status;
  }
  toJSON() {
    /** @type {any} */
    const json = {};
    for (let index = 0; index < attributes.length; index += 1) json[attributes[index]] = /** @type {any} */ (this)[attributes[index]];
    return json;
  }
  /** @this {any} @param {number} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('PerformanceResourceTiming', this.toJSON(), depth, options);
  }
}

defineInterface(PerformanceResourceTiming);

let size = 250;
/** Entries for which there was no room, until the program was told so. @type {any[]} */
let waiting = [];
let isFull = false;

/**
 * @param {any} timing @param {string} url @param {string} initiator @param {any} [_global] @param {any} [cacheMode] @param {any} [_bodyInfo] @param {any} [status]
 * @param {any} [deliveryType]
 */
function markResourceTiming(timing, url, initiator, _global, cacheMode, _bodyInfo, status, deliveryType = '') {
  const entry = new PerformanceResourceTiming(permission, url, initiator, timing, { cacheMode, status, deliveryType });
  enqueue(entry);
  keep(entry);
  return entry;
}

/** https://w3c.github.io/resource-timing/#dfn-add-a-performanceresourcetiming-entry @param {any} entry */
function keep(entry) {
  if (resources.entries.length < size && !isFull) {
    push(resources.entries, entry);
    return;
  }
  if (!isFull) {
    isFull = true;
    setImmediate(tellFull);
  }
  push(waiting, entry);
}

/** https://w3c.github.io/resource-timing/#dfn-fire-a-buffer-full-event */
function tellFull() {
  while (waiting.length > 0) {
    const before = waiting.length;
    if (resources.entries.length >= size) performance.dispatchEvent(new Event('resourcetimingbufferfull'));
    const left = waiting;
    waiting = [];
    for (let index = 0; index < left.length; index += 1) push(resources.entries.length < size ? resources.entries : waiting, left[index]);
    // Nobody made room.
    if (waiting.length >= before) waiting = [];
  }
  isFull = false;
}

function clearResourceTimings() {
  resources.entries = [];
}

/** @param {any} wanted */
function setResourceTimingBufferSize(wanted) {
  size = isInteger(wanted) && wanted > 0 ? wanted : 0;
}

module.exports = { PerformanceResourceTiming, clearResourceTimings, markResourceTiming, setResourceTimingBufferSize };
