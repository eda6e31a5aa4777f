import { minify } from 'terser';
import UglifyJS from 'uglify-js';
import * as acorn from 'acorn';
import esprima from 'esprima';
import escodegen from 'escodegen';
import * as recast from 'recast';
import MagicString from 'magic-string';
console.log(
  (await minify('function foo(aaa, bbb) { return aaa + bbb; } console.log(foo(1, 2));', { toplevel: true })).code,
  UglifyJS.minify('var a = 1 + 2; b(a)').code,
);
console.log(
  acorn.parse('a?.b', { ecmaVersion: 2022 }).body[0].type,
  escodegen.generate(esprima.parse('var a=1')),
  recast.print(recast.parse('let  x = 1')).code,
);
const s = new MagicString('abc');
s.overwrite(1, 2, 'XX');
console.log(s.toString(), s.generateMap({ hires: true }).mappings);
