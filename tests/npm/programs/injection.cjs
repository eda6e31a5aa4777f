// reflect-metadata, awilix, tsyringe, typedi and bottlejs do what they do on Node.
require('reflect-metadata');
const { createContainer, asClass, asFunction, asValue } = require('awilix');
const ts = require('tsyringe');
const typedi = require('typedi');
const Bottle = require('bottlejs');
class A {
  constructor({ b, v }) {
    this.x = b() + v;
  }
}
const c = createContainer();
c.register({
  a: asClass(A).singleton(),
  b: asFunction(
    ({ v }) =>
      () =>
        `b${v}`,
  ),
  v: asValue(3),
});
console.log(c.resolve('a').x, c.createScope().resolve('a') === c.resolve('a'));
try {
  c.resolve('zz');
} catch (e) {
  console.log(e.name, e.message);
}
class P {
  hi() {
    return 'p';
  }
}
class Q {
  constructor(p) {
    this.p = p;
  }
}
Reflect.defineMetadata('design:paramtypes', [P], Q);
Reflect.decorate([ts.injectable()], Q);
ts.container.register('T', { useValue: 5 });
console.log(ts.container.resolve(Q).p.hi(), ts.container.resolve('T'));
class S {}
Reflect.decorate([typedi.Service()], S);
console.log(typedi.Container.get(S) === typedi.Container.get(S));
const bo = new Bottle();
bo.service('x', function () {
  this.v = 1;
});
bo.factory('y', (c) => c.x.v + 1);
console.log(bo.container.y);
