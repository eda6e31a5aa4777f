// fast-check does what it does on Node.
import fc from 'fast-check';
fc.assert(fc.property(fc.array(fc.integer()), (a) => [...a].sort((x, y) => x - y).every((v, i, s) => !i || s[i - 1] <= v)));
try {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), (n) => n < 100),
    { seed: 42 },
  );
} catch (e) {
  console.log(e.message.split('\n').slice(0, 5).join('\n'));
}
console.log(
  fc
    .sample(fc.record({ a: fc.string(), b: fc.date({ noInvalidDate: true }), u: fc.uuid(), f: fc.float(), bi: fc.bigInt() }), {
      seed: 7,
      numRuns: 3,
    })
    .map((x) => fc.stringify(x))
    .join('\n'),
);
await fc.assert(fc.asyncProperty(fc.emailAddress(), async (e) => e.includes('@')));
console.log(
  await fc
    .check(
      fc.asyncProperty(fc.scheduler(), async (s) => {
        const r = [];
        s.schedule(Promise.resolve(1)).then((v) => r.push(v));
        await s.waitAll();
        return r.length === 1;
      }),
    )
    .then((d) => d.failed),
);
