// DOMMatrix and DOMMatrixReadOnly, after https://drafts.fxtf.org/geometry/#DOMMatrix.
'use strict';

const { arraySlice, customInspect, defineProperty, getOwnPropertyDescriptor, includes } = require('builtins/primordials');
const { defineInterface, defineSerializable, toNumber } = require('builtins/webidl');
const { beyond2D, entriesOf, flat, identity, invert, multiply, names, numberOr, ofArgument, ofArray } = require('web/geometry/entries');
const { rotate, rotateAxisAngle, rotateFromVector, scale, short, skew, transformed, translate } = require('web/geometry/entries');
const { makePoint, placeOf } = require('web/geometry/points');
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {import('./entries.js').Matrix} Matrix */

/** @type {(matrix: any) => Matrix} */
let matrixIn;
/** @type {(value: any) => boolean} */
let isMatrix;

class DOMMatrixReadOnly {
  /** @type {Matrix} */
  #matrix;

  /** @param {any} [init] */
  constructor(init = undefined) {
    this.#matrix = isMade(init) ? init : ofArgument(init, 'DOMMatrix');
  }

  /** @param {any} [other] */
  static fromMatrix(other = undefined) {
    return new DOMMatrixReadOnly(made(entriesOf(other, 'DOMMatrixReadOnly.fromMatrix')));
  }

  /** @param {any} array */
  static fromFloat32Array(array) {
    return new DOMMatrixReadOnly(made(ofArray(array, 'Float32Array', 'DOMMatrixReadOnly.fromFloat32Array')));
  }

  /** @param {any} array */
  static fromFloat64Array(array) {
    return new DOMMatrixReadOnly(made(ofArray(array, 'Float64Array', 'DOMMatrixReadOnly.fromFloat64Array')));
  }

  get is2D() {
    return this.#matrix.is2D;
  }

  get isIdentity() {
    const { entries } = this.#matrix;
    for (let i = 0; i < 16; i += 1) if (entries[i] !== identity[i]) return false;
    return true;
  }

  /** @param {any} [tx] @param {any} [ty] @param {any} [tz] */
  translate(tx = 0, ty = 0, tz = 0) {
    return changed(this, (matrix) => translate(matrix, tx, ty, tz));
  }

  /** @param {any} [x] @param {any} [y] @param {any} [z] @param {any[]} origin */
  scale(x = 1, y = undefined, z = 1, ...origin) {
    return changed(this, (matrix) => scale(matrix, [toNumber(x), numberOr(y, toNumber(x)), toNumber(z)], origin));
  }

  /** @param {any} [x] @param {any} [y] */
  scaleNonUniform(x = 1, y = 1) {
    return changed(this, (matrix) => scale(matrix, [toNumber(x), toNumber(y), 1], []));
  }

  /** @param {any} [factor] @param {any[]} origin */
  scale3d(factor = 1, ...origin) {
    const number = toNumber(factor);
    return changed(this, (matrix) => scale(matrix, [number, number, number], origin));
  }

  /** @param {any} [x] @param {any} [y] @param {any} [z] */
  rotate(x = 0, y = undefined, z = undefined) {
    return changed(this, (matrix) => rotate(matrix, x, y, z));
  }

  /** @param {any} [x] @param {any} [y] */
  rotateFromVector(x = 0, y = 0) {
    return changed(this, (matrix) => rotateFromVector(matrix, x, y));
  }

  /** @param {any} [x] @param {any} [y] @param {any} [z] @param {any} [angle] */
  rotateAxisAngle(x = 0, y = 0, z = 0, angle = 0) {
    return changed(this, (matrix) => rotateAxisAngle(matrix, x, y, z, angle));
  }

  /** @param {any} [degrees] */
  skewX(degrees = 0) {
    return changed(this, (matrix) => skew(matrix, degrees, 0));
  }

  /** @param {any} [degrees] */
  skewY(degrees = 0) {
    return changed(this, (matrix) => skew(matrix, 0, degrees));
  }

  /** @param {any} [other] */
  multiply(other = undefined) {
    const { entries, is2D } = entriesOf(other, 'multiply');
    return changed(this, (matrix) => multiply(matrix, entries, is2D));
  }

  flipX() {
    return changed(this, (matrix) => multiply(matrix, flat(-1, 0, 0, 1, 0, 0), true));
  }

  flipY() {
    return changed(this, (matrix) => multiply(matrix, flat(1, 0, 0, -1, 0, 0), true));
  }

  inverse() {
    return changed(this, invert);
  }

  /** @param {any} [point] */
  transformPoint(point = undefined) {
    const { entries } = this.#matrix;
    return makePoint(transformed(entries, placeOf(point, 'transformPoint')));
  }

