import knex from 'knex';
import { sql } from 'drizzle-orm';
import { pgTable, integer, PgDialect } from 'drizzle-orm/pg-core';
console.log(knex({ client: 'pg' })('t').where({ a: 1 }).select('b').toString());
const t = pgTable('t', { id: integer('id') });
console.log(new PgDialect().sqlToQuery(sql`select ${t.id} from ${t} where ${t.id} = ${5}`));
