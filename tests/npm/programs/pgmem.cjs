// pg-mem and kysely do what they do on Node.
const { newDb } = require('pg-mem');
const db = newDb();
db.public.none("create table t (id serial primary key, n text, j jsonb); insert into t (n, j) values ('a', '{\"x\":1}'), ('b', null)");
console.log(db.public.many("select n, j->>'x' as x from t where id < 5 order by n desc"));
const { Client } = db.adapters.createPg();
(async () => {
  const c = new Client();
  await c.connect();
  console.log((await c.query('select count(*) from t where n = $1', ['a'])).rows);
  try {
    await c.query('select * from nope');
  } catch (e) {
    console.log(e.message.split('\n')[0]);
  }
  require('kysely');
  const k = db.adapters.createKysely();
  console.log(await k.selectFrom('t').select(['id', 'n']).where('n', '=', 'b').execute());
})();
