// Servers: mariadb
// mysql2: a pool, types, prepared statements, transactions, streams, many statements, killed connections.
import mysql from 'mysql2/promise';
import callbacks from 'mysql2';
import { closedPort, refusal, servers, told } from './harness.mjs';

const root = await mysql.createConnection({ ...servers.mariadb, user: 'root' });
await root.query('DROP DATABASE IF EXISTS shop');
await root.query('CREATE DATABASE shop CHARACTER SET utf8mb4');
const options = { ...servers.mariadb, user: 'root', database: 'shop', timezone: 'Z' };
const pool = mysql.createPool({ ...options, connectionLimit: 3 });
await pool.query(
  'CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) UNIQUE, price DECIMAL(8,2), made DATETIME, about JSON, image BLOB, big BIGINT)',
);
const [result] = await pool.execute('INSERT INTO items (name, price, made, about, image, big) VALUES (?, ?, ?, ?, ?, ?)', [
  'Tür ☃',
  12.5,
  new Date(0),
  JSON.stringify({ a: [1] }),
  Buffer.from([0, 255]),
  '9007199254740993',
]);
console.log(result.affectedRows, result.insertId);
await pool.query('INSERT INTO items (name, price) VALUES ?', [Array.from({ length: 100 }, (_, n) => [`item ${n}`, n])]);
const [rows, fields] = await pool.query('SELECT * FROM items LIMIT 1');
console.log(
  rows,
  fields.map((field) => field.name),
);
console.log(
  (
    await pool.execute(
      { sql: 'SELECT big, price, name FROM items WHERE id = ?', supportBigNumbers: true, bigNumberStrings: true, rowsAsArray: true },
      [1],
    )
  )[0],
);
console.log(
  (await Promise.all(Array.from({ length: 30 }, (_, n) => pool.execute('SELECT ? + 0 AS n', [n])))).reduce(
    (sum, [[row]]) => sum + row.n,
    0,
  ),
);
console.log((await pool.query('SELECT :a AS a, :b AS b'.replace(/:(\w)/g, '?'), [1, 'x\'"\\']))[0], mysql.format('?? = ?', ['a`b', null]));
const connection = await pool.getConnection();
await connection.beginTransaction();
await connection.query('DELETE FROM items');
await connection.rollback();
console.log((await connection.query('SELECT COUNT(*) AS n FROM items'))[0]);
console.log(
  await refusal(connection.query("INSERT INTO items (name) VALUES ('item 1')")),
  await refusal(connection.query('SELEC 1')).then((text) => text.slice(0, 50)),
);
console.log(
  await connection.query('SELECT nothing FROM items').catch((error) => [error.errno, error.sqlState, error.sqlMessage, error.fatal]),
);
connection.release();
console.log(
  'large',
  (await pool.query("SELECT REPEAT('x', 3000000) AS text, LENGTH(?) AS length", ['y'.repeat(5_000_000)]))[0].map((row) => [
    row.text.length,
    row.length,
  ]),
);
const several = await mysql.createConnection({ ...options, multipleStatements: true });
console.log(
  (await several.query('SELECT 1 AS a; SELECT 2 AS b; DO 0'))[0].map((part) => (Array.isArray(part) ? part : part.constructor.name)),
);
await several.query('CREATE PROCEDURE both_of(IN n INT) BEGIN SELECT n; SELECT n * 2 AS twice; END');
console.log((await several.query('CALL both_of(4)'))[0].slice(0, 2));
const statement = await several.prepare('SELECT name FROM items WHERE price < ? ORDER BY id');
console.log((await statement.execute([3]))[0]);
await statement.close();

const plain = callbacks.createConnection(options);
let sum = 0;
for await (const row of plain.query('SELECT price FROM items WHERE price IS NOT NULL').stream({ highWaterMark: 5 }))
  sum += Number(row.price);
console.log('stream', sum);
await new Promise((resolve) => plain.query('SELECT nothing').on('error', (error) => resolve(console.log('event', error.code))));
plain.end();

const [[{ id }]] = await several.query('SELECT CONNECTION_ID() AS id');
const lost = new Promise((resolve) => several.connection.on('error', resolve));
const slow = refusal(several.query('SELECT SLEEP(60)'));
for (let asleep = false; !asleep; ) {
  const [found] = await root.query('SELECT 1 FROM information_schema.processlist WHERE id = ? AND state = ?', [id, 'User sleep']);
  asleep = found.length > 0;
}
await root.query('KILL ?', [id]);
console.log('killed', (await slow).replace(/.*(PROTOCOL_CONNECTION_LOST|ER_CONNECTION_KILLED|ECONNRESET).*/, 'ended'));
console.log('timeout', await refusal(pool.query({ sql: 'SELECT SLEEP(1)', timeout: 40 })));
void lost.then(told);

console.log(await refusal(mysql.createConnection({ ...options, port: await closedPort() })));
console.log(await refusal(mysql.createConnection({ ...options, database: 'nowhere' })));
console.log((await refusal(mysql.createConnection({ ...options, user: 'nobody', password: 'x' }))).replace(/'@'[^']*'/, "'@'HOST'"));
await root.end();
await pool.end();
console.log(await refusal(pool.query('SELECT 1')));
