const iconv = require('iconv-lite');
console.log(iconv.encode('häß', 'latin1'), iconv.decode(Buffer.from([0x82, 0xa0]), 'shift_jis'));
require('xml2js').parseString('<a b="c"><d>e</d></a>', (_e, r) => console.log(JSON.stringify(r)));
const { XMLParser, XMLBuilder } = require('fast-xml-parser');
console.log(new XMLParser({ ignoreAttributes: false }).parse('<a b="1"><c>2</c></a>'), new XMLBuilder().build({ a: { b: 1 } }));
console.log(
  require('js-yaml').load('a: [1, 2]\nb: {c: 2020-01-01}'),
  require('yaml').stringify({ a: [1, { b: 'x' }] }),
  require('toml').parse('a=1\n[b]\nc="d"'),
  require('ini').parse('a=1\n[b]\nc=d'),
  require('json5').parse("{a:1,/*c*/b:'x',}"),
  require('he').encode('<é>'),
  require('slugify')('Hällo Wörld'),
);
