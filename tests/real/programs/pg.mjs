// Servers: postgresql
// pg: a pool, types, transactions, notifications, cursors, COPY, cancelled queries, cut connections, TLS.
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { closedPort, refusal, servers, told, until } from './harness.mjs';

const options = { ...servers.postgresql, user: 'postgres', database: 'postgres' };
const pool = new pg.Pool({ ...options, max: 4, application_name: 'pg.mjs' });
pool.on('error', (error) => console.log('pool error', error.code, error.message));

await pool.query('DROP TABLE IF EXISTS people');
await pool.query(
  'CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE NOT NULL, born date, score numeric(6,2), tags text[], extra jsonb, photo bytea)',
);
const inserted = await pool.query(
  "INSERT INTO people (name, score, tags, extra, photo) VALUES ($1, $2, $3, $4, $5), ('Grace', NULL, NULL, NULL, NULL) RETURNING id, name",
  ['Ada ☃', 12.5, ['a', 'b"c', null], { deep: [1, { x: 'ü' }] }, Buffer.from([0, 1, 255])],
);
console.log(
  inserted.command,
  inserted.rowCount,
  inserted.rows,
  inserted.fields.map((field) => [field.name, field.dataTypeID]),
);
console.log((await pool.query('SELECT * FROM people ORDER BY id')).rows);
console.log(
  (await pool.query({ text: "SELECT 1 AS a, 'x' AS b, true AS c, 1.5::float8 AS d, 9007199254740993::int8 AS e", rowMode: 'array' })).rows,
);
console.log((await pool.query('SELECT 1 AS one; SELECT 2 AS two')).map((result) => result.rows));
console.log(
  (await pool.query("SELECT now() - now() AS nothing, '2020-01-02 03:04:05+00'::timestamptz AS at, '{1,2,3}'::int[] AS list")).rows,
);

console.log(
  'many',
  (await Promise.all(Array.from({ length: 40 }, (_, n) => pool.query('SELECT $1::int * 2 AS n', [n])))).reduce(
    (sum, { rows }) => sum + rows[0].n,
    0,
  ),
);
console.log('pool', pool.totalCount <= 4, pool.waitingCount);
console.log(
  'large',
  (await pool.query("SELECT length($1) AS length, repeat('x', 3000000) AS text", ['é'.repeat(1_000_000)])).rows.map((row) => [
    row.length,
    row.text.length,
  ]),
);

const client = await pool.connect();
await client.query('BEGIN');
await client.query("INSERT INTO people (name) VALUES ('gone')");
console.log('duplicate', await refusal(client.query("INSERT INTO people (name) VALUES ('Grace')")));
console.log('aborted', await refusal(client.query('SELECT 1')));
await client.query('ROLLBACK');
await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
await client.query('SAVEPOINT here');
const problem = await client.query('INSERT INTO people (name) VALUES (NULL)').catch((error) => error);
console.log(
  problem.severity,
  problem.code,
  problem.table,
  problem.column,
  problem.detail?.includes('Failing row'),
  problem instanceof pg.DatabaseError,
);
await client.query('ROLLBACK TO here');
await client.query("INSERT INTO people (name) VALUES ('kept')");
await client.query('COMMIT');
console.log((await client.query('SELECT name FROM people ORDER BY id')).rows.map((row) => row.name));
for (let n = 0; n < 3; n++)
  console.log('prepared', (await client.query({ name: 'double', text: 'SELECT $1::int * 2 AS n', values: [n] })).rows);
client.on('notice', (notice) => console.log('notice', notice.message));
await client.query("DO $$ BEGIN RAISE NOTICE 'to whom it may concern'; END $$");

const listener = new pg.Client(options);
await listener.connect();
const heard = [];
listener.on('notification', (message) => heard.push([message.channel, message.payload]));
await listener.query('LISTEN "news"');
await client.query("NOTIFY news, 'first'");
await pool.query("SELECT pg_notify('news', $1)", ['x'.repeat(7000)]);
await until(() => heard.length === 2);
console.log(
  'heard',
  heard.map(([channel, payload]) => [channel, payload.length]),
);

const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, 250) AS n'));
const counts = [];
for (let rows = await cursor.read(100); rows.length > 0; rows = await cursor.read(100)) counts.push(rows.length);
await cursor.close();
console.log('cursor', counts);
let sum = 0;
for await (const row of client.query(new QueryStream('SELECT n FROM generate_series(1, 10000) AS n', [], { batchSize: 64 }))) sum += row.n;
console.log('stream', sum);
let some = 0;
for await (const row of client.query(new QueryStream('SELECT n FROM generate_series(1, 1000000) AS n'))) {
  some += row.n;
  if (row.n === 500) break;
}
console.log('stream left', some);