  toFloat32Array() {
    return new Float32Array(this.#matrix.entries);
  }

  toFloat64Array() {
    return new Float64Array(this.#matrix.entries);
  }

  toJSON() {
    const { entries, is2D } = this.#matrix;
    /** @type {Record<string, any>} */
    const members = {};
    for (let i = 0; i < short.length; i += 1) members[short[i][0]] = entries[short[i][1]];
    for (let i = 0; i < names.length; i += 1) members[names[i]] = entries[i];
    members.is2D = is2D;
    members.isIdentity = this.isIdentity;
    return members;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers(this.constructor.name, this.toJSON(), depth, options);
  }

  static {
    matrixIn = (matrix) => matrix.#matrix;
    isMatrix = (value) => typeof value === 'object' && value !== null && #matrix in value;
  }
}

class DOMMatrix extends DOMMatrixReadOnly {
  /** @param {any} [other] */
  static fromMatrix(other = undefined) {
    return new DOMMatrix(made(entriesOf(other, 'DOMMatrix.fromMatrix')));
  }

  /** @param {any} array */
  static fromFloat32Array(array) {
    return new DOMMatrix(made(ofArray(array, 'Float32Array', 'DOMMatrix.fromFloat32Array')));
  }

  /** @param {any} array */
  static fromFloat64Array(array) {
    return new DOMMatrix(made(ofArray(array, 'Float64Array', 'DOMMatrix.fromFloat64Array')));
  }

  /** @param {any} [other] */
  multiplySelf(other = undefined) {
    const { entries, is2D } = entriesOf(other, 'multiplySelf');
    multiply(matrixIn(this), entries, is2D);
    return this;
  }

  /** @param {any} [other] */
  preMultiplySelf(other = undefined) {
    const first = entriesOf(other, 'preMultiplySelf');
    const own = matrixIn(this);
    multiply(first, own.entries, own.is2D);
    own.entries = first.entries;
    own.is2D = first.is2D;
    return this;
  }

  /** @param {any} [tx] @param {any} [ty] @param {any} [tz] */
  translateSelf(tx = 0, ty = 0, tz = 0) {
    translate(matrixIn(this), tx, ty, tz);
    return this;
  }

  /** @param {any} [x] @param {any} [y] @param {any} [z] @param {any[]} origin */
  scaleSelf(x = 1, y = undefined, z = 1, ...origin) {
    scale(matrixIn(this), [toNumber(x), numberOr(y, toNumber(x)), toNumber(z)], origin);
    return this;
  }

  /** @param {any} [factor] @param {any[]} origin */
  scale3dSelf(factor = 1, ...origin) {
    const number = toNumber(factor);
    scale(matrixIn(this), [number, number, number], origin);
    return this;
  }

  /** @param {any} [x] @param {any} [y] @param {any} [z] */
  rotateSelf(x = 0, y = undefined, z = undefined) {
    rotate(matrixIn(this), x, y, z);
    return this;
  }

  /** @param {any} [x] @param {any} [y] */
  rotateFromVectorSelf(x = 0, y = 0) {
    rotateFromVector(matrixIn(this), x, y);
    return this;
  }

  /** @param {any} [x] @param {any} [y] @param {any} [z] @param {any} [angle] */
  rotateAxisAngleSelf(x = 0, y = 0, z = 0, angle = 0) {
    rotateAxisAngle(matrixIn(this), x, y, z, angle);
    return this;
  }

  /** @param {any} [degrees] */
  skewXSelf(degrees = 0) {
    skew(matrixIn(this), degrees, 0);
    return this;
  }

  /** @param {any} [degrees] */
  skewYSelf(degrees = 0) {
    skew(matrixIn(this), 0, degrees);
    return this;
  }

  invertSelf() {
    invert(matrixIn(this));
    return this;
  }
}

/** What constructors are given that is a matrix already. @type {Matrix | undefined} */
let ready;

/** @param {Matrix} matrix */
function made(matrix) {
  ready = matrix;
  return matrix;
}

/** @param {any} init @returns {init is Matrix} */
function isMade(init) {
  const is = ready !== undefined && init === ready;
  ready = undefined;
  return is;
}

/** A matrix that is another one's copy, and then this. @param {any} object @param {(matrix: Matrix) => void} change */
function changed(object, change) {
  const { entries, is2D } = matrixIn(object);
  const matrix = { entries: arraySlice(entries), is2D };
  change(matrix);
  return new DOMMatrix(made(matrix));
}

/** @param {string} name @param {number} index */
function defineEntry(name, index) {
  const isOf2D = !includes(beyond2D, index);
  const readOnly = {
    /** @returns {number} */
    get [name]() {
      return matrixIn(this).entries[index];
    },
  };
  const both = {
    /** @returns {number} */
    get [name]() {
      return matrixIn(this).entries[index];
    },
    /** @param {any} value */
    set [name](value) {
      const matrix = matrixIn(this);
      const number = toNumber(value);
      if (!isOf2D && number !== identity[index]) matrix.is2D = false;
      matrix.entries[index] = number;
    },
  };
  const describe = (/** @type {any} */ holder) => ({ .../** @type {any} */ (getOwnPropertyDescriptor(holder, name)), enumerable: true });
  defineProperty(DOMMatrixReadOnly.prototype, name, describe(readOnly));
  defineProperty(DOMMatrix.prototype, name, describe(both));
}
for (let i = 0; i < short.length; i += 1) defineEntry(short[i][0], short[i][1]);
for (let i = 0; i < names.length; i += 1) defineEntry(names[i], i);

defineInterface(DOMMatrixReadOnly);
defineInterface(DOMMatrix);
defineSerializable(
  'web/geometry/matrices',
  isMatrix,
  (matrix) => ({ entries: arraySlice(matrixIn(matrix).entries), is2D: matrixIn(matrix).is2D, isReadOnly: !(matrix instanceof DOMMatrix) }),
  ({ entries, is2D, isReadOnly }) => {
    const matrix = made({ entries, is2D });
    return isReadOnly ? new DOMMatrixReadOnly(matrix) : new DOMMatrix(matrix);
  },
  DOMMatrixReadOnly,
);

module.exports = { DOMMatrix, DOMMatrixReadOnly };
