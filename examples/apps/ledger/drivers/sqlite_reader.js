// The process that a long query of SQLite has to itself; it ends with the answer, or by being killed.
import { DatabaseSync } from 'node:sqlite';

const [path, text] = process.argv.slice(2);
process.send(new DatabaseSync(path, { readOnly: true }).prepare(text).all());
process.disconnect();
