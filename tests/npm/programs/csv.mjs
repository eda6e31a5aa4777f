import { parse } from 'csv-parse';
import { parse as sync } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import Papa from 'papaparse';
import { Readable } from 'node:stream';
console.log(
  sync('a,b\n1,"x ""y"""\n', { columns: true }),
  stringify([
    ['a', 'b,c'],
    [1, null],
  ]),
);
for await (const row of Readable.from(['a,b\n1,', '2\n3,4']).pipe(parse({ from_line: 2 }))) console.log(row);
console.log(Papa.parse('a;b\n1;2', { header: true, dynamicTyping: true }).data, Papa.unparse([{ a: 1, b: 'x,y' }]));
