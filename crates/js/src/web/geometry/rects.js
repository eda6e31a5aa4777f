// DOMRect and DOMRectReadOnly, after https://drafts.fxtf.org/geometry/#DOMRect.
'use strict';

const { customInspect, max, min } = require('builtins/primordials');
const { defineInterface, defineSerializable, toDictionary, toNumber } = require('builtins/webidl');
const { numberOr } = require('web/geometry/entries');
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/** A dictionary DOMRectInit. @param {any} init @param {string} what @returns {Box} */
function boxOf(init, what) {
  const { height, width, x, y } = toDictionary(init, what);
  return { x: numberOr(x, 0), y: numberOr(y, 0), width: numberOr(width, 0), height: numberOr(height, 0) };
}

/** @type {(rect: any) => Box} */
let boxIn;
/** @type {(value: any) => boolean} */
let isRect;

class DOMRectReadOnly {
  /** @type {Box} */
  #box;

  /** @param {any} [x] @param {any} [y] @param {any} [width] @param {any} [height] */
  constructor(x = 0, y = 0, width = 0, height = 0) {
    this.#box = { x: toNumber(x), y: toNumber(y), width: toNumber(width), height: toNumber(height) };
  }

  /** @param {any} [other] */
  static fromRect(other = undefined) {
    const { x, y, width, height } = boxOf(other, 'DOMRectReadOnly.fromRect');
    return new DOMRectReadOnly(x, y, width, height);
  }

  get x() {
    return this.#box.x;
  }

  get y() {
    return this.#box.y;
  }

  get width() {
    return this.#box.width;
  }

  get height() {
    return this.#box.height;
  }

  get top() {
    const { y, height } = this.#box;
    return min(y, y + height);
  }

  get right() {
    const { x, width } = this.#box;
    return max(x, x + width);
  }

  get bottom() {
    const { y, height } = this.#box;
    return max(y, y + height);
  }

  get left() {
    const { x, width } = this.#box;
    return min(x, x + width);
  }

  toJSON() {
    const { x, y, width, height, top, right, bottom, left } = this;
    return { x, y, width, height, top, right, bottom, left };
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers(this.constructor.name, this.toJSON(), depth, options);
  }

  static {
    boxIn = (rect) => rect.#box;
    isRect = (value) => typeof value === 'object' && value !== null && #box in value;
  }
}

class DOMRect extends DOMRectReadOnly {
  /** @param {any} [other] */
  static fromRect(other = undefined) {
    return makeRect(boxOf(other, 'DOMRect.fromRect'));
  }

  get x() {
    return boxIn(this).x;
  }

  set x(value) {
    boxIn(this).x = toNumber(value);
  }

  get y() {
    return boxIn(this).y;
  }

  set y(value) {
    boxIn(this).y = toNumber(value);
  }

  get width() {
    return boxIn(this).width;
  }

  set width(value) {
    boxIn(this).width = toNumber(value);
  }

  get height() {
    return boxIn(this).height;
  }

  set height(value) {
    boxIn(this).height = toNumber(value);
  }
}

/** @param {Box} box */
function makeRect({ x, y, width, height }) {
  return new DOMRect(x, y, width, height);
}

defineInterface(DOMRectReadOnly);
defineInterface(DOMRect);
defineSerializable(
  'web/geometry/rects',
  isRect,
  (rect) => ({ ...boxIn(rect), isReadOnly: !(rect instanceof DOMRect) }),
  ({ x, y, width, height, isReadOnly }) => (isReadOnly ? new DOMRectReadOnly(x, y, width, height) : new DOMRect(x, y, width, height)),
  DOMRectReadOnly,
);

module.exports = { boxOf, DOMRect, DOMRectReadOnly, makeRect };
