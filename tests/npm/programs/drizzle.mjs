// drizzle-orm and sql.js do what they do on Node.
import { drizzle } from 'drizzle-orm/sql-js';
import initSqlJs from 'sql.js';
import { sqliteTable, text, integer } from 'drizzle-orm/sqlite-core';
import { eq, gt, and, sql, relations, desc } from 'drizzle-orm';
const SQL = await initSqlJs();
const db0 = new SQL.Database();
const users = sqliteTable('users', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  name: text('name').notNull(),
  meta: text('meta', { mode: 'json' }),
  at: integer('at', { mode: 'timestamp' }),
});
const posts = sqliteTable('posts', { id: integer('id').primaryKey(), uid: integer('uid').references(() => users.id), t: text('t') });
const ur = relations(users, ({ many }) => ({ posts: many(posts) }));
const pr = relations(posts, ({ one }) => ({ user: one(users, { fields: [posts.uid], references: [users.id] }) }));
const db = drizzle(db0, { schema: { users, posts, ur, pr } });
db.run(sql`create table users (id integer primary key autoincrement, name text not null, meta text, at integer)`);
db.run(sql`create table posts (id integer primary key, uid integer, t text)`);
db.insert(users)
  .values([{ name: 'a', meta: { x: 1 }, at: new Date(1e9) }, { name: 'b' }])
  .run();
db.insert(posts)
  .values([{ id: 1, uid: 1, t: 'p' }])
  .run();
console.log(
  db
    .select()
    .from(users)
    .where(and(gt(users.id, 0), eq(users.name, 'a')))
    .all(),
  db.select({ n: users.name, t: posts.t }).from(users).leftJoin(posts, eq(posts.uid, users.id)).orderBy(desc(users.id)).all(),
);
console.log(await db.query.users.findMany({ with: { posts: true } }));
console.log(
  db.update(users).set({ name: 'z' }).where(eq(users.id, 2)).returning().all(),
  db.select().from(users).where(eq(users.id, 3)).toSQL(),
);
