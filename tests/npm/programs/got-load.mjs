import got from 'got';
console.log(typeof got.get, got.defaults.options.method);
