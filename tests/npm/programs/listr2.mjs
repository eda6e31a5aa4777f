// listr2 does what it does on Node.
import { Listr } from 'listr2';
const tasks = new Listr(
  [
    {
      title: 'one',
      task: async (ctx, task) => {
        await new Promise((r) => setTimeout(r, 10));
        ctx.a = 1;
        task.output = 'working';
      },
    },
    {
      title: 'two',
      task: (_ctx, task) =>
        task.newListr([
          { title: 'sub', task: () => {} },
          { title: 'skipped', skip: () => 'no', task: () => {} },
        ]),
    },
    {
      title: 'fail',
      exitOnError: false,
      task: () => {
        throw new Error('bad');
      },
    },
  ],
  { renderer: 'simple', concurrent: false },
);
try {
  console.log(await tasks.run({}));
} catch (e) {
  console.log('ERR', e.message);
}
