// fast-xml-parser, xml-js, xmlbuilder2, sax, saxes, @xmldom/xmldom, xpath, htmlparser2, dom-serializer, css-select, css-what, parse5
// and node-html-parser do what they do on Node.
import { XMLParser, XMLBuilder, XMLValidator } from 'fast-xml-parser';
import xmljs from 'xml-js';
import { create } from 'xmlbuilder2';
import sax from 'sax';
import { SaxesParser } from 'saxes';
import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import xpath from 'xpath';
import { parseDocument, DomUtils } from 'htmlparser2';
import render from 'dom-serializer';
import * as CSSselect from 'css-select';
import * as CSSwhat from 'css-what';
import * as parse5 from 'parse5';
import { parse as nhp } from 'node-html-parser';
const x = '<?xml version="1.0"?><r a="1"><i>1</i><i>2</i><c><![CDATA[<z>]]></c><!-- k --></r>';
const p = new XMLParser({ ignoreAttributes: false, cdataPropName: '__c' }).parse(x);
console.log(
  JSON.stringify(p),
  new XMLBuilder({ ignoreAttributes: false, format: true }).build({ a: { '@_b': 1, c: [1, 2] } }),
  XMLValidator.validate('<a><b></a>'),
);
console.log(xmljs.xml2json(x, { compact: true }), xmljs.js2xml({ a: { _attributes: { q: 1 }, _text: 't' } }, { compact: true }));
console.log(
  create({ version: '1.0' }).ele('root', { at: 'v' }).ele('foo').txt('b<').up().com('c').end({ prettyPrint: true }),
  create('<a><b>1</b></a>').end({ format: 'object' }),
);
const s = sax.createStream(true, { xmlns: true });
s.on('opentag', (n) => console.log('open', n.name, Object.keys(n.attributes)))
  .on('text', (t) => console.log('text', t))
  .on('end', () => console.log('end'))
  .on('error', (e) => console.log(e.message));
s.write(x.slice(0, 30));
s.end(x.slice(30));
const sp = new SaxesParser();
sp.on('opentag', (t) => console.log(t.name));
sp.write(x).close();
const doc = new DOMParser().parseFromString(x, 'text/xml');
console.log(xpath.select('//i[2]/text()', doc).toString(), xpath.select('string(/r/@a)', doc), new XMLSerializer().serializeToString(doc));
const d = parseDocument('<div><p class=a>x<p>y</div>');
console.log(
  CSSselect.selectAll('p:nth-child(2)', d).map((n) => DomUtils.textContent(n)),
  render.default?.(d) ?? render(d),
  JSON.stringify(CSSwhat.parse('a > b.c:not([d="e" i])')),
);
console.log(parse5.serialize(parse5.parse('<table><td>x')), nhp('<ul><li id=q>a</li></ul>').querySelector('#q').outerHTML);
