import { graphql, buildSchema, parse, print } from 'graphql';
console.log(
  JSON.stringify(
    await graphql({
      schema: buildSchema('type Query { a(x: Int!): String b: [B] } type B { c: Int }'),
      source: '{ a(x: 2) b { c } }',
      rootValue: { a: ({ x }) => `x${x}`, b: async () => [{ c: 1 }] },
    }),
  ),
  print(parse('{a,b}')),
);
