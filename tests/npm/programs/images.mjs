import QRCode from 'qrcode';
import { PNG } from 'pngjs';
import jpeg from 'jpeg-js';
console.log(await QRCode.toString('hello', { type: 'utf8' }));
const png = new PNG({ width: 2, height: 2 });
png.data.fill(255);
console.log(
  PNG.sync.read(PNG.sync.write(png)).data.length,
  jpeg.decode(jpeg.encode({ width: 8, height: 8, data: Buffer.alloc(256, 128) }, 50).data).width,
);
