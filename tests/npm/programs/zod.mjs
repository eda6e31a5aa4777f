import { z } from 'zod';
const User = z.object({
  name: z.string().min(2),
  age: z.coerce.number().int().positive(),
  tags: z.array(z.enum(['a', 'b'])).default([]),
  when: z.string().datetime().optional(),
});
console.log(User.parse({ name: 'Ann', age: '7' }));
const r = User.safeParse({ name: 'A', age: -1, tags: ['x'] });
console.log(
  r.success,
  r.error.issues.map((i) => [i.path.join('.'), i.code, i.message]),
);
console.log(
  await z
    .string()
    .refine(async (s) => s.length > 1)
    .parseAsync('ab'),
);
