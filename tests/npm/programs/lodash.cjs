const _ = require('lodash');
console.log(
  _.chunk([1, 2, 3, 4, 5], 2),
  _.merge({ a: { b: 1 } }, { a: { c: 2 } }),
  _.groupBy([1.1, 1.9, 2.3], Math.floor),
  _.template('hi <%= x %>')({ x: 'y' }),
);
console.log(
  _.cloneDeep({ d: new Date(0), m: new Map([[1, { a: 1 }]]), b: Buffer.from('ab') }),
  _.camelCase('foo bar-baz'),
  _.isEqual([new Set([1])], [new Set([1])]),
);
let n = 0;
const d = _.debounce(() => console.log('debounced', ++n), 5);
d();
d();
d();
