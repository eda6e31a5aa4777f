const compose = require('koa-compose');
const log = [];
compose([
  async (_c, next) => {
    log.push(1);
    await next();
    log.push(6);
  },
  async (_c, next) => {
    log.push(2);
    await next();
    log.push(5);
  },
  async (_c) => {
    log.push(3);
    await null;
    log.push(4);
  },
])({}).then(() => console.log(log));
