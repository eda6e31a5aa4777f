// `node:sqlite`: statements and their parameters, what SQL calls back, sessions, limits, copies, and databases that are closed.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, constants, DatabaseSync, Session, StatementSync } from 'node:sqlite';
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';

function people() {
  const db = new DatabaseSync(':memory:');
  db.exec("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO people VALUES (1, 'Ada'), (2, 'Grace')");
  return db;
}
const plain = (rows) => rows.map((row) => ({ ...row }));

test('statements give rows as objects, as arrays and one by one', () => {
  const db = people();
  const all = db.prepare('SELECT * FROM people ORDER BY id');
  ok(all instanceof StatementSync);
  deepEqual(plain(all.all()), [
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Grace' },
  ]);
  equal(Object.getPrototypeOf(all.get()), null);
  deepEqual(
    [...all.iterate()].map((row) => row.name),
    ['Ada', 'Grace'],
  );
  all.setReturnArrays(true);
  deepEqual(all.get(), [1, 'Ada']);
  equal(all.columns()[1].type, 'TEXT');
  equal(db.prepare('SELECT 1 WHERE 0').get(), undefined);
});

test('an iterator is over when its statement runs again', () => {
  const statement = people().prepare('SELECT id FROM people');
  const rows = statement.iterate();
  equal(rows.next().value.id, 1);
  statement.all();
  equal(throws(() => rows.next(), Error).code, 'ERR_INVALID_STATE');
});

test('parameters are bound by place and by name, with and without the sign', () => {
  const db = people();
  const insert = db.prepare('INSERT INTO people VALUES ($id, $name)');
  deepEqual(insert.run({ id: 3, $name: 'Barbara' }), { changes: 1, lastInsertRowid: 3 });
  deepEqual(insert.run({ $id: 4n }).changes, 1);
  equal(insert.expandedSQL, 'INSERT INTO people VALUES (4, NULL)');
  equal(throws(() => insert.run({ other: 1 }), Error).message, "Unknown named parameter 'other'");
  equal(throws(() => db.prepare('SELECT ?').get(() => {}), TypeError).code, 'ERR_INVALID_ARG_TYPE');
});

test('integers beyond those of numbers are BigInts, or refused', () => {
  const statement = new DatabaseSync(':memory:').prepare('SELECT 9007199254740993 AS big');
  equal(throws(() => statement.get(), RangeError).code, 'ERR_OUT_OF_RANGE');
  statement.setReadBigInts(true);
  equal(statement.get().big, 9007199254740993n);
});

test("SQLite's errors have its codes and texts", () => {
  const db = people();
  const error = throws(() => db.exec("INSERT INTO people VALUES (1, 'again')"), Error);
  deepEqual(
    [error.code, error.errcode, error.errstr, error.message],
    ['ERR_SQLITE_ERROR', 1555, 'constraint failed', 'UNIQUE constraint failed: people.id'],
  );
});

test('SQL calls functions, and throws what they throw', () => {
  const db = people();
  db.function('twice', (text) => text + text);
  equal(db.prepare('SELECT twice(name) AS t FROM people').get().t, 'AdaAda');
  const failure = new Error('no');
  db.function('refuses', () => {
    throw failure;
  });
  equal(
    throws(() => db.exec('SELECT refuses()'), Error),
    failure,
  );
  // A function may use the database that calls it.
  db.function('count_people', () => db.prepare('SELECT count(*) AS n FROM people').get().n);
  equal(db.prepare('SELECT count_people() AS n').get().n, 2);
});

test('aggregates work as such and over windows', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2), (4)');
  db.aggregate('total', { start: () => 0, step: (sum, x) => sum + x, inverse: (sum, x) => sum - x, result: (sum) => sum * 10 });
  equal(db.prepare('SELECT total(x) AS r FROM t').get().r, 70);
  deepEqual(
    db
      .prepare('SELECT total(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS r FROM t')
      .all()
      .map((row) => row.r),
    [10, 30, 60],
  );
});

test('an authorizer is asked, and may refuse', () => {
  const db = people();
  const asked = [];
  db.setAuthorizer((...given) => {
    asked.push(given);
    return given[0] === constants.SQLITE_DELETE ? constants.SQLITE_DENY : constants.SQLITE_OK;
  });
  db.prepare('SELECT name FROM people').get();
  deepEqual(asked[1], [constants.SQLITE_READ, 'people', 'name', 'main', null]);
  ok(/not authorized/.test(throws(() => db.exec('DELETE FROM people'), Error).message));
  db.setAuthorizer(null);
  db.exec('DELETE FROM people');
});

