// csv, csv-parser, fast-csv, papaparse and d3-dsv do what they do on Node.
import { mkdtempSync as makeFolder, rmSync as removeFolder } from 'node:fs';
import { tmpdir as foldersOfAll } from 'node:os';
import { parse } from 'csv/sync';
import { stringify, generate, transform } from 'csv';
import csvParser from 'csv-parser';
import * as fcsv from 'fast-csv';
import Papa from 'papaparse';
import * as d3 from 'd3-dsv';
import { Readable } from 'node:stream';
import fs from 'node:fs';
const ownFolder = makeFolder(`${foldersOfAll()}/npm-`);
process.chdir(ownFolder);
process.on('exit', () => removeFolder(ownFolder, { recursive: true }));

console.log(parse('a,b\n1,"x ""q"""\n', { columns: true, cast: true }));
console.log(
  await new Promise((r) =>
    stringify(
      [
        ['a', 'b,c'],
        [1, null],
      ],
      (_e, o) => r(o),
    ),
  ),
);
await new Promise((r) =>
  generate({ length: 3, seed: 1, columns: 2 })
    .pipe(transform((x) => x.map((s) => String(s).toUpperCase()), { parallel: 1 }))
    .pipe(stringify())
    .on('data', (d) => console.log(String(d).length > 0))
    .on('end', r),
);
const rows = [];
await new Promise((r) =>
  Readable.from(['n,v\na,1\n', 'b,2\n'])
    .pipe(csvParser({ mapValues: ({ header, value }) => (header === 'v' ? +value : value) }))
    .on('data', (d) => rows.push(d))
    .on('end', r),
);
console.log(rows);
for await (const r of fcsv.parseString('x,y\n1,2', { headers: true })) console.log(r);
console.log(await fcsv.writeToString([{ a: 1, b: 'q,' }], { headers: true }));
console.log(Papa.parse('a;b\n1;2', { header: true, dynamicTyping: true }).data, Papa.unparse([{ a: 1, b: 'x,y' }]));
fs.writeFileSync('p.csv', 'a,b\n1,2\n3,4');
await new Promise((r) => Papa.parse(fs.createReadStream('p.csv'), { header: true, step: (x) => console.log(x.data), complete: r }));
console.log(d3.tsvParse('a\tb\n1\t2', d3.autoType), d3.csvFormat([{ a: 1 }]));
