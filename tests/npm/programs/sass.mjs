import * as sass from 'sass';
console.log(sass.compileString('$c: red; .a { .b & { color: $c; width: (4px * 2) } }').css, (await sass.compileStringAsync('a{b:c}')).css);
