// testdouble does what it does on Node.
const ownFolder = require('node:fs').mkdtempSync(`${require('node:os').tmpdir()}/npm-`);
process.chdir(ownFolder);
process.on('exit', () => require('node:fs').rmSync(ownFolder, { recursive: true }));
const td = require('testdouble');
const path = require('node:path');
const fs = require('node:fs');
fs.writeFileSync('dep.js', 'module.exports = { get: () => "real", Klass: class { m() { return 1; } } };');
fs.writeFileSync('sub.js', 'const d = require("./dep"); module.exports = () => d.get(3);');
const dep = td.replace(path.resolve('dep.js'));
td.when(dep.get(3)).thenReturn('fake');
console.log(require(path.resolve('sub.js'))());
td.verify(dep.get(3));
console.log(td.explain(dep.get).callCount);
td.reset();
const f = td.func('f');
td.when(f(td.matchers.isA(Number))).thenResolve('n');
f(3).then(console.log);
