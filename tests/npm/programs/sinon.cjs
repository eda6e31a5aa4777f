// sinon does what it does on Node.
const sinon = require('sinon');
const { useFakeTimers: fakeTimers } = sinon;
const clock = fakeTimers({
  now: 1000,
  toFake: ['setTimeout', 'Date', 'setInterval', 'nextTick', 'queueMicrotask', 'performance', 'setImmediate'],
});
const f = sinon.spy();
setTimeout(f, 500, 'a');
setImmediate(() => f('imm'));
process.nextTick(() => f('tick'));
const iv = setInterval(f, 200);
clock.tick(1000);
clearInterval(iv);
console.log(f.callCount, Date.now(), performance.now(), f.args);
clock.restore();
const sb = sinon.createSandbox();
const o = {
  m: (x) => x,
  async a() {},
  get p() {
    return 1;
  },
};
sb.stub(o, 'm')
  .withArgs(1)
  .returns('one')
  .callsFake((x) => x * 2);
sb.stub(o, 'a').resolves(5);
sb.stub(o, 'p').get(() => 9);
console.log(o.m(1), o.m(4), o.p);
o.a().then((v) => {
  console.log(v);
  sb.restore();
  console.log(o.m(1), o.p);
  const mock = sinon.mock(o);
  mock.expects('m').once().withExactArgs(3).returns(7);
  console.log(o.m(3));
  mock.verify();
  try {
    sinon.assert.calledWith(f, 'zzz', sinon.match.number);
  } catch (e) {
    console.log(e.name, e.message.split('\n')[0]);
  }
  sinon.stub(require('node:fs'), 'readFileSync').returns('stubbed');
  console.log(require('node:fs').readFileSync('x'));
  sinon.restore();
});
