// file-type, mime, ical.js, ical-generator, rss-parser, feed, sitemap, music-metadata and exifr do what they do on Node.
import { fileTypeFromBuffer } from 'file-type';
import mime from 'mime';
import ICAL from 'ical.js';
import ical from 'ical-generator';
import Parser from 'rss-parser';
import { Feed } from 'feed';
import { SitemapStream, streamToPromise } from 'sitemap';
import { parseBuffer } from 'music-metadata';
import { Readable } from 'node:stream';
console.log(
  await fileTypeFromBuffer(Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')),
  mime.getType('a.webp'),
  mime.getExtension('text/html'),
);
const c = ical({ name: 'n' });
c.createEvent({ id: 'x', start: new Date(0), end: new Date(36e5), summary: 's', stamp: new Date(0) });
console.log(c.toString().replace(/\r/g, ''));
console.log(new ICAL.Component(ICAL.parse(c.toString())).getFirstSubcomponent('vevent').getFirstPropertyValue('summary'));
const f = new Feed({ title: 't', id: 'http://i/', link: 'http://l', copyright: 'c', updated: new Date(0) });
f.addItem({ title: 'p', id: 'http://q/', link: 'http://m', date: new Date(0), content: '<b>' });
const x = f.rss2();
console.log(x, f.atom1().length > 10);
console.log((await new Parser().parseString(x)).items[0].title);
const sm = new SitemapStream({ hostname: 'https://e.com' });
console.log(String(await streamToPromise(Readable.from([{ url: '/a', changefreq: 'daily', priority: 0.3 }]).pipe(sm))));
const w = Buffer.alloc(44 + 8000);
w.write('RIFF', 0);
w.writeUInt32LE(36 + 8000, 4);
w.write('WAVEfmt ', 8);
w.writeUInt32LE(16, 16);
w.writeUInt16LE(1, 20);
w.writeUInt16LE(1, 22);
w.writeUInt32LE(8000, 24);
w.writeUInt32LE(8000, 28);
w.writeUInt16LE(1, 32);
w.writeUInt16LE(8, 34);
w.write('data', 36);
w.writeUInt32LE(8000, 40);
const m = await parseBuffer(w, 'audio/wav');
console.log(m.format.duration, m.format.sampleRate);