test('a changeset repeats what a session saw; conflicts are the program’s to judge', () => {
  const [from, to] = [people(), people()];
  const session = from.createSession();
  ok(session instanceof Session);
  from.exec("INSERT INTO people VALUES (3, 'Barbara')");
  const changes = session.changeset();
  equal(to.applyChangeset(changes), true);
  equal(to.prepare('SELECT count(*) AS n FROM people').get().n, 3);
  equal(to.applyChangeset(changes), false);
  equal(to.applyChangeset(changes, { onConflict: () => constants.SQLITE_CHANGESET_OMIT }), true);
  equal(throws(() => to.applyChangeset(changes, { onConflict: () => 77 }), Error).errcode, 21);
  session.close();
  equal(throws(() => session.changeset(), Error).message, 'session is not open');
});

test('a closed database finalizes what hangs on it', () => {
  const db = people();
  const statement = db.prepare('SELECT 1');
  const session = db.createSession();
  db.close();
  equal(throws(() => statement.get(), Error).message, 'statement has been finalized');
  equal(throws(() => session.changeset(), Error).message, 'database is not open');
  equal(throws(() => db.exec('SELECT 1'), Error).code, 'ERR_INVALID_STATE');
});

test('a function that closes its database ends nothing that runs', () => {
  const db = people();
  db.function('close_it', () => {
    db.close();
    return 1;
  });
  equal(db.prepare('SELECT close_it() AS n').get().n, 1);
  equal(db.isOpen, false);
});

test('limits are read, set and kept', () => {
  const db = new DatabaseSync(':memory:', { limits: { attach: 0 } });
  equal(db.limits.attach, 0);
  ok(/too many attached/.test(throws(() => db.exec("ATTACH ':memory:' AS other"), Error).message));
  db.limits.column = 5;
  equal(db.limits.column, 5);
});

test('backup copies a database while the program goes on', async () => {
  const file = join(tmpdir(), `twinloop-sqlite-${process.pid}.db`);
  const db = people();
  const seen = [];
  const pages = await backup(db, file, { rate: 1, progress: (state) => seen.push(state) });
  ok(pages >= 2);
  equal(seen[0].remainingPages, pages - 1);
  const copy = new DatabaseSync(file, { readOnly: true });
  equal(copy.prepare('SELECT count(*) AS n FROM people').get().n, 2);
  equal(copy.location(), file);
  ok(/readonly/.test(throws(() => copy.exec('DELETE FROM people'), Error).message));
  copy.close();
  rmSync(file);
  await rejects(backup(db, '/nowhere/at/all.db'), Error);
});

test('template literals are statements that are kept', () => {
  const db = people();
  const sql = db.createTagStore(1);
  equal(sql.get`SELECT name FROM people WHERE id = ${2}`.name, 'Grace');
  equal(sql.get`SELECT name FROM people WHERE id = ${1}`.name, 'Ada');
  equal(sql.size, 1);
});

test('a database is bytes and comes from them, and statements are closed and counted', () => {
  if (DatabaseSync.prototype.serialize === undefined) return;
  const first = new DatabaseSync(':memory:');
  first.exec('create table t(a); insert into t values(1),(2)');
  const kept = first.prepare('select a from t where a > ?');
  const bytes = first.serialize();
  equal(new TextDecoder().decode(bytes.subarray(0, 15)), 'SQLite format 3');
  equal(kept.all(0).length, 2);
  const second = new DatabaseSync(':memory:');
  const before = second.prepare('select 1');
  second.deserialize(bytes);
  equal(throws(() => before.get(), Error).message, 'statement has been finalized');
  second.exec('insert into t values(3)');
  equal(second.prepare('select count(*) c from t').get().c, 3);
  equal(first.prepare('select count(*) c from t').get().c, 2);
  second.deserialize(second.serialize('main'), { dbName: 'main' });
  equal(second.prepare('select sum(a) s from t').get().s, 6);
  throws(() => first.serialize('nope'), Error);
  for (const [deed, code] of [
    [() => first.serialize(5), 'ERR_INVALID_ARG_TYPE'],
    [() => second.deserialize('x'), 'ERR_INVALID_ARG_TYPE'],
    [() => second.deserialize(new Uint8Array(0)), 'ERR_INVALID_ARG_VALUE'],
    [() => kept.stat('runs'), 'ERR_INVALID_ARG_VALUE'],
    [() => kept.stat(), 'ERR_INVALID_ARG_TYPE'],
  ]) {
    equal(throws(deed, Error).code, code);
  }
  deepEqual([kept.stat('run'), kept.stat('fullscanStep') > 0, kept.stat('memused') > 0], [1, true, true]);
  kept.resetStats();
  equal(kept.stat('run'), 0);
  kept.close();
  for (const deed of [() => kept.all(0), () => kept.close(), () => kept.stat('run')]) {
    equal(throws(deed, Error).message, 'statement has been finalized');
  }
  kept[Symbol.dispose]();
  first.close();
  equal(throws(() => first.serialize(), Error).message, 'database is not open');
});

run();
