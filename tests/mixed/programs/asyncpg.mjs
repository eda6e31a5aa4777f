// Servers: postgresql
// asyncpg from JavaScript: parameters and records, transactions, cursors, notifications, and what goes wrong.
import asyncpg from 'python:asyncpg';
import { create_task, sleep } from 'python:asyncio';
import { date } from 'python:datetime';
import { Decimal } from 'python:decimal';

const { host, port } = JSON.parse(process.env.SERVERS).postgresql;
const options = { host, port, user: 'postgres', database: 'postgres' };
const [connection, ...others] = await Promise.all(Array.from({ length: 4 }, () => asyncpg.connect.callKwargs(options)));
const [second] = others;

const refusal = async (promise) => {
  try {
    return await promise;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

/** Runs `work` in a transaction, which ends as `work` does. */
async function transaction(connection, work) {
  const transaction = connection.transaction();
  await transaction.start();
  try {
    const result = await work();
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

await connection.execute(`
  CREATE TEMPORARY TABLE people (
    id serial PRIMARY KEY, name text UNIQUE NOT NULL, born date, money numeric(12, 2), tags text[], face bytea,
    CONSTRAINT not_poor CHECK (money >= 0)
  )`);
const insert = 'INSERT INTO people (name, born, money, tags, face) VALUES ($1, $2, $3, $4, $5) RETURNING id';
const ada = ['Ada', date(1815, 12, 10), Decimal('12345.60'), ['mathematics', 'poetry'], new Uint8Array([0, 255, 7])];
console.log(await connection.fetchval(insert, ...ada));
console.log(await connection.fetchval(insert, 'Böb', null, null, [], null));
const row = await connection.fetchrow('SELECT * FROM people WHERE name = $1', 'Ada');
console.log(row.get('id'), row.get('name'), String(row.get('born')), String(row.get('money')));
console.log([...row.get('tags')], Buffer.from(row.get('face')).toString('hex'), [...row.keys()].join());
const { name, money } = python.builtins.dict(row);
console.log(name, Number(money) + 1);
const rows = await connection.fetch('SELECT id, name, money FROM people ORDER BY id');
console.log(rows.length, rows.map((each) => each.get('name')).join(), rows.at(-1).get('money'));
console.log(await connection.fetchrow('SELECT 1 WHERE false'));
console.log(await connection.fetchval('SELECT $1::bigint + 1', 2n ** 60n), await connection.fetchval('SELECT $1::jsonb ->> 0', '["x"]'));
await connection.executemany(
  'INSERT INTO people (name, money) VALUES ($1, $2)',
  Array.from({ length: 500 }, (_, n) => [`p${n}`, n]),
);
console.log(await connection.fetchval('SELECT sum(money) FROM people WHERE name LIKE $1', 'p%').then(String));

// A cursor lives in a transaction; a loop that is left has read no further.
await transaction(connection, async () => {
  const seen = [];
  for await (const each of connection.cursor('SELECT name FROM people ORDER BY id')) {
    if (seen.push(each.get('name')) === 4) break;
  }
  console.log(seen);
});
const undone = transaction(connection, async () => {
  await connection.execute("DELETE FROM people WHERE name = 'Ada'");
  throw new RangeError('changed my mind');
});
console.log(await refusal(undone), await connection.fetchval("SELECT count(*) FROM people WHERE name = 'Ada'"));

// What the server refuses is an exception of asyncpg's, with all that it knows.
try {
  await connection.fetchval(insert, 'Ada', null, null, [], null);
} catch (error) {
  console.log(error.name, error.message);
  console.log(error.pythonException.sqlstate, error.pythonException.constraint_name, error instanceof Error);
}
console.log(await refusal(connection.execute('UPDATE people SET money = -1')));
console.log(await refusal(connection.fetch('SELEC 1')));
console.log(await refusal(connection.fetch('SELECT $1::int', 'one')));
console.log(await refusal(connection.fetch('SELECT $1::int')));
console.log(await connection.fetchval('SELECT 1'));

// Notifications call a function of JavaScript.
const heard = Promise.withResolvers();
await connection.add_listener('news', (_connection, _pid, channel, payload) => heard.resolve(`${channel}: ${payload}`));
await second.execute("SELECT pg_notify('news', 'grüße')");
console.log(await heard.promise);

// Many at once; one that is cancelled is cancelled in the server, and its connection is whole.
const answers = await Promise.all([connection, ...others].map((each, n) => each.fetchval('SELECT $1::int * 2 FROM pg_sleep(0.01)', n)));
console.log(answers);
const crossed = await Promise.allSettled([second.fetchval('SELECT 1'), second.fetchval('SELECT 2')]);
console.log(crossed[0].value, crossed[1].reason.name);
const waiting = create_task(connection.execute('SELECT pg_sleep(3600)'));
const running = `SELECT count(*) FROM pg_stat_activity WHERE pid = ${connection.get_server_pid()} AND state = 'active'`;
while ((await second.fetchval(running)) === 0) await sleep(0.01);
waiting.cancel();
console.log(await refusal(waiting));
while ((await second.fetchval(running)) > 0) await sleep(0.01);
console.log(await connection.fetchval("SELECT 'whole'"));
console.log(await refusal(connection.execute.callKwargs('SELECT pg_sleep(3600)', { timeout: 0.05 })));

await Promise.all([connection, ...others].map((each) => each.close()));
console.log(await refusal(connection.fetchval('SELECT 1')));
console.log((await refusal(asyncpg.connect.callKwargs({ ...options, database: 'nowhere' }))).split(':')[0]);
