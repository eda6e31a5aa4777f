// DOMMatrix and DOMMatrixReadOnly, after https://drafts.fxtf.org/geometry/#DOMMatrix.
//
// The entries stand as the specification names them, column by column: m11 m12 m13 m14 m21 ... m44. A point is a column, so the matrix that is
// multiplied last is the one that is applied first.
'use strict';

const {
  arraySlice,
  cos,
  customInspect,
  defineProperty,
  getOwnPropertyDescriptor,
  includes,
  is,
  sin,
  sqrt,
  tan,
} = require('builtins/primordials');
const { defineInterface, defineSerializable, isObject, toDictionary, toNumber, toSequence } = require('builtins/webidl');
const { makePoint, numberOr, placeOf } = require('web/geometry/points');
const { viewName } = require('builtins/primordials');
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {{ entries: number[], is2D: boolean }} Matrix */

const { PI: halfTurn } = Math;
const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
const names = ['m11', 'm12', 'm13', 'm14', 'm21', 'm22', 'm23', 'm24', 'm31', 'm32', 'm33', 'm34', 'm41', 'm42', 'm43', 'm44'];
/** What those of two dimensions are called as well, with their places. @type {[name: string, index: number][]} */
const short = [
  ['a', 0],
  ['b', 1],
  ['c', 4],
  ['d', 5],
  ['e', 12],
  ['f', 13],
];
/** The places of what a matrix of two dimensions has no choice of. */
const beyond2D = [2, 3, 6, 7, 8, 9, 10, 11, 14, 15];

/** @param {number} value */
const radians = (value) => (value * halfTurn) / 180;

/** @param {number} a @param {number} b @param {number} c @param {number} d @param {number} e @param {number} f */
const flat = (a, b, c, d, e, f) => [a, b, 0, 0, c, d, 0, 0, 0, 0, 1, 0, e, f, 0, 1];

/** @param {number} cosine @param {number} sine */
const flatTurn = (cosine, sine) => flat(cosine, sine, -sine, cosine, 0, 0);

/** @param {number[]} entries */
function isFlat(entries) {
  for (let i = 0; i < beyond2D.length; i += 1) if (entries[beyond2D[i]] !== identity[beyond2D[i]]) return false;
  return true;
}

/** What is applied after `right`, which is `left`. @param {number[]} left @param {number[]} right */
function product(left, right) {
  /** @type {number[]} */
  const entries = [];
  for (let column = 0; column < 16; column += 4) {
    for (let row = 0; row < 4; row += 1) {
      entries[column + row] =
        left[row] * right[column] +
        left[4 + row] * right[column + 1] +
        left[8 + row] * right[column + 2] +
        left[12 + row] * right[column + 3];
    }
  }
  return entries;
}

/** The product of matrices of two dimensions: nothing but their six numbers can become NaN. @param {number[]} left @param {number[]} right */
function flatProduct(left, right) {
  return flat(
    left[0] * right[0] + left[4] * right[1],
    left[1] * right[0] + left[5] * right[1],
    left[0] * right[4] + left[4] * right[5],
    left[1] * right[4] + left[5] * right[5],
    left[0] * right[12] + left[4] * right[13] + left[12],
    left[1] * right[12] + left[5] * right[13] + left[13],
  );
}

