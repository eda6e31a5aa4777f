// Servers: postgresql, redis
// GraphQL (yoga) over pg with DataLoader-like batches, subscriptions by server-sent events that Redis carries, errors and variables.
import http from 'node:http';
import { createSchema, createYoga, Repeater } from 'graphql-yoga';
import Redis from 'ioredis';
import pg from 'pg';
import { servers, until } from './harness.mjs';

const pool = new pg.Pool({ ...servers.postgresql, user: 'postgres', database: 'postgres' });
await pool.query('DROP TABLE IF EXISTS gql_books, gql_authors');
await pool.query(
  'CREATE TABLE gql_authors (id serial PRIMARY KEY, name text); CREATE TABLE gql_books (id serial PRIMARY KEY, title text, author int REFERENCES gql_authors)',
);
await pool.query("INSERT INTO gql_authors (name) VALUES ('Le Guin'), ('Lem')");
const redis = new Redis(servers.redis);
let queries = 0;
const schema = createSchema({
  typeDefs: `type Author { id: ID! name: String! books: [Book!]! }
    type Book { id: ID! title: String! author: Author! }
    type Query { books: [Book!]! author(id: ID!): Author broken: Int }
    type Mutation { addBook(title: String!, author: ID!): Book! }
    type Subscription { bookAdded: Book! }`,
  resolvers: {
    Query: {
      books: async () => (await pool.query('SELECT * FROM gql_books ORDER BY id')).rows,
      author: async (_, { id }) => (await pool.query('SELECT * FROM gql_authors WHERE id = $1', [id])).rows[0],
      broken: () => {
        throw new Error('secret');
      },
    },
    Book: {
      author: ({ author }, _args, context) => {
        context.wanted ??= {
          ids: new Set(),
          rows: new Promise((resolve) =>
            process.nextTick(async () => {
              queries += 1;
              const { ids } = context.wanted;
              context.wanted = undefined;
              const { rows } = await pool.query('SELECT * FROM gql_authors WHERE id = ANY($1::int[])', [[...ids]]);
              resolve(new Map(rows.map((row) => [row.id, row])));
            }),
          ),
        };
        context.wanted.ids.add(author);
        return context.wanted.rows.then((rows) => rows.get(author));
      },
    },
    Author: { books: async ({ id }) => (await pool.query('SELECT * FROM gql_books WHERE author = $1 ORDER BY id', [id])).rows },
    Mutation: {
      addBook: async (_, { title, author }) => {
        const { rows } = await pool.query('INSERT INTO gql_books (title, author) VALUES ($1, $2) RETURNING *', [title, author]);
        await redis.publish('books', JSON.stringify(rows[0]));
        return rows[0];
      },
    },
    Subscription: {
      bookAdded: {
        subscribe: () =>
          new Repeater(async (push, stop) => {
            const subscriber = redis.duplicate();
            subscriber.on('message', (_channel, text) => push({ bookAdded: JSON.parse(text) }));
            await subscriber.subscribe('books');
            await stop;
            subscriber.disconnect();
          }),
      },
    },
  },
});
const server = http.createServer(createYoga({ schema, logging: false })).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
const url = `http://127.0.0.1:${server.address().port}/graphql`;
const ask = async (query, variables) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return JSON.stringify(await response.json());
};
const stopped = new AbortController();
const events = await fetch(url, {
  method: 'POST',
  signal: stopped.signal,
  headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
  body: JSON.stringify({ query: 'subscription { bookAdded { title author { name } } }' }),
});
const heard = [];
const listening = (async () => {
  let text = '';
  for await (const chunk of events.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    heard.splice(0, heard.length, ...text.split('\n').filter((line) => line.startsWith('data: {')));
  }
})().catch((error) => error.name);
console.log(events.headers.get('content-type'));
await until(async () => (await redis.pubsub('NUMSUB', 'books'))[1] === 1);
console.log(await ask('mutation ($title: String!) { addBook(title: $title, author: 1) { id title } }', { title: 'The Dispossessed' }));
console.log(
  await ask('mutation { a: addBook(title: "Sölaris", author: 2) { id } b: addBook(title: "Fiasco", author: 2) { id author { name } } }'),
);
await until(() => heard.length === 3);
console.log(heard);
stopped.abort();
console.log(await listening);
queries = 0;
console.log(await ask('{ books { title author { name } } }'), queries);
console.log(await ask('{ author(id: 2) { name books { title author { id } } } none: author(id: 77) { name } }'));
console.log(await ask('{ nothing }'), await ask('{ broken }'), await ask('mutation { addBook(title: "x", author: 9) { id } }'));
console.log((await fetch(`${url}?query=${encodeURIComponent('{ books { id } }')}`)).status, (await fetch(url, { method: 'PUT' })).status);
await until(async () => (await redis.pubsub('NUMSUB', 'books'))[1] === 0);
server.close();
redis.disconnect();
await pool.end();
