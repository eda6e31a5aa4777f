import { ZipArchive } from 'archiver';
import JSZip from 'jszip';
import AdmZip from 'adm-zip';
import * as pako from 'pako';
import * as fflate from 'fflate';
import yauzl from 'yauzl';
import zlib from 'node:zlib';
import { buffer } from 'node:stream/consumers';
const z = new JSZip();
z.file('b/c.txt', 'zip');
const zb = await z.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE' });
console.log(await (await JSZip.loadAsync(zb)).file('b/c.txt').async('string'), new AdmZip(zb).readAsText('b/c.txt'));
const a = new ZipArchive();
const done = buffer(a);
a.append('text', { name: 'q.txt' });
await a.finalize();
console.log(new AdmZip(await done).getEntries().map((e) => e.entryName));
console.log(
  pako.ungzip(zlib.gzipSync('pako'), { to: 'string' }),
  fflate.strFromU8(fflate.gunzipSync(zlib.gzipSync('fflate'))),
  zlib.inflateSync(pako.deflate('back')).toString(),
);
yauzl.fromBuffer(zb, { lazyEntries: true }, (_e, f) => {
  f.on('entry', (x) => {
    console.log('yauzl', x.fileName);
    f.readEntry();
  });
  f.readEntry();
});
