// kysely does what it does on Node.
import { Kysely, DummyDriver, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import { DatabaseSync } from 'node:sqlite';
import { SqliteDialect } from 'kysely';
const db = new Kysely({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (d) => new PostgresIntrospector(d),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});
console.log(
  db
    .selectFrom('p')
    .innerJoin('q', 'q.id', 'p.qid')
    .select(['p.a', sql`count(*)`.as('c')])
    .where((eb) => eb.or([eb('a', '=', 1), eb('b', 'in', [1, 2])]))
    .groupBy('p.a')
    .compile().sql,
);
const s = new DatabaseSync(':memory:');
const k = new Kysely({
  dialect: new SqliteDialect({
    database: {
      prepare: (q) => {
        const st = s.prepare(q);
        return {
          reader: /^\s*(select|with|pragma)/i.test(q) || /returning/i.test(q),
          all: (p) => st.all(...p),
          run: (p) => st.run(...p),
          iterate: (p) => st.iterate(...p),
        };
      },
      close: () => s.close(),
    },
  }),
});
await k.schema
  .createTable('t')
  .addColumn('id', 'integer', (c) => c.primaryKey())
  .addColumn('n', 'text')
  .execute();
console.log(
  await k
    .insertInto('t')
    .values([{ n: 'a' }, { n: 'b' }])
    .returning('id')
    .execute(),
  await k.selectFrom('t').selectAll().execute(),
);
try {
  await k.transaction().execute(async (t) => {
    await t.deleteFrom('t').execute();
    throw new Error('rb');
  });
} catch (e) {
  console.log(e.message);
}
console.log((await k.selectFrom('t').selectAll().execute()).length);
for await (const r of k.selectFrom('t').selectAll().stream()) console.log(r);
await k.destroy();
