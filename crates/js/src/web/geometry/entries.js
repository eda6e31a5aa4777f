// The numbers of matrices (https://drafts.fxtf.org/geometry/#DOMMatrix), and what is done with them.
//
// The entries stand as the specification names them, column by column: m11 m12 m13 m14 m21 ... m44. A point is a column, so the matrix that is
// multiplied last is the one that is applied first.
'use strict';

const { arraySlice, cos, is, sin, sqrt, tan, viewName } = require('builtins/primordials');
const { isObject, toDictionary, toNumber, toSequence } = require('builtins/webidl');

/** @param {any} value @param {number} usual */
function numberOr(value, usual) {
  return value === undefined ? usual : toNumber(value);
}

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

/** @param {Matrix} matrix @param {any} x @param {any} y in degrees */
function skew(matrix, x, y) {
  multiply(matrix, flat(1, tan(radians(toNumber(y))), tan(radians(toNumber(x))), 1, 0, 0), true);
}

module.exports = {
  beyond2D,
  entriesOf,
  flat,
  identity,
  invert,
  multiply,
  names,
  numberOr,
  ofArgument,
  ofArray,
  rotate,
  rotateAxisAngle,
  rotateFromVector,
  scale,
  short,
  skew,
  transformed,
  translate,
};