await client.query('CREATE TEMP TABLE copied (n int, word text)');
const lines = Readable.from(
  (function* () {
    for (let n = 0; n < 20000; n++) yield `${n}\tword ${n}\n`;
  })(),
);
await pipeline(lines, client.query(copyFrom('COPY copied FROM STDIN')));
console.log('copied in', (await client.query('SELECT count(*)::int, sum(n)::int FROM copied')).rows);
let bytes = 0;
for await (const chunk of client.query(copyTo('COPY copied TO STDOUT WITH (FORMAT csv)'))) bytes += chunk.length;
console.log('copied out', bytes);
console.log('copy refused', await refusal(pipeline(Readable.from(['no number\tx\n']), client.query(copyFrom('COPY copied FROM STDIN')))));
console.log('after', (await client.query('SELECT count(*)::int FROM copied')).rows);

const storage = new AsyncLocalStorage();
await Promise.all(
  [1, 2, 3, 4, 5, 6].map((n) =>
    storage.run(n, async () => {
      await pool.query('SELECT pg_sleep(0.01)');
      if (storage.getStore() !== n) console.log('context lost');
    }),
  ),
);

const { pid } = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0];
const slow = refusal(client.query('SELECT pg_sleep(60)'));
await until(async () => (await pool.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", [pid])).rowCount);
await pool.query('SELECT pg_cancel_backend($1)', [pid]);
console.log('cancelled', await slow);
await client.query('SET statement_timeout = 20');
console.log('timeout', await refusal(client.query('SELECT pg_sleep(60)')));
client.release();

const impatient = new pg.Client({ ...options, query_timeout: 30 });
impatient.on('error', () => {});
await impatient.connect();
console.log('query_timeout', await refusal(impatient.query('SELECT pg_sleep(0.5)')));
await impatient.end();

const doomed = new pg.Client(options);
await doomed.connect();
const ends = [];
doomed.on('error', (error) => ends.push(error.message));
doomed.on('end', () => ends.push('end'));
const own = (await doomed.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
const cut = refusal(doomed.query('SELECT pg_sleep(60)'));
await pool.query('SELECT pg_terminate_backend($1)', [own]);
console.log('cut', await cut);
await until(() => ends.includes('end'));
// The system may tell of a reset connection first.
console.log('ended', ends.slice(-2), await refusal(doomed.query('SELECT 1')));

// An idle client of the pool whose connection the server ends.
const idle = new pg.Pool({ ...options, max: 1 });
const lost = new Promise((resolve) => idle.once('error', resolve));
const idlePid = (await idle.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
await pool.query('SELECT pg_terminate_backend($1)', [idlePid]);
console.log('idle', told(await lost), idle.totalCount);
console.log('again', (await idle.query('SELECT 1 AS one')).rows);
await idle.end();

console.log('refused', await refusal(new pg.Client({ ...options, port: await closedPort() }).connect()));
console.log('no database', await refusal(new pg.Client({ ...options, database: 'nowhere' }).connect()));
console.log('no name', await refusal(new pg.Client({ ...options, host: 'nowhere.invalid' }).connect()));
const full = new pg.Pool({ ...options, max: 1, connectionTimeoutMillis: 20 });
const held = await full.connect();
console.log('no room', await refusal(full.connect()));
held.release(true);
await full.end();

const ca = fs.readFileSync(servers.ca, 'utf8');
const secure = new pg.Client({ ...options, host: 'localhost', ssl: { ca } });
await secure.connect();
console.log(
  'TLS',
  (await secure.query('SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).rows,
  secure.connection.stream.getProtocol(),
);
console.log('TLS large', (await secure.query("SELECT repeat('y', 2000000) AS text")).rows[0].text.length);
await secure.end();
console.log('TLS untrusted', await refusal(new pg.Client({ ...options, ssl: true }).connect()));
const careless = new pg.Client({ ...options, ssl: { rejectUnauthorized: false } });
await careless.connect();
console.log('TLS unchecked', careless.connection.stream.authorized);
await careless.end();

await listener.end();
await pool.end();
console.log('ended', await refusal(pool.query('SELECT 1')));