/** Undefined where there is none. @param {Matrix} matrix @returns {number[] | undefined} */
function inverted({ entries: m, is2D }) {
  if (is2D) {
    const determinant = m[0] * m[5] - m[1] * m[4];
    if (!isUsable(determinant)) return undefined;
    return flat(
      m[5] / determinant,
      -m[1] / determinant,
      -m[4] / determinant,
      m[0] / determinant,
      (m[4] * m[13] - m[5] * m[12]) / determinant,
      (m[1] * m[12] - m[0] * m[13]) / determinant,
    );
  }
  // Minors of the first two columns and of the last two.
  const s0 = m[0] * m[5] - m[4] * m[1];
  const s1 = m[0] * m[6] - m[4] * m[2];
  const s2 = m[0] * m[7] - m[4] * m[3];
  const s3 = m[1] * m[6] - m[5] * m[2];
  const s4 = m[1] * m[7] - m[5] * m[3];
  const s5 = m[2] * m[7] - m[6] * m[3];
  const c5 = m[10] * m[15] - m[14] * m[11];
  const c4 = m[9] * m[15] - m[13] * m[11];
  const c3 = m[9] * m[14] - m[13] * m[10];
  const c2 = m[8] * m[15] - m[12] * m[11];
  const c1 = m[8] * m[14] - m[12] * m[10];
  const c0 = m[8] * m[13] - m[12] * m[9];
  const determinant = s0 * c5 - s1 * c4 + s2 * c3 + s3 * c2 - s4 * c1 + s5 * c0;
  if (!isUsable(determinant)) return undefined;
  const adjugate = [
    m[5] * c5 - m[6] * c4 + m[7] * c3,
    -m[1] * c5 + m[2] * c4 - m[3] * c3,
    m[13] * s5 - m[14] * s4 + m[15] * s3,
    -m[9] * s5 + m[10] * s4 - m[11] * s3,
    -m[4] * c5 + m[6] * c2 - m[7] * c1,
    m[0] * c5 - m[2] * c2 + m[3] * c1,
    -m[12] * s5 + m[14] * s2 - m[15] * s1,
    m[8] * s5 - m[10] * s2 + m[11] * s1,
    m[4] * c4 - m[5] * c2 + m[7] * c0,
    -m[0] * c4 + m[1] * c2 - m[3] * c0,
    m[12] * s4 - m[13] * s2 + m[15] * s0,
    -m[8] * s4 + m[9] * s2 - m[11] * s0,
    -m[4] * c3 + m[5] * c1 - m[6] * c0,
    m[0] * c3 - m[1] * c1 + m[2] * c0,
    -m[12] * s3 + m[13] * s1 - m[14] * s0,
    m[8] * s3 - m[9] * s1 + m[10] * s0,
  ];
  for (let i = 0; i < 16; i += 1) adjugate[i] /= determinant;
  return adjugate;
}

/** @param {number} determinant */
const isUsable = (determinant) => determinant !== 0 && determinant - determinant === 0;

/** A point as a matrix moves it. @param {number[]} m @param {{ x: number, y: number, z: number, w: number }} place */
function transformed(m, { x, y, z, w }) {
  return {
    x: m[0] * x + m[4] * y + m[8] * z + m[12] * w,
    y: m[1] * x + m[5] * y + m[9] * z + m[13] * w,
    z: m[2] * x + m[6] * y + m[10] * z + m[14] * w,
    w: m[3] * x + m[7] * y + m[11] * z + m[15] * w,
  };
}

/** A turn around an axis through the origin. @param {number} x @param {number} y @param {number} z @param {number} degrees */
function turn(x, y, z, degrees) {
  const length = sqrt(x * x + y * y + z * z);
  if (length === 0) return arraySlice(identity);
  const [u, v, w] = [x / length, y / length, z / length];
  const half = radians(degrees) / 2;
  const sc = sin(half) * cos(half);
  const sq = sin(half) * sin(half);
  return [
    1 - 2 * (v * v + w * w) * sq,
    2 * (u * v * sq + w * sc),
    2 * (u * w * sq - v * sc),
    0,
    2 * (u * v * sq - w * sc),
    1 - 2 * (u * u + w * w) * sq,
    2 * (v * w * sq + u * sc),
    0,
    2 * (u * w * sq + v * sc),
    2 * (v * w * sq - u * sc),
    1 - 2 * (u * u + v * v) * sq,
    0,
    0,
    0,
    0,
    1,
  ];
}

/** A dictionary DOMMatrixInit, validated and fixed up (https://drafts.fxtf.org/geometry/#matrix-validate-and-fixup). @param {any} init @param {string} what @returns {Matrix} */
function entriesOf(init, what) {
  const given = toDictionary(init, what);
  const entries = arraySlice(identity);
  for (let i = 0; i < short.length; i += 1) {
    const [name, index] = short[i];
    const { [name]: alias, [names[index]]: entry } = given;
    if (alias === undefined && entry === undefined) continue;
    const number = toNumber(entry ?? alias);
    if (alias !== undefined && entry !== undefined) {
      const other = toNumber(alias);
      // SameValueZero.
      if (number !== other && !is(number, other)) throw new TypeError(`${what}: ${name} and ${names[index]} are not the same`);
    }
    entries[index] = number;
  }
  for (let i = 0; i < beyond2D.length; i += 1) {
    const index = beyond2D[i];
    entries[index] = numberOr(given[names[index]], identity[index]);
  }
  const { is2D } = given;
  const looksFlat = isFlat(entries);
  if (is2D && !looksFlat) throw new TypeError(`${what}: is2D is true of a matrix of three dimensions`);
  return { entries, is2D: is2D === undefined ? looksFlat : !!is2D };
}

/** @param {number[]} list @param {string} what @returns {Matrix} */
function ofNumbers(list, what) {
  if (list.length === 6) return { entries: flat(list[0], list[1], list[2], list[3], list[4], list[5]), is2D: true };
  if (list.length === 16) return { entries: list, is2D: false };
  throw new TypeError(`${what}: a matrix has 6 or 16 numbers, not ${list.length}`);
}

