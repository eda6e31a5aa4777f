// Servers: postgresql, mariadb
// knex, drizzle and TypeORM over pg and mysql2: schemas, queries, relations, transactions, migrations, streams, errors.
import 'reflect-metadata';
import { eq, relations, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, jsonb, pgTable, serial, text } from 'drizzle-orm/pg-core';
import knex from 'knex';
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { closedPort, refusal, servers } from './harness.mjs';

const postgres = { ...servers.postgresql, user: 'postgres', database: 'postgres' };
for (const [client, connection] of [
  ['pg', postgres],
  ['mysql2', { ...servers.mariadb, user: 'root', database: 'mysql' }],
]) {
  const db = knex({ client, connection, pool: { min: 0, max: 3 } });
  await db.schema.dropTableIfExists('knex_pets');
  await db.schema.createTable('knex_pets', (table) => {
    table.increments('id');
    table.string('name').notNullable().unique();
    table.integer('age').defaultTo(1);
  });
  await db('knex_pets').insert([{ name: 'Rex' }, { name: 'Tom', age: 4 }, { name: 'Kim', age: 9 }]);
  console.log(
    client,
    await db('knex_pets').select('name', 'age').where('age', '>', 2).orderBy('name'),
    await db('knex_pets')
      .count({ n: '*' })
      .first()
      .then((row) => Number(row.n)),
  );
  console.log(
    await refusal(
      db.transaction(async (trx) => {
        await trx('knex_pets').del();
        throw new Error('no');
      }),
    ),
    await db('knex_pets').max({ age: 'age' }).first(),
  );
  console.log((await refusal(db('knex_pets').insert({ name: 'Rex' }))).replace(/.*? - /, ''));
  const names = [];
  for await (const row of db('knex_pets').orderBy('id').stream()) names.push(row.name);
  console.log(names, (await Promise.all(Array.from({ length: 20 }, (_, n) => db.raw('SELECT ? + 1 AS n', [n])))).length);
  await db.schema.dropTable('knex_pets');
  await db.destroy();
}

const pool = new pg.Pool({ ...postgres, max: 2 });
const users = pgTable('drizzle_users', { id: serial('id').primaryKey(), name: text('name').notNull(), about: jsonb('about') });
const posts = pgTable('drizzle_posts', {
  id: serial('id').primaryKey(),
  title: text('title'),
  author: integer('author').references(() => users.id),
});
const schema = {
  users,
  posts,
  toUsers: relations(users, ({ many }) => ({ posts: many(posts) })),
  toPosts: relations(posts, ({ one }) => ({ writer: one(users, { fields: [posts.author], references: [users.id] }) })),
};
const db = drizzle(pool, { schema });
await db.execute(sql`DROP TABLE IF EXISTS drizzle_posts, drizzle_users`);
await db.execute(sql`CREATE TABLE drizzle_users (id serial PRIMARY KEY, name text NOT NULL, about jsonb)`);
await db.execute(sql`CREATE TABLE drizzle_posts (id serial PRIMARY KEY, title text, author int REFERENCES drizzle_users)`);
const [ada] = await db
  .insert(users)
  .values([{ name: 'Ada', about: { born: 1815 } }, { name: 'Bob' }])
  .returning();
await db.insert(posts).values([
  { title: 'One', author: ada.id },
  { title: 'Two', author: ada.id },
]);
console.log(await db.query.users.findMany({ with: { posts: { columns: { title: true } } } }));
console.log(
  await db.select({ name: users.name, title: posts.title }).from(posts).innerJoin(users, eq(posts.author, users.id)).orderBy(posts.id),
);
console.log(
  await refusal(
    db.transaction(async (tx) => {
      await tx.update(users).set({ name: 'X' });
      tx.rollback();
    }),
  ),
  await db.select({ name: users.name }).from(users),
);
console.log((await refusal(db.insert(posts).values({ author: 99 }))).split('\n')[0]);
await pool.end();

const Category = new EntitySchema({
  name: 'Category',
  tableName: 'orm_category',
  columns: { id: { type: Number, primary: true, generated: true }, name: { type: String, unique: true } },
  relations: { products: { type: 'one-to-many', target: 'Product', inverseSide: 'category' } },
});
const Product = new EntitySchema({
  name: 'Product',
  tableName: 'orm_product',
  columns: {
    id: { type: Number, primary: true, generated: true },
    title: { type: String },
    price: { type: 'decimal', precision: 8, scale: 2 },
    made: { type: 'timestamp', createDate: true },
  },
  relations: { category: { type: 'many-to-one', target: 'Category', joinColumn: true, inverseSide: 'products' } },
});
const source = new DataSource({
  type: 'postgres',
  host: postgres.host,
  port: postgres.port,
  username: 'postgres',
  database: 'postgres',
  entities: [Category, Product],
  synchronize: true,
  dropSchema: true,
});
await source.initialize();
const tools = await source.getRepository('Category').save({ name: 'tools' });
await source.getRepository('Product').save([
  { title: 'Hammer', price: 9.5, category: tools },
  { title: 'Saw', price: 12, category: tools },
]);
console.log(
  (await source.getRepository('Product').find({ relations: { category: true }, order: { price: 'DESC' } })).map((item) => [
    item.title,
    item.price,
    item.category.name,
    item.made instanceof Date,
  ]),
);
console.log(
  await source
    .createQueryBuilder('Product', 'p')
    .select('SUM(p.price)', 'total')
    .leftJoin('p.category', 'c')
    .where('c.name = :name', { name: 'tools' })
    .getRawOne(),
);
console.log(
  await refusal(
    source.transaction(async (manager) => {
      await manager.delete('Product', { title: 'Saw' });
      await manager.save('Category', { name: 'tools' });
    }),
  ),
  await source.getRepository('Product').count(),
);
await source.destroy();
console.log(
  await refusal(
    new DataSource({
      type: 'postgres',
      host: '127.0.0.1',
      port: await closedPort(),
      username: 'x',
      database: 'x',
      entities: [],
    }).initialize(),
  ),
);
