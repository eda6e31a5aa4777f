import { PDFDocument, StandardFonts, degrees } from 'pdf-lib';
import { getDocument, Util } from 'pdfjs-dist/legacy/build/pdf.mjs';
const made = await PDFDocument.create();
const font = await made.embedFont(StandardFonts.Helvetica);
const first = made.addPage([200, 200]);
first.drawText('Hello, World!', { font, size: 20, x: 10, y: 150 });
first.drawText('turned', { font, size: 10, x: 50, y: 50, rotate: degrees(90) });
made.addPage([100, 100]).drawText('the second', { font, size: 8, x: 5, y: 5 });
made.setTitle('Two pages');
const document = await getDocument({ data: await made.save(), verbosity: 0 }).promise;
console.log(document.numPages, (await document.getMetadata()).info.Title);
for (let number = 1; number <= document.numPages; number += 1) {
  const page = await document.getPage(number);
  const viewport = page.getViewport({ scale: 2, rotation: 90 });
  const { items } = await page.getTextContent();
  for (const { str, transform, width } of items) {
    const shown = Util.transform(viewport.transform, transform).map((value) => Math.round(value * 100) / 100);
    console.log(number, JSON.stringify(str), shown.join(), Math.round(width * 100) / 100);
  }
  console.log((await page.getOperatorList()).fnArray.length > 0);
}