/** @param {any} init @param {string} name @returns {Matrix} */
function ofArgument(init, name) {
  if (init === undefined) return { entries: arraySlice(identity), is2D: true };
  if (isObject(init) && typeof init[Symbol.iterator] === 'function') return ofNumbers(toSequence(init, name, toNumber), name);
  // A text is read in windows alone.
  throw new TypeError(`${name}: the argument must be a sequence of numbers, as there is no window`);
}

/** @param {any} array @param {string} kind @param {string} what @returns {Matrix} */
function ofArray(array, kind, what) {
  if (viewName(array) !== kind) throw new TypeError(`${what}: the argument must be a ${kind}`);
  return ofNumbers(arraySlice(array), what);
}

/** @param {Matrix} matrix @param {number[]} other @param {boolean} is2D whether that is of two dimensions */
function multiply(matrix, other, is2D) {
  matrix.entries = matrix.is2D && is2D ? flatProduct(matrix.entries, other) : product(matrix.entries, other);
  matrix.is2D = matrix.is2D && is2D;
}

/** @param {Matrix} matrix @param {any} tx @param {any} ty @param {any} tz */
function translate(matrix, tx, ty, tz) {
  const [x, y, z] = [numberOr(tx, 0), numberOr(ty, 0), numberOr(tz, 0)];
  const moved = flat(1, 0, 0, 1, x, y);
  moved[14] = z;
  multiply(matrix, moved, z === 0);
}

/** @param {Matrix} matrix @param {number[]} factors @param {any[]} origin */
function scale(matrix, factors, origin) {
  const [x, y, z] = [numberOr(origin[0], 0), numberOr(origin[1], 0), numberOr(origin[2], 0)];
  translate(matrix, x, y, z);
  const scaled = flat(factors[0], 0, 0, factors[1], 0, 0);
  scaled[10] = factors[2];
  multiply(matrix, scaled, factors[2] === 1);
  translate(matrix, -x, -y, -z);
}

/** @param {Matrix} matrix @param {any} rotX @param {any} rotY @param {any} rotZ */
function rotate(matrix, rotX, rotY, rotZ) {
  let [x, y, z] = [numberOr(rotX, 0), numberOr(rotY, 0), numberOr(rotZ, 0)];
  if (rotY === undefined && rotZ === undefined) [x, y, z] = [0, 0, x];
  multiply(matrix, flatTurn(cos(radians(z)), sin(radians(z))), true);
  if (y !== 0) multiply(matrix, turn(0, 1, 0, y), false);
  if (x !== 0) multiply(matrix, turn(1, 0, 0, x), false);
}

/** @param {Matrix} matrix */
function invert(matrix) {
  const entries = inverted(matrix);
  if (entries !== undefined) {
    matrix.entries = entries;
    return;
  }
  for (let i = 0; i < 16; i += 1) matrix.entries[i] = Number.NaN;
  matrix.is2D = false;
}

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
    return changed(this, (matrix) => multiply(matrix, flat(1, 0, tan(radians(toNumber(degrees))), 1, 0, 0), true));
  }

  /** @param {any} [degrees] */
  skewY(degrees = 0) {
    return changed(this, (matrix) => multiply(matrix, flat(1, tan(radians(toNumber(degrees))), 0, 1, 0, 0), true));
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
    multiply(matrixIn(this), flat(1, 0, tan(radians(toNumber(degrees))), 1, 0, 0), true);
    return this;
  }

  /** @param {any} [degrees] */
  skewYSelf(degrees = 0) {
    multiply(matrixIn(this), flat(1, tan(radians(toNumber(degrees))), 0, 1, 0, 0), true);
    return this;
  }

  invertSelf() {
    invert(matrixIn(this));
    return this;
  }
}

/** @param {Matrix} matrix @param {any} x @param {any} y */
function rotateFromVector(matrix, x, y) {
  const [u, v] = [toNumber(x), toNumber(y)];
  const length = sqrt(u * u + v * v);
  if (length !== 0) multiply(matrix, flatTurn(u / length, v / length), true);
}

/** @param {Matrix} matrix @param {any} x @param {any} y @param {any} z @param {any} angle */
function rotateAxisAngle(matrix, x, y, z, angle) {
  const [u, v, w] = [toNumber(x), toNumber(y), toNumber(z)];
  multiply(matrix, turn(u, v, w, toNumber(angle)), u === 0 && v === 0);
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

module.exports = { DOMMatrix, DOMMatrixReadOnly, entriesOf, transformed };
