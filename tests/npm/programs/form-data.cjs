const FormData = require('form-data');
const f = new FormData();
f.append('a', '1');
f.append('b', Buffer.from('xyz'), { filename: 'n.txt' });
console.log(f.getBuffer().toString().replaceAll(f.getBoundary(), 'BOUNDARY'), f.getLengthSync() > 0);
