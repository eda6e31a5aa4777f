// iconv-lite, jschardet, chardet, encoding, he, html-entities, escape-html and xss do what they do on Node.
const iconv = require('iconv-lite');
const jc = require('jschardet');
const cd = require('chardet');
const enc = require('encoding');
const he = require('he');
const ent = require('html-entities');
const esc = require('escape-html');
const xss = require('xss');
const { Readable } = require('node:stream');
for (const e of ['win1251', 'shift_jis', 'gbk', 'big5', 'euc-kr', 'utf16', 'utf-32', 'latin1', 'utf7']) {
  const b = iconv.encode('Привет 日本 é', e);
  console.log(e, b.toString('hex').slice(0, 60), iconv.decode(b, e));
}
const s = iconv.decode(Buffer.from([0xef, 0xbb, 0xbf, 0x61]), 'utf8');
console.log(
  s.length,
  jc.detect(iconv.encode('Привет мир как дела', 'koi8-r')),
  cd.detect(Buffer.from('héllo wörld')),
  enc.convert('é', 'latin1'),
  he.decode('&copy; &#x41; &notin;'),
  he.encode('<é>', { useNamedReferences: true }),
  ent.encode('<>"é', { mode: 'nonAsciiPrintable' }),
  ent.decode('&lt;&hearts;'),
  esc('<a>'),
  xss('<script>alert(1)</script><a href="javascript:x" onclick=y>z</a>'),
);
if (iconv.decodeStream)
  Readable.from([Buffer.from([0xd0]), Buffer.from([0x9f])])
    .pipe(iconv.decodeStream('utf8'))
    .on('data', (d) => console.log(d));
