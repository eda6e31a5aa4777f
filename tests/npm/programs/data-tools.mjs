import * as R from 'ramda';
import { produce, enableMapSet } from 'immer';
import Immutable from 'immutable';
import _ from 'underscore';
import { sortBy } from 'lodash-es';
console.log(
  R.pipe(
    R.filter((x) => x > 1),
    R.map(R.multiply(2)),
  )([1, 2, 3]),
  R.path(['a', 'b'], { a: { b: 1 } }),
);
enableMapSet();
const a = { x: [1], m: new Map([[1, 2]]) };
const b = produce(a, (d) => {
  d.x.push(2);
  d.m.set(3, 4);
});
console.log(a, b, Object.isFrozen(b));
console.log(Immutable.fromJS({ a: [1, { b: 2 }] }).setIn(['a', 1, 'b'], 5), String(Immutable.Map({ a: 1 })));
console.log(_.pluck([{ a: 1 }], 'a'), sortBy([3, 1, 2]));
