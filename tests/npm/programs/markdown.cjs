// markdown-it, showdown, commonmark, turndown, gray-matter, front-matter, prismjs, highlight.js, markdown-it-anchor and
// markdown-it-emoji do what they do on Node.
const MD = require('markdown-it');
const showdown = require('showdown');
const cm = require('commonmark');
const Turndown = require('turndown');
const matter = require('gray-matter');
const fm = require('front-matter');
const Prism = require('prismjs');
require('prismjs/components/')(['python', 'typescript']);
const hl = require('highlight.js');
const md = new MD({
  html: true,
  linkify: true,
  typographer: true,
  highlight: (s, l) => (hl.getLanguage(l) ? hl.highlight(s, { language: l }).value : ''),
});
md.use(require('markdown-it-anchor').default).use(require('markdown-it-emoji').full || require('markdown-it-emoji'));
console.log(md.render('# Hi\n"quote" -- http://x.y :smile:\n\n```js\nlet a = 1\n```\n\n| a |\n|---|\n| 1 |'));
console.log(
  new showdown.Converter({ tables: true }).makeHtml('# x\n\n* a'),
  new cm.HtmlRenderer().render(new cm.Parser().parse('**a** `b`')),
  new Turndown().turndown('<h1>H</h1><ul><li>a</li></ul><a href="x">y</a>'),
  matter('---\nt: 1\nl: [a]\n---\nbody').data,
  fm('---\nq: 2\n---\nz').attributes,
  Prism.highlight('def f(x): return 1', Prism.languages.python, 'python'),
);
