const mime = require('mime-types');
const { CookieJar } = require('tough-cookie');
const LRU = require('lru-cache').LRUCache;
const busboy = require('busboy');
const { CronExpressionParser } = require('cron-parser');
const cors = require('cors');
const helmet = require('helmet');
console.log(mime.lookup('a.json'), mime.contentType('x.html'));
const jar = new CookieJar();
jar.setCookieSync('a=b; Path=/; Domain=x.test', 'http://x.test/');
console.log(jar.getCookieStringSync('http://x.test/y'));
const l = new LRU({ max: 2 });
l.set(1, 1);
l.set(2, 2);
l.set(3, 3);
console.log([...l.keys()]);
const bb = busboy({ headers: { 'content-type': 'multipart/form-data; boundary=X' } });
bb.on('field', (n, v) => console.log('field', n, v));
bb.on('file', (n, s, i) => {
  console.log('file', n, i.filename);
  s.on('data', (d) => console.log(d.toString()));
});
bb.on('close', () => console.log('close'));
bb.end(
  '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X\r\nContent-Disposition: form-data; name="f"; filename="t.txt"\r\n\r\nbody\r\n--X--\r\n',
);
console.log(
  CronExpressionParser.parse('0 0 * * *', { currentDate: new Date(0), tz: 'UTC' })
    .next()
    .toISOString(),
);
const headers = {};
const res = {
  setHeader: (k, v) => {
    headers[k] = v;
  },
  removeHeader() {},
  getHeader() {},
};
cors()({ method: 'GET', headers: {} }, res, () => console.log(headers));
helmet()({}, res, () => console.log(Object.keys(headers).length));
