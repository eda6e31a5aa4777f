const accepts = require('accepts');
const typeis = require('type-is');
const contentType = require('content-type');
const request = {
  headers: {
    accept: 'text/html, application/json;q=0.8',
    'accept-language': 'de, en;q=0.5',
    'content-type': 'text/html; charset=utf-8',
    'content-length': '3',
    'accept-encoding': 'gzip',
  },
};
const a = accepts(request);
console.log(a.types(['json', 'html']), a.languages(), a.encodings('gzip', 'identity'));
console.log(typeis(request, ['html', 'json']), contentType.parse('text/html; charset=utf-8').type);
