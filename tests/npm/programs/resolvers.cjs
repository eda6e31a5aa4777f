// resolve, resolve-from, enhanced-resolve and import-fresh do what they do on Node.
const ownFolder = require('node:fs').mkdtempSync(`${require('node:os').tmpdir()}/npm-`);
process.chdir(ownFolder);
process.on('exit', () => require('node:fs').rmSync(ownFolder, { recursive: true }));
const resolve = require('resolve');
const fs = require('node:fs');
const path = require('node:path');
fs.mkdirSync('node_modules/q/lib', { recursive: true });
fs.writeFileSync('node_modules/q/package.json', '{"main":"lib/i.js","exports":{".":{"import":"./lib/e.mjs","require":"./lib/i.js"}}}');
fs.writeFileSync('node_modules/q/lib/i.js', 'module.exports=1');
fs.writeFileSync('node_modules/q/lib/e.mjs', '');
console.log(path.relative('.', resolve.sync('q', { basedir: process.cwd() })), resolve.isCore('fs'));
resolve('q', { basedir: process.cwd() }, (_e, r, p) => console.log(path.relative('.', r), p.main));
import('resolve-from').then((m) =>
  console.log(
    path.relative('.', m.default(process.cwd(), 'q')),
    m.default.silent ? m.default.silent('.', 'zz') : m.resolveFromSilent?.('.', 'zz'),
  ),
);
const { ResolverFactory, CachedInputFileSystem } = require('enhanced-resolve');
const r = ResolverFactory.createResolver({
  fileSystem: new CachedInputFileSystem(fs, 4000),
  conditionNames: ['import'],
  extensions: ['.js'],
});
r.resolve({}, process.cwd(), 'q', {}, (e, f) => console.log(e ? e.message : path.relative('.', f)));
import('import-fresh').then((m) => {
  console.log(typeof m.default);
});
