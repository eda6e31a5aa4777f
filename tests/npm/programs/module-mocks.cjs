// proxyquire, rewire and mock-require do what they do on Node.
const ownFolder = require('node:fs').mkdtempSync(`${require('node:os').tmpdir()}/npm-`);
process.chdir(ownFolder);
process.on('exit', () => require('node:fs').rmSync(ownFolder, { recursive: true }));
const proxyquire = require('proxyquire').noCallThru();
const rewire = require('rewire');
const mockRequire = require('mock-require');
const fs = require('node:fs');
const path = require('node:path');
fs.writeFileSync(
  'm.js',
  'const p = require("./other"); const fs = require("fs"); let priv = 1; function hidden() { return priv; } exports.f = () => p.v + ":" + fs.x + ":" + hidden();',
);
fs.writeFileSync('other.js', 'exports.v = "real";');
console.log(proxyquire(path.resolve('m.js'), { './other': { v: 'stub' }, fs: { x: 'fsx' } }).f());
const r = rewire(path.resolve('m.js'));
r.__set__('priv', 42);
console.log(r.__get__('hidden')(), r.f());
const revert = r.__set__({ p: { v: 'rw' } });
console.log(r.f());
revert();
mockRequire(path.resolve('other.js'), { v: 'mocked' });
console.log(mockRequire.reRequire(path.resolve('m.js')).f());
mockRequire.stopAll();
