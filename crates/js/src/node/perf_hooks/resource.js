// PerformanceResourceTiming (https://w3c.github.io/resource-timing/#resources-included-in-the-performanceresourcetiming-interface): entries that
// `performance.markResourceTiming` makes, as fetch libraries for Node do.
'use strict';

const { PerformanceEntry, permission } = require('web/performance/performance');
const { defineInterface } = require('builtins/webidl');

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
}

/** @param {string} url @param {string} initiator @param {any} timing @param {any} more */
const makeResourceTiming = (url, initiator, timing, more) => new PerformanceResourceTiming(permission, url, initiator, timing, more);

defineInterface(PerformanceResourceTiming);

module.exports = { PerformanceResourceTiming, makeResourceTiming };
