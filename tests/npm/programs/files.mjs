import fse from 'fs-extra';
import { glob, globSync } from 'glob';
import fg from 'fast-glob';
import { globby } from 'globby';
import { rimraf } from 'rimraf';
import { mkdirp } from 'mkdirp';
import tmp from 'tmp';
import path from 'node:path';
import os from 'node:os';
import gfs from 'graceful-fs';
import dotenv from 'dotenv';
const d = await fse.mkdtemp(path.join(os.tmpdir(), 'npm-'));
await fse.outputJson(path.join(d, 'a/b/c.json'), { x: 1 });
await fse.copy(path.join(d, 'a'), path.join(d, 'z'));
await mkdirp(path.join(d, 'q/r'));
await fse.writeFile(path.join(d, '.env'), 'A=1\nB="x y"');
console.log(
  (await glob('**/*.json', { cwd: d })).sort(),
  globSync('*', { cwd: d }).sort(),
  (await fg('**/*.json', { cwd: d })).sort(),
  (await globby(['**/*', '!z/**'], { cwd: d })).sort(),
  await fse.readJson(path.join(d, 'z/b/c.json')),
  dotenv.parse(await fse.readFile(path.join(d, '.env'))),
);
await fse.move(path.join(d, 'z'), path.join(d, 'y'));
console.log(await fse.pathExists(path.join(d, 'y/b/c.json')), gfs.readdirSync(d).sort());
const t = tmp.fileSync();
console.log(t.fd > 0);
t.removeCallback();
await fse.emptyDir(path.join(d, 'y'));
await rimraf(d);
console.log(fse.existsSync(d));
