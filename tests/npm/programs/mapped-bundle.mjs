// A bundle of esbuild throws; the stack names the lines of the sources.
import { build, initialize } from 'esbuild-wasm';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

process.setSourceMapsEnabled(true);
await initialize?.({}).catch(() => {});
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'mapped-')));
const at = (name) => path.join(folder, name);
fs.writeFileSync(
  at('main.ts'),
  "import { fail } from './fail';\ninterface Unused { a: string }\n\nexport const run = (): never => fail('x');\n",
);
fs.writeFileSync(at('fail.ts'), 'type T = string;\n\nexport function fail(text: T): never {\n  throw new RangeError(text);\n}\n');
await build({
  entryPoints: [at('main.ts')],
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'cjs',
  outfile: at('out/bundle.js'),
  logLevel: 'silent',
});
const { run } = createRequire(import.meta.url)(at('out/bundle.js'));
try {
  run();
} catch (error) {
  const places = error.stack.match(/(?:main|fail)\.ts:\d+/g);
  console.log(error.name, places.join());
}
fs.rmSync(folder, { recursive: true });
process.exit();
