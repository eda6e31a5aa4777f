import * as cheerio from 'cheerio';
import { parseDocument } from 'htmlparser2';
import { parse, serialize } from 'parse5';
import sanitize from 'sanitize-html';
import { parseHTML } from 'linkedom';
const $ = cheerio.load('<ul><li class=a>1</li><li>2</li></ul>');
$('li.a').text('x').after('<li>y</li>');
console.log(
  $.html(),
  $('li')
    .map((_i, e) => $(e).text())
    .get(),
);
console.log(
  parseDocument('<a b=c>d</a>').children[0].attribs,
  serialize(parse('<p>x')),
  sanitize('<b>x</b><script>1</script>'),
  parseHTML('<p>1</p>').document.querySelector('p').outerHTML,
);
