// DOMPoint, DOMRect, DOMQuad and DOMMatrix (https://drafts.fxtf.org/geometry/), which Node does not have.
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

const isHere = typeof DOMMatrix !== 'undefined';
const six = ({ a, b, c, d, e, f }) => [a, b, c, d, e, f];
const near = (left, right) => {
  equal(left.length, right.length);
  for (const [index, value] of left.entries()) ok(Math.abs(value - right[index]) < 1e-12, `${left} is not ${right}`);
};

if (isHere) {
  test('points have places and move', () => {
    const point = DOMPoint.fromPoint({ x: 1, y: 2 });
    deepEqual(point.toJSON(), { x: 1, y: 2, z: 0, w: 1 });
    point.z = '3';
    equal(point.z, 3);
    const fixed = new DOMPointReadOnly(1);
    throws(() => {
      fixed.x = 5;
    }, TypeError);
    ok(point instanceof DOMPointReadOnly && !(fixed instanceof DOMPoint));
    const moved = fixed.matrixTransform({ a: 2, d: 2, e: 10 });
    ok(moved instanceof DOMPoint);
    deepEqual([moved.x, moved.y], [12, 0]);
    throws(() => new DOMPoint(1n), TypeError);
    throws(() => DOMPointReadOnly.prototype.x, TypeError);
  });

  test('rectangles have edges, and quads bounds', () => {
    const rect = new DOMRect(10, 20, -4, 5);
    deepEqual(rect.toJSON(), { x: 10, y: 20, width: -4, height: 5, top: 20, right: 10, bottom: 25, left: 6 });
    rect.width = 4;
    deepEqual([rect.left, rect.right], [10, 14]);
    const quad = DOMQuad.fromRect(rect);
    deepEqual([quad.p3.x, quad.p3.y], [14, 25]);
    equal(quad.p1, quad.p1);
    quad.p1.x = -1;
    const { x, y, width, height } = quad.getBounds();
    deepEqual([x, y, width, height], [-1, 20, 15, 5]);
    deepEqual(DOMQuad.fromQuad(quad).toJSON().p1.x, -1);
    ok(DOMRectReadOnly.fromRect({ width: 1 }).right === 1);
  });

  test('a matrix is made of numbers, and knows its dimensions', () => {
    deepEqual([new DOMMatrix().is2D, new DOMMatrix().isIdentity], [true, true]);
    const flat = new DOMMatrix([1, 2, 3, 4, 5, 6]);
    deepEqual([flat.m11, flat.m12, flat.m21, flat.m22, flat.m41, flat.m42, flat.m33, flat.is2D], [1, 2, 3, 4, 5, 6, 1, true]);
    const sixteen = DOMMatrix.fromFloat64Array(new Float64Array(16).fill(1));
    equal(sixteen.is2D, false);
    deepEqual([...sixteen.toFloat32Array()], new Array(16).fill(1));
    flat.m33 = 1;
    equal(flat.is2D, true);
    flat.m34 = 5;
    equal(flat.is2D, false);
    for (const wrong of [() => new DOMMatrix([1]), () => new DOMMatrix('rotate(5deg)'), () => new DOMMatrix(5), () => DOMMatrix()]) {
      throws(wrong, TypeError);
    }
    throws(() => DOMMatrix.fromMatrix({ a: 1, m11: 2 }), TypeError);
    throws(() => DOMMatrix.fromMatrix({ is2D: true, m33: 2 }), TypeError);
    throws(() => DOMMatrix.fromFloat32Array(new Float64Array(6)), TypeError);
    equal(DOMMatrix.fromMatrix({ a: Number.NaN, m11: Number.NaN }).is2D, true);
    equal(DOMMatrix.fromMatrix({ m33: 2 }).is2D, false);
    const json = flat.toJSON();
    deepEqual([json.a, json.f, json.m34, json.is2D, json.isIdentity], [1, 6, 5, false, false]);
  });

  test('matrices move, scale, turn and skew, the last first', () => {
    deepEqual(six(new DOMMatrix().translate(10, 20).scale(2, 3)), [2, 0, 0, 3, 10, 20]);
    deepEqual(six(new DOMMatrix().scale(2).translate(10, 20)), [2, 0, 0, 2, 20, 40]);
    deepEqual(six(new DOMMatrix().scale(2, 2, 1, 10, 10)), [2, 0, 0, 2, -10, -10]);
    near(six(new DOMMatrix().rotate(90)), [0, 1, -1, 0, 0, 0]);
    near(six(new DOMMatrix().rotateFromVector(0, 5)), [0, 1, -1, 0, 0, 0]);
    near(six(new DOMMatrix().skewX(45)), [1, 0, 1, 1, 0, 0]);
    near(six(new DOMMatrix().skewY(45)), [1, 1, 0, 1, 0, 0]);
    deepEqual(six(new DOMMatrix([1, 2, 3, 4, 5, 6]).flipX()), [-1, -2, 3, 4, 5, 6]);
    deepEqual(six(new DOMMatrix([1, 2, 3, 4, 5, 6]).flipY()), [1, 2, -3, -4, 5, 6]);
    const first = new DOMMatrix([1, 2, 3, 4, 5, 6]);
    const second = new DOMMatrix([2, 0, 1, 3, 7, 9]);
    const both = first.multiply(second);
    deepEqual(six(both), [2, 4, 10, 14, 39, 56]);
    deepEqual(six(first), [1, 2, 3, 4, 5, 6]);
    equal(first.multiplySelf(second), first);
    deepEqual(six(first), six(both));
    deepEqual(six(new DOMMatrix([2, 0, 1, 3, 7, 9]).preMultiplySelf([].concat({ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 })[0])), six(both));
    const point = both.transformPoint({ x: 1, y: 1 });
    deepEqual([point.x, point.y], [51, 74]);
    // Three dimensions.
    const spun = new DOMMatrix().rotate(90, 0, 0);
    equal(spun.is2D, false);
    near([spun.m22, spun.m23, spun.m32, spun.m33], [0, 1, -1, 0]);
    near([...new DOMMatrix().rotateAxisAngle(0, 0, 1, 90).toFloat64Array()], [...new DOMMatrix().rotate(90).toFloat64Array()]);
    equal(new DOMMatrix().rotateAxisAngle(0, 0, 1, 90).is2D, true);
    equal(new DOMMatrix().translate(0, 0, 1).m43, 1);
    near([...new DOMMatrix().scale3d(2, 1, 1, 1).toFloat64Array()], [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, -1, -1, -1, 1]);
    equal(new DOMMatrix().scaleNonUniform(2, 3).d, 3);
  });

  test('a matrix has an inverse, or is none', () => {
    near(six(new DOMMatrix([1, 2, 3, 4, 5, 6]).inverse()), [-2, 1, 1.5, -0.5, 1, -2]);
    const spun = new DOMMatrix().translate(1, 2, 3).rotate(20, 30, 40).scale3d(3).multiply({ m14: 0.1, m24: 0.2 });
    near([...spun.multiply(spun.inverse()).toFloat64Array()], [...new DOMMatrix().toFloat64Array()]);
    const none = new DOMMatrix([1, 2, 2, 4, 0, 0]).invertSelf();
    deepEqual([none.a, none.m44, none.is2D], [Number.NaN, Number.NaN, false]);
    const flat = new DOMMatrix([1, 2, 2, 4, 0, 0]);
    ok(Number.isNaN(flat.inverse().a) && flat.a === 1);
  });

  test('they are cloned, and are classes', () => {
    const { point, rect, quad, matrix, fixed } = structuredClone({
      point: new DOMPoint(1, 2, 3, 4),
      rect: new DOMRectReadOnly(1, 2, 3, 4),
      quad: DOMQuad.fromRect({ width: 5 }),
      matrix: new DOMMatrix([1, 2, 3, 4, 5, 6]),
      fixed: new DOMMatrixReadOnly(),
    });
    ok(point instanceof DOMPoint && !(rect instanceof DOMRect) && quad instanceof DOMQuad && matrix instanceof DOMMatrix);
    ok(!(fixed instanceof DOMMatrix) && fixed instanceof DOMMatrixReadOnly && fixed.is2D);
    deepEqual([point.w, rect.right, quad.p2.x, six(matrix), matrix.is2D], [4, 4, 5, [1, 2, 3, 4, 5, 6], true]);
    class Mine extends DOMMatrix {}
    equal(new Mine([1, 0, 0, 1, 5, 5]).translateSelf(1, 1).e, 6);
    equal(Object.prototype.toString.call(matrix), '[object DOMMatrix]');
    ok('m11' in DOMMatrix.prototype && Object.keys(DOMMatrixReadOnly.prototype).includes('a'));
  });
}

await run();
