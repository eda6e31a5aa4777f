const through2 = require('through2');
const split2 = require('split2');
const pump = require('pump');
const concat = require('concat-stream');
const { Readable, pipeline } = require('node:stream');
const rs = require('readable-stream');
pump(
  Readable.from(['a\nb', 'c\nd']),
  split2(),
  through2.obj(function (c, _e, cb) {
    this.push(c.toUpperCase());
    cb();
  }),
  concat({ encoding: 'object' }, (x) => console.log(x)),
  (e) => console.log('done', e),
);
pipeline(
  rs.Readable.from([Buffer.from('x')]),
  concat((b) => console.log(b.toString())),
  () => console.log('p2'),
);
import('get-stream').then(async (m) => console.log(await m.default(Readable.from(['q', 'r']))));
