// Servers: postgresql
// postgres: tagged templates, transactions, cursors, subscriptions, COPY, pipelined queries, errors, a restarted server.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { closedPort, control, refusal, servers, until } from './harness.mjs';

const { host, port } = servers.postgresql;
const user = 'postgres';
const sql = postgres({
  host,
  port,
  user,
  database: 'postgres',
  max: 3,
  onnotice: (notice) => console.log('notice', notice.message),
  backoff: () => 0.05,
});
await sql`DROP TABLE IF EXISTS cities`;
await sql`CREATE TABLE cities (id serial, name text, size int, about json)`;
console.log(
  await sql`INSERT INTO cities ${sql(
    [
      { name: 'Bern', size: 1 },
      { name: 'Köln', size: 2 },
    ],
    'name',
    'size',
  )} RETURNING name, size`,
);
const wanted = ['Bern', 'Köln'];
console.log([...(await sql`SELECT name FROM cities WHERE name IN ${sql(wanted)} AND size > ${1}`)]);
console.log(
  await sql`SELECT ${sql.json({ a: [1, 'ä'] })}::json AS x, ${new Date(0)}::timestamptz AS t, ${sql.array([1, 2])}::int[] AS l, ${Buffer.from('hi')}::bytea AS b`.then(
    (rows) => rows[0],
  ),
);
console.log((await Promise.all(Array.from({ length: 100 }, (_, n) => sql`SELECT ${n}::int AS n`))).reduce((sum, [row]) => sum + row.n, 0));
console.log(
  await refusal(
    sql.begin(async (own) => {
      await own`INSERT INTO cities (name) VALUES ('gone')`;
      throw new RangeError('changed my mind');
    }),
  ),
);
console.log(await sql.begin((own) => [own`SELECT 1 AS a`, own`SELECT 2 AS b`]).then((all) => all.map((rows) => rows[0])));
const sizes = [];
for await (const rows of sql`SELECT n FROM generate_series(1, 25) AS n`.cursor(10)) sizes.push(rows.length);
console.log(sizes);
const heard = [];
const { unlisten } = await sql.listen('news', (text) => heard.push(text));
await sql.notify('news', 'hello');
await until(() => heard.length > 0);
await unlisten();
console.log(heard);
await pipeline(Readable.from(['Ulm\t3\n', 'Wien\t4\n']), await sql`COPY cities (name, size) FROM STDIN`.writable());
let text = '';
for await (const chunk of await sql`COPY (SELECT name, size FROM cities ORDER BY id) TO STDOUT`.readable()) text += chunk;
console.log(text);
const slow = sql`SELECT pg_sleep(60)`;
setTimeout(() => slow.cancel(), 50);
console.log(await refusal(slow));
console.log(await refusal(sql`SELECT nothing FROM nowhere`), await refusal(sql`SELECT ${undefined}`));
console.log(await refusal(sql.unsafe('SELECT 1/0').simple()));
await control('restart', 'postgresql');
await until(async () => {
  try {
    return (await sql`SELECT count(*)::int AS n FROM cities`)[0].n === 4;
  } catch (error) {
    if (!['57P01', '57P03', 'CONNECTION_CLOSED', 'ECONNREFUSED', 'ECONNRESET'].includes(error.code)) throw error;
  }
});
console.log(
  'back',
  (await sql`SELECT name FROM cities ORDER BY id`).map((row) => row.name),
);
const nobody = postgres({ host, port: await closedPort(), user, max: 1, connect_timeout: 1 });
console.log(await refusal(nobody`SELECT 1`));
await nobody.end();
const lateral = postgres({ host: 'localhost', port, user, ssl: { rejectUnauthorized: false }, database: 'postgres' });
console.log(await lateral`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.then((rows) => rows[0]));
await lateral.end();
await sql.end();
