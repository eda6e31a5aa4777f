// Servers: redis
// BullMQ: jobs, retries, delays, priorities, flows, progress, events, several workers.
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import { servers, until } from './harness.mjs';

const connection = { ...servers.redis, db: 3, maxRetriesPerRequest: null };
const queue = new Queue('mail', { connection });
const events = new QueueEvents('mail', { connection });
await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
const log = [];
events.on('progress', ({ data }) => log.push(`progress ${JSON.stringify(data)}`));
const tries = new Map();
const worker = new Worker(
  'mail',
  async (job) => {
    tries.set(job.name, (tries.get(job.name) ?? 0) + 1);
    if (job.name === 'flaky' && tries.get('flaky') < 3) throw new Error('try again');
    if (job.name === 'hopeless') throw new UnrecoverableError('never');
    if (job.name === 'slow') await job.updateProgress({ half: true });
    return { to: job.data.to, name: job.name };
  },
  { connection, concurrency: 4 },
);
worker.on('error', (error) => log.push(`error ${error.message}`));
const plain = await queue.add('plain', { to: 'ä@example.com' });
console.log(await plain.waitUntilFinished(events));
const flaky = await queue.add('flaky', { to: 'b' }, { attempts: 5, backoff: { type: 'fixed', delay: 10 } });
console.log(await flaky.waitUntilFinished(events), tries.get('flaky'), (await queue.getJob(flaky.id)).attemptsMade);
const hopeless = await queue.add('hopeless', {}, { attempts: 5 });
console.log(await hopeless.waitUntilFinished(events).catch((error) => error.message), tries.get('hopeless'));
const delayed = await queue.add('delayed', { to: 'later' }, { delay: 60 });
console.log(await delayed.getState(), await delayed.waitUntilFinished(events));
await (await queue.add('slow', {})).waitUntilFinished(events);
await until(() => log.length === 1);
console.log(log);
const jobs = await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: 'many', data: { to: n } })));
const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
console.log(
  results.length,
  results.every(({ to }, n) => to === n),
  await queue.getJobCounts('completed', 'failed', 'waiting'),
);
await queue.upsertJobScheduler('tick', { every: 50, limit: 2 }, { name: 'tick', data: { to: 'tick' } });
await until(() => tries.get('tick') >= 2);
await queue.removeJobScheduler('tick');
console.log('ticked', (await queue.getJobSchedulers()).length);

const order = [];
const flow = new FlowProducer({ connection });
const parts = new Worker(
  'parts',
  async (job) => {
    order.push(job.name);
    return job.data.n * 2;
  },
  { connection },
);
const whole = new Worker('whole', async (job) => Object.values(await job.getChildrenValues()).reduce((sum, n) => sum + n, 0), {
  connection,
});
const wholeEvents = new QueueEvents('whole', { connection });
await wholeEvents.waitUntilReady();
const tree = await flow.add({
  name: 'sum',
  queueName: 'whole',
  data: {},
  children: [1, 2, 3].map((n) => ({ name: `part ${n}`, queueName: 'parts', data: { n } })),
});
console.log(await tree.job.waitUntilFinished(wholeEvents), order.sort());
await queue.pause();
await queue.add('waits', {}, { priority: 2 });
console.log(await queue.isPaused(), await queue.getJobCountByTypes('prioritized', 'paused'));
await queue.obliterate({ force: true });
for (const each of [worker, parts, whole, events, wholeEvents, queue, flow]) await each.close();
console.log('closed');
