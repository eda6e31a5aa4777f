const Router = require('router');
const router = Router();
router.use((req, _res, next) => {
  req.seen = ['first'];
  next();
});
router.get('/users/:id', (req, _res) => console.log('user', req.params.id, req.seen));
router.get('/boom', () => {
  throw new Error('boom');
});
router.use((error, _req, _res, _next) => {
  console.log('caught', error.message);
});
for (const url of ['/users/7?x=1', '/boom', '/none']) {
  router({ url, method: 'GET', headers: {} }, {}, (error) => console.log('left', url, error));
}
console.log(require('qs').parse('a[]=1&a[]=2&b[c]=3'), require('cookie-signature').sign('hello', 'tobiiscool'));
const { match } = require('path-to-regexp');
console.log(match('/x/:a/*rest')('/x/1/2/3'));
