// shiki and lowlight do what they do on Node.
import { codeToHtml, createHighlighter } from 'shiki';
import { createHighlighterCore } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';
import { createLowlight, common } from 'lowlight';
console.log(await codeToHtml('const a: number = 1 // x', { lang: 'ts', theme: 'nord' }));
const h = await createHighlighter({ themes: ['vitesse-dark'], langs: ['python', 'html'] });
console.log(h.codeToTokens('def f(): pass', { lang: 'python', theme: 'vitesse-dark' }).tokens[0].length);
const c = await createHighlighterCore({
  themes: [import('shiki/themes/nord.mjs')],
  langs: [import('shiki/langs/javascript.mjs')],
  engine: createJavaScriptRegexEngine(),
});
console.log(c.codeToHtml('let x = `a$' + '{b}`', { lang: 'javascript', theme: 'nord' }));
console.log(createLowlight(common).highlight('css', 'a{b:c}').children.length);
