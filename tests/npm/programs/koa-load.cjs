const Koa = require('koa');
console.log(typeof new Koa().callback());
