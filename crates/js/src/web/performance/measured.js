// What modules measure (`dns`, `http`, `http2`, `net`) while somebody observes entries of that type; without observers it costs one look.
'use strict';

const { monotonicNow } = ops;

/** What observers are told by, once there is a `PerformanceObserver`. @type {{ observes: (type: string) => boolean, tell: Function } | undefined} */
let observers;

/** @param {{ observes: (type: string) => boolean, tell: Function }} given */
function useObservers(given) {
  observers = given;
}

/** When it began; undefined when nobody wants to know. @param {string} type */
function beginMeasure(type) {
  return observers?.observes(type) ? monotonicNow() : undefined;
}

/** @param {string} type @param {string} name @param {number} start @param {any} detail */
function endMeasure(type, name, start, detail) {
  observers?.tell(name, type, start, monotonicNow() - start, detail);
}

module.exports = { beginMeasure, endMeasure, useObservers };
