console.log(require('handlebars').compile('{{#each xs}}{{this}},{{/each}}{{{raw}}}{{esc}}')({ xs: [1, 2], raw: '<b>', esc: '<b>' }));
console.log(
  require('ejs').render('<% for (const x of xs) { %><%= x %>;<% } %>', { xs: ['<', 2] }),
  require('pug').render('ul\n  each x in xs\n    li.a= x', { xs: [1, 2] }),
  require('mustache').render('{{#a}}{{b}}{{/a}}', { a: [{ b: 1 }, { b: 2 }] }),
);
console.log(
  require('nunjucks').renderString('{% for x in xs %}{{ x | upper }}{% endfor %}', { xs: ['a'] }),
  require('marked').parse('# hi\n- *x*'),
  require('highlight.js').highlight('const a = 1', { language: 'javascript' }).value,
);
new (require('liquidjs').Liquid)().parseAndRender('{{ a | upcase }}', { a: 'x' }).then(console.log);
console.log(require('markdown-it')().render('**b** `c`'));
