const bodyParser = require('body-parser');
const { Readable } = require('node:stream');
function run(parser, text, type) {
  const req = Readable.from([Buffer.from(text)]);
  req.headers = { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve) => parser(req, {}, (error) => resolve(error ? `${error.name} ${error.status} ${error.type}` : req.body)));
}
(async () => {
  console.log(await run(bodyParser.json(), '{"a":[1,2,{"b":"ü"}]}', 'application/json'));
  console.log(await run(bodyParser.json(), '{"a":', 'application/json'));
  console.log(await run(bodyParser.urlencoded({ extended: true }), 'a[b]=1&a[c]=2&x=%C3%BC', 'application/x-www-form-urlencoded'));
  console.log(await run(bodyParser.text(), 'plain', 'text/plain'));
})();
