import less from 'less';
console.log((await less.render('@c: red; .a { .b { color: darken(@c, 10%) } }')).css);
