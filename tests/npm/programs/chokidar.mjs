import chokidar from 'chokidar';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
// By the system's events and by asking for the state of files from time to time.
for (const options of [{}, { usePolling: true, interval: 20 }]) {
  const d = fs.mkdtempSync(path.join(os.tmpdir(), 'chok-'));
  const w = chokidar.watch(d, { ignoreInitial: true, ...options });
  await new Promise((r) => w.on('ready', r));
  // Files have times in steps of some milliseconds, and who asks from time to time sees one only when the next has begun.
  await new Promise((r) => setTimeout(r, 100));
  const seen = (wanted) => new Promise((r) => w.on(wanted, (f) => r([wanted, path.relative(d, f)])));
  const added = seen('add');
  fs.writeFileSync(path.join(d, 'x.txt'), '1');
  console.log(await added);
  await new Promise((r) => setTimeout(r, 100));
  const folder = seen('addDir');
  fs.mkdirSync(path.join(d, 'sub'));
  console.log(await folder);
  await new Promise((r) => setTimeout(r, 100));
  const gone = seen('unlink');
  fs.rmSync(path.join(d, 'x.txt'));
  console.log(await gone);
  await w.close();
  fs.rmSync(d, { recursive: true });
}
