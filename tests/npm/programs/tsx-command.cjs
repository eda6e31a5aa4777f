// The command tsx runs ES modules with top-level await, and CommonJS, in TypeScript.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tsx-command-'));
const files = {
  'module.mts':
    'enum Kind { One = 1 }\nconst value: number = await Promise.resolve(Kind.One);\nconsole.log("module", value, typeof require);\n',
  'common.cts':
    'import fs = require("node:fs");\nenum Kind { Two = 2 }\nconsole.log("common", Kind.Two, typeof fs.statSync, require.main === module);\n',
};
for (const [name, text] of Object.entries(files)) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  const { status, stderr, stdout } = spawnSync(process.execPath, [require.resolve('tsx/cli'), file], { encoding: 'utf8' });
  console.log(status, stdout + stderr);
}
fs.rmSync(folder, { recursive: true });
