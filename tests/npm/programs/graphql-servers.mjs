// @apollo/server, graphql-yoga, graphql-tag, @graphql-tools/schema, dataloader and graphql do what they do on Node.
import { ApolloServer } from '@apollo/server';
import { createYoga, createSchema } from 'graphql-yoga';
import gql from 'graphql-tag';
import { makeExecutableSchema } from '@graphql-tools/schema';
import DataLoader from 'dataloader';
import { graphql, GraphQLError, print, introspectionFromSchema } from 'graphql';
const s = new ApolloServer({
  typeDefs: 'type Query { hello(n: String!): String, err: Int, list: [I!]! } type I { id: ID, v: Int }',
  resolvers: {
    Query: {
      hello: (_, { n }, c) => `hi ${n}${c.u}`,
      err: () => {
        throw new GraphQLError('bad', { extensions: { code: 'X' } });
      },
      list: () => [{ id: 1 }, { id: 2 }],
    },
    I: { v: (p, _, c) => c.dl.load(p.id) },
  },
  includeStacktraceInErrorResponses: false,
});
const calls = [];
const dl = new DataLoader(async (k) => {
  calls.push(k);
  return k.map((x) => x * 10);
});
const r = await s.executeOperation(
  { query: 'query($n: String!) { hello(n: $n) list { id v } err }', variables: { n: 'x' } },
  { contextValue: { u: '!', dl } },
);
console.log(JSON.stringify(r.body.singleResult), calls);
await s.stop();
const y = createYoga({
  schema: createSchema({
    typeDefs: 'type Query { a: Int } type Subscription { c(from: Int!): Int }',
    resolvers: {
      Query: { a: () => 5 },
      Subscription: {
        c: {
          subscribe: async function* (_, { from }) {
            for (let i = from; i >= 0; i--) yield { c: i };
          },
        },
      },
    },
  }),
  logging: false,
});
const q = await y.fetch('http://y/graphql', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: '{ a }' }),
});
console.log(q.status, await q.text());
const sub = await y.fetch(`http://y/graphql?query=${encodeURIComponent('subscription{c(from:2)}')}`, {
  headers: { accept: 'text/event-stream' },
});
console.log((await sub.text()).trim());
console.log((await y.fetch('http://y/graphql', { headers: { accept: 'text/html' } })).headers.get('content-type'));
console.log(print(gql`query Q { a }`));
const ms = makeExecutableSchema({ typeDefs: 'type Query { z: Int @deprecated }', resolvers: { Query: { z: () => 1 } } });
console.log(JSON.stringify(await graphql({ schema: ms, source: '{ z q }' })), introspectionFromSchema(ms).__schema.types.length);
