// @apidevtools/swagger-parser and swagger-jsdoc do what they do on Node.
const ownFolder = require('node:fs').mkdtempSync(`${require('node:os').tmpdir()}/npm-`);
process.chdir(ownFolder);
process.on('exit', () => require('node:fs').rmSync(ownFolder, { recursive: true }));
const SP = require('@apidevtools/swagger-parser');
const sj = require('swagger-jsdoc');
const fs = require('node:fs');
fs.writeFileSync(
  'a.yaml',
  'openapi: 3.0.0\ninfo: {title: t, version: "1"}\npaths:\n  /x:\n    get:\n      responses:\n        200: {description: ok, content: {application/json: {schema: {$ref: "b.yaml#/S"}}}}\n',
);
fs.writeFileSync('b.yaml', 'S: {type: object, properties: {a: {type: integer}}}');
(async () => {
  const P = SP.default || SP;
  const d = await P.validate('a.yaml');
  console.log(JSON.stringify(d.paths['/x'].get.responses));
  try {
    await P.validate({ openapi: '3.0.0', info: {}, paths: {} });
  } catch (e) {
    console.log(e.name, e.message.split('\n')[0]);
  }
  fs.writeFileSync('r.js', '/**\n * @openapi\n * /z:\n *   get:\n *     description: Z\n */');
  console.log(JSON.stringify(sj({ definition: { openapi: '3.0.0', info: { title: 'a', version: '1' } }, apis: ['./r.js'] })));
})();
