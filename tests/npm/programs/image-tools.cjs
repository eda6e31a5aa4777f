// pngjs, jpeg-js, jimp, upng-js, omggif, jsqr, qrcode, bwip-js, image-size and qrcode-terminal do what they do on Node.
const ownFolder = require('node:fs').mkdtempSync(`${require('node:os').tmpdir()}/npm-`);
process.chdir(ownFolder);
process.on('exit', () => require('node:fs').rmSync(ownFolder, { recursive: true }));
const { PNG } = require('pngjs');
const jpeg = require('jpeg-js');
const { Jimp } = require('jimp');
const UPNG = require('upng-js');
const { GifWriter, GifReader } = require('omggif');
const jsQR = require('jsqr');
const QR = require('qrcode');
const bwip = require('bwip-js');
const sizeOf = require('image-size');
const qt = require('qrcode-terminal');
const fs = require('node:fs');
const crypto = require('node:crypto');
const h = (b) => crypto.createHash('md5').update(b).digest('hex');
(async () => {
  const p = new PNG({ width: 20, height: 20 });
  for (let i = 0; i < p.data.length; i++) p.data[i] = (i * 7) & 255;
  const b = PNG.sync.write(p);
  console.log(h(PNG.sync.read(b).data), sizeOf.imageSize(b));
  await new Promise((r) => p.pack().pipe(fs.createWriteStream('a.png')).on('finish', r));
  await new Promise((r) =>
    fs
      .createReadStream('a.png')
      .pipe(new PNG())
      .on('parsed', function () {
        console.log(this.width);
        r();
      }),
  );
  const j = jpeg.encode({ data: p.data, width: 20, height: 20 }, 80);
  console.log(h(j.data), jpeg.decode(j.data).width);
  const im = await Jimp.read('a.png');
  im.resize({ w: 10, h: 10 }).greyscale().rotate(90);
  const o = await im.getBuffer('image/png');
  console.log(h(PNG.sync.read(o).data), (await im.getBuffer('image/jpeg')).length > 100, im.bitmap.width);
  console.log(h(Buffer.from(UPNG.toRGBA8(UPNG.decode(b))[0])));
  const buf = Buffer.alloc(1024);
  const g = new GifWriter(buf, 2, 2, { palette: [0xff0000, 0x0000ff] });
  g.addFrame(0, 0, 2, 2, [0, 1, 1, 0]);
  console.log(new GifReader(buf.slice(0, g.end())).width);
  const d = await QR.toBuffer('hello', { scale: 4 });
  const q = PNG.sync.read(d);
  console.log(jsQR.default(new Uint8ClampedArray(q.data), q.width, q.height).data, await QR.toString('x', { type: 'utf8' }));
  console.log(h(PNG.sync.read(await bwip.toBuffer({ bcid: 'code128', text: '0123' })).data));
  qt.generate('a', { small: true }, (s) => console.log(s));
})();
