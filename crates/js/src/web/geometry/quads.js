// DOMQuad, after https://drafts.fxtf.org/geometry/#DOMQuad.
'use strict';

const { customInspect, max, min } = require('builtins/primordials');
const { defineInterface, defineSerializable, toDictionary } = require('builtins/webidl');
const { makePoint, placeOf } = require('web/geometry/points');
const { boxOf, makeRect } = require('web/geometry/rects');
const loadInspect = () => require('builtins/inspect/inspect');

/** @type {(quad: any) => any[]} */
let cornersOf;
/** @type {(value: any) => boolean} */
let isQuad;

class DOMQuad {
  /** Points that the program may move. @type {any[]} */
  #corners;

  /** @param {any} [p1] @param {any} [p2] @param {any} [p3] @param {any} [p4] */
  constructor(p1 = undefined, p2 = undefined, p3 = undefined, p4 = undefined) {
    const corner = (/** @type {any} */ init) => makePoint(placeOf(init, 'DOMQuad'));
    this.#corners = [corner(p1), corner(p2), corner(p3), corner(p4)];
  }

  /** @param {any} [other] */
  static fromRect(other = undefined) {
    const { x, y, width, height } = boxOf(other, 'DOMQuad.fromRect');
    const [right, bottom] = [x + width, y + height];
    return new DOMQuad({ x, y }, { x: right, y }, { x: right, y: bottom }, { x, y: bottom });
  }

  /** @param {any} [other] */
  static fromQuad(other = undefined) {
    const { p1, p2, p3, p4 } = toDictionary(other, 'DOMQuad.fromQuad');
    return new DOMQuad(p1, p2, p3, p4);
  }

  get p1() {
    return this.#corners[0];
  }

  get p2() {
    return this.#corners[1];
  }

  get p3() {
    return this.#corners[2];
  }

  get p4() {
    return this.#corners[3];
  }

  getBounds() {
    const [p1, p2, p3, p4] = this.#corners;
    const [left, top] = [min(p1.x, p2.x, p3.x, p4.x), min(p1.y, p2.y, p3.y, p4.y)];
    const [right, bottom] = [max(p1.x, p2.x, p3.x, p4.x), max(p1.y, p2.y, p3.y, p4.y)];
    return makeRect({ x: left, y: top, width: right - left, height: bottom - top });
  }

  toJSON() {
    const [p1, p2, p3, p4] = this.#corners;
    return { p1, p2, p3, p4 };
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers(this.constructor.name, this.toJSON(), depth, options);
  }

  static {
    cornersOf = (quad) => quad.#corners;
    isQuad = (value) => typeof value === 'object' && value !== null && #corners in value;
  }
}

defineInterface(DOMQuad);
defineSerializable(
  'web/geometry/quads',
  isQuad,
  (quad) => {
    const [p1, p2, p3, p4] = cornersOf(quad);
    return { p1: p1.toJSON(), p2: p2.toJSON(), p3: p3.toJSON(), p4: p4.toJSON() };
  },
  ({ p1, p2, p3, p4 }) => new DOMQuad(p1, p2, p3, p4),
  DOMQuad,
);

module.exports = { DOMQuad };
