const XLSX = require('xlsx');
const wb = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(
  wb,
  XLSX.utils.aoa_to_sheet([
    ['a', 1],
    ['b', 2.5],
  ]),
  'S',
);
const buf = XLSX.write(wb, { type: 'buffer', bookType: 'xlsx' });
console.log(Buffer.isBuffer(buf), XLSX.utils.sheet_to_json(XLSX.read(buf).Sheets.S, { header: 1 }));
