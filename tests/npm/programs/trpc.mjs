// @trpc/server and zod do what they do on Node.
import { initTRPC, TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { z } from 'zod';
const t = initTRPC.context().create();
const router = t.router({
  hi: t.procedure.input(z.object({ n: z.string() })).query(({ input, ctx }) => `hi ${input.n} ${ctx.u}`),
  add: t.procedure
    .use(({ next, ctx }) => {
      if (!ctx.u) throw new TRPCError({ code: 'UNAUTHORIZED' });
      return next();
    })
    .input(z.number())
    .mutation(({ input }) => input + 1),
  it: t.procedure.subscription(async function* () {
    yield 1;
    yield 2;
  }),
});
const c = router.createCaller({ u: 'me' });
console.log(await c.hi({ n: 'x' }), await c.add(3));
try {
  await c.hi({ n: 3 });
} catch (e) {
  console.log(e.code, JSON.parse(e.message)[0].path);
}
try {
  await router.createCaller({}).add(1);
} catch (e) {
  console.log(e.code);
}
for await (const x of await c.it()) console.log(x);
const r = await fetchRequestHandler({
  endpoint: '/t',
  req: new Request(`http://x/t/hi?input=${encodeURIComponent('{"n":"f"}')}`),
  router,
  createContext: () => ({ u: 1 }),
});
console.log(r.status, await r.text());
