// remark, remark-gfm, remark-html, remark-frontmatter, remark-parse, remark-rehype, remark-toc, rehype, rehype-highlight,
// rehype-stringify, rehype-slug, rehype-sanitize, unified, mdast-util-from-markdown, micromark, @mdx-js/mdx and retext do what they do
// on Node.
import { remark } from 'remark';
import remarkGfm from 'remark-gfm';
import remarkHtml from 'remark-html';
import remarkFrontmatter from 'remark-frontmatter';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import remarkToc from 'remark-toc';
import { rehype } from 'rehype';
import rehypeHighlight from 'rehype-highlight';
import rehypeStringify from 'rehype-stringify';
import rehypeSlug from 'rehype-slug';
import rehypeSanitize from 'rehype-sanitize';
import { unified } from 'unified';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { micromark } from 'micromark';
import { compile, compileSync } from '@mdx-js/mdx';
import { retext } from 'retext';
const md =
  '---\na: 1\n---\n# Hi *x*\n\n## Contents\n\n## A\n\n- [x] t\n- b\n\n|a|b|\n|-|-|\n|1|2|\n\n```js\nlet a = 1;\n```\n<b onclick=x>raw</b> ~~s~~ https://a.b\n';
console.log(String(await remark().use(remarkFrontmatter).use(remarkGfm).use(remarkToc).process(md)));
console.log(String(await remark().use(remarkGfm).use(remarkHtml).process(md)));
console.log(
  String(
    await unified().use(remarkParse).use(remarkGfm).use(remarkRehype).use(rehypeSlug).use(rehypeHighlight).use(rehypeStringify).process(md),
  ),
);
console.log(String(await rehype().data('settings', { fragment: true }).use(rehypeSanitize).process('<script>x</script><p onclick=y>ok')));
console.log(fromMarkdown('*a* b').children[0].children.length, micromark('## Hello, *world*!'));
console.log(String(await compile('import {A} from "a"\n\n# Hi {1+1}\n\n<A b={2}>q</A>')));
console.log(String(await retext().process('Hi there.')), compileSync('*x*').value.length > 10);
