import prettier from 'prettier';
console.log(await prettier.format('const a={b:1,c:[1,2,]}; async function  f(){return await x}', { parser: 'babel' }));
console.log(
  await prettier.format('interface A{b:string;c?:number}', { parser: 'typescript' }),
  await prettier.format('a{color:red}', { parser: 'css' }),
  await prettier.format('# hi\n* a\n* b', { parser: 'markdown' }),
  await prettier.format('<p><b>x</b></p>', { parser: 'html' }),
);
