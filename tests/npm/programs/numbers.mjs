import { create, all } from 'mathjs';
import BigNumber from 'bignumber.js';
import Decimal from 'decimal.js';
import Big from 'big.js';
import * as d3 from 'd3';
import seedrandom from 'seedrandom';
const math = create(all);
console.log(
  math.evaluate('sqrt(3^2 + 4^2)'),
  math.det([
    [1, 2],
    [3, 4],
  ]),
  math.format(math.evaluate('2 inch to cm')),
  new BigNumber('0.1').plus('0.2').toString(),
  Decimal.sqrt(2).toString(),
  new Big(1).div(3).toString(),
);
console.log(d3.mean([1, 2, 3]), d3.scaleLinear([0, 10], [0, 100])(3), d3.format('.2s')(12345), seedrandom('x')());
