// DOMPoint and DOMPointReadOnly, after https://drafts.fxtf.org/geometry/#DOMPoint.
'use strict';

const { customInspect } = require('builtins/primordials');
const { defineInterface, defineSerializable, toDictionary, toNumber } = require('builtins/webidl');
const { entriesOf, numberOr, transformed } = require('web/geometry/entries');
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {{ x: number, y: number, z: number, w: number }} Place */

/** A dictionary DOMPointInit. @param {any} init @param {string} what @returns {Place} */
function placeOf(init, what) {
  const { w, x, y, z } = toDictionary(init, what);
  return { x: numberOr(x, 0), y: numberOr(y, 0), z: numberOr(z, 0), w: numberOr(w, 1) };
}

/** @type {(point: any) => Place} */
let placeIn;
/** @type {(value: any) => boolean} */
let isPoint;

class DOMPointReadOnly {
  /** @type {Place} */
  #place;

  /** @param {any} [x] @param {any} [y] @param {any} [z] @param {any} [w] */
  constructor(x = 0, y = 0, z = 0, w = 1) {
    this.#place = { x: toNumber(x), y: toNumber(y), z: toNumber(z), w: toNumber(w) };
  }

  /** @param {any} [other] */
  static fromPoint(other = undefined) {
    const { x, y, z, w } = placeOf(other, 'DOMPointReadOnly.fromPoint');
    return new DOMPointReadOnly(x, y, z, w);
  }

  get x() {
    return this.#place.x;
  }

  get y() {
    return this.#place.y;
  }

  get z() {
    return this.#place.z;
  }

  get w() {
    return this.#place.w;
  }

  /** @param {any} [matrix] */
  matrixTransform(matrix = undefined) {
    const place = this.#place;
    return makePoint(transformed(entriesOf(matrix, 'matrixTransform').entries, place));
  }

  toJSON() {
    const { x, y, z, w } = this.#place;
    return { x, y, z, w };
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers(this.constructor.name, this.toJSON(), depth, options);
  }

  static {
    placeIn = (point) => point.#place;
    isPoint = (value) => typeof value === 'object' && value !== null && #place in value;
  }
}

class DOMPoint extends DOMPointReadOnly {
  /** @param {any} [other] */
  static fromPoint(other = undefined) {
    return makePoint(placeOf(other, 'DOMPoint.fromPoint'));
  }

  get x() {
    return placeIn(this).x;
  }

  set x(value) {
    placeIn(this).x = toNumber(value);
  }

  get y() {
    return placeIn(this).y;
  }

  set y(value) {
    placeIn(this).y = toNumber(value);
  }

  get z() {
    return placeIn(this).z;
  }

  set z(value) {
    placeIn(this).z = toNumber(value);
  }

  get w() {
    return placeIn(this).w;
  }

  set w(value) {
    placeIn(this).w = toNumber(value);
  }
}

/** @param {Place} place */
function makePoint({ x, y, z, w }) {
  return new DOMPoint(x, y, z, w);
}

defineInterface(DOMPointReadOnly);
defineInterface(DOMPoint);
defineSerializable(
  'web/geometry/points',
  isPoint,
  (point) => ({ ...placeIn(point), isReadOnly: !(point instanceof DOMPoint) }),
  ({ x, y, z, w, isReadOnly }) => (isReadOnly ? new DOMPointReadOnly(x, y, z, w) : new DOMPoint(x, y, z, w)),
  DOMPointReadOnly,
);

module.exports = { DOMPoint, DOMPointReadOnly, makePoint, placeOf };
