require('source-map-support').install();
try {
  null.x;
} catch (e) {
  console.log(e instanceof TypeError, e.stack.includes('source-map-support.cjs'));
}
console.log(typeof require('find-my-way')().on, require('fastify-plugin')(() => {}, { name: 'x' })[Symbol.for('fastify.display-name')]);
