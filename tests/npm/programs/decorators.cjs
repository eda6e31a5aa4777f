require('reflect-metadata');
const { Container, injectable } = require('inversify');
const { validate, IsEmail } = require('class-validator');
const { plainToInstance } = require('class-transformer');
const tslib = require('tslib');
class K {
  hit() {
    return 'cut';
  }
}
tslib.__decorate([injectable()], K);
const c = new Container();
c.bind('K').to(K);
console.log(c.get('K').hit());
class U {}
tslib.__decorate([IsEmail()], U.prototype, 'e', undefined);
validate(Object.assign(new U(), { e: 'x' })).then((e) => console.log(e[0].constraints));
class D {}
console.log(plainToInstance(D, { a: 1 }) instanceof D, Reflect.hasMetadata('x', D));
