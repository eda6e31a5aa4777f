const Ajv = require('ajv');
const addFormats = require('ajv-formats');
const ajv = new Ajv({ allErrors: true });
addFormats(ajv);
const v = ajv.compile({
  type: 'object',
  properties: { a: { type: 'integer', minimum: 2 }, e: { type: 'string', format: 'email' } },
  required: ['a', 'b'],
  additionalProperties: false,
});
console.log(
  v({ a: 1, e: 'x', z: 1 }),
  v.errors.map((e) => e.message),
  v({ a: 3, b: 1 }),
);
