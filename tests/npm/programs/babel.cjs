const babel = require('@babel/core');
console.log(
  babel.transformSync('class A { #x = 1; get x() { return this.#x ?? 2 } } const f = async () => <A {...p}/>', {
    presets: [['@babel/preset-env', { targets: 'ie 11' }], '@babel/preset-react'],
    configFile: false,
  }).code.length,
);
console.log(
  babel.transformSync('const a = (x) => x ** 2', { presets: [['@babel/preset-env', { targets: 'ie 11' }]], configFile: false }).code,
);
