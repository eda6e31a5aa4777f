const Mocha = require('mocha');
const { expect } = require('chai');
const sinon = require('sinon');
const mocha = new Mocha({ reporter: 'spec', ui: 'bdd', color: false });
mocha.suite.emit('pre-require', global, '', mocha);
describe('s', () => {
  before(() => {});
  it('ok', () => expect([1, 2]).to.deep.equal([1, 2]));
  it('async', async () => {
    await new Promise((r) => setTimeout(r, 3));
  });
  it.skip('skipped');
  it('fails', () => expect(1).to.equal(2));
  it('spy', () => {
    const f = sinon.fake.returns(4);
    f(1);
    sinon.assert.calledWith(f, 1);
    const c = sinon.useFakeTimers();
    let n = 0;
    setTimeout(() => n++, 1000);
    c.tick(1000);
    expect(n).to.equal(1);
    c.restore();
  });
});
const seen = [];
const runner = mocha.run((failures) => {
  process.stdout.write = write;
  console.log('failures', failures, seen);
});
const write = process.stdout.write;
process.stdout.write = () => true;
runner
  .on('pass', (t) => seen.push(`pass ${t.title}`))
  .on('fail', (t, e) => seen.push(`fail ${t.title} ${e.message}`))
  .on('pending', (t) => seen.push(`pending ${t.title}`));
