// chai, chai-as-promised, should, expect.js and unexpected do what they do on Node.
import * as chai from 'chai';
import cap from 'chai-as-promised';
import expectjs from 'expect.js';
import 'should';
import unexpected from 'unexpected';
chai.use(cap);
const { expect, assert } = chai;
const t = async (f) => {
  try {
    await f();
    console.log('ok');
  } catch (e) {
    console.log(e.name, e.message);
  }
};
await t(() => expect({ a: [1] }).to.deep.include({ a: [2] }));
await t(() => expect(Promise.resolve(3)).to.eventually.equal(4));
await t(() => expect(Promise.reject(new Error('q'))).to.be.rejectedWith(TypeError));
await t(() => assert.sameMembers([1, 2], [2, 3]));
await t(() => (5).should.be.exactly(6));
await t(() => expectjs([1]).to.contain(2));
await t(() => unexpected({ a: 'b' }, 'to equal', { a: 'c' }));
await t(() =>
  expect(() => {
    throw new RangeError('zz');
  }).to.throw(RangeError, /yy/),
);
await t(() => expect(new Map([['a', 1]])).to.have.keys('b'));
