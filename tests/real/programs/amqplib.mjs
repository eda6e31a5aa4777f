// Servers: rabbitmq
// amqplib: queues, exchanges, acknowledgements, prefetch, confirmed publishing, errors of channels and connections.
import amqp from 'amqplib';
import { closedPort, refusal, servers, told, until } from './harness.mjs';

const url = `amqp://guest:guest@${servers.rabbitmq.host}:${servers.rabbitmq.port}`;
const connection = await amqp.connect(url);
console.log(connection.connection.serverProperties.product);
const channel = await connection.createChannel();
const { queue } = await channel.assertQueue('', { exclusive: true });
console.log(queue.startsWith('amq.gen-'));
channel.sendToQueue(queue, Buffer.from('grüße'), {
  headers: { n: 1, list: ['a', true, null], nested: { x: 1.5 } },
  contentType: 'text/plain',
  messageId: 'm1',
});
await until(async () => (await channel.checkQueue(queue)).messageCount === 1);
const got = await channel.get(queue);
console.log(got.content.toString(), got.properties.headers, got.properties.contentType, got.fields.redelivered);
channel.nack(got);
await until(async () => (await channel.checkQueue(queue)).messageCount === 1);
const again = await channel.get(queue);
console.log(again.fields.redelivered, await channel.get(queue));
channel.ack(again);

await channel.assertExchange('logs', 'topic', { durable: false });
await channel.bindQueue(queue, 'logs', 'error.*');
await channel.prefetch(10);
const messages = [];
const { consumerTag } = await channel.consume(queue, (message) => {
  messages.push([message.fields.routingKey, message.content.length]);
  channel.ack(message);
});
for (let n = 0; n < 500; n++) channel.publish('logs', n % 2 ? 'error.disk' : 'info.disk', Buffer.alloc(n));
channel.publish('logs', 'error.large', Buffer.alloc(1_000_000, 'x'));
await until(() => messages.length === 251);
console.log(
  messages.slice(0, 3),
  messages.at(-1),
  messages.reduce((sum, [, length]) => sum + length, 0),
);
await channel.cancel(consumerTag);

const confirming = await connection.createConfirmChannel();
for (let n = 0; n < 100; n++) confirming.publish('', queue, Buffer.from(String(n)));
await confirming.waitForConfirms();
console.log('confirmed', (await confirming.checkQueue(queue)).messageCount, (await confirming.purgeQueue(queue)).messageCount);
const returned = new Promise((resolve) => confirming.once('return', resolve));
confirming.publish('', 'no such queue', Buffer.from('x'), { mandatory: true });
console.log('returned', (await returned).fields.replyText);

const replies = await channel.assertQueue('', { exclusive: true });
await channel.consume(
  queue,
  (message) =>
    channel.sendToQueue(message.properties.replyTo, Buffer.from(String(message.content * 2)), {
      correlationId: message.properties.correlationId,
    }),
  { noAck: true },
);
const answer = new Promise((resolve) => channel.consume(replies.queue, resolve, { noAck: true }));
channel.sendToQueue(queue, Buffer.from('21'), { replyTo: replies.queue, correlationId: 'c1' });
console.log('answered', await answer.then((message) => [message.content.toString(), message.properties.correlationId]));

const doomed = await connection.createChannel();
doomed.on('error', (error) => console.log('channel error', told(error)));
doomed.on('close', () => console.log('channel close'));
console.log(await refusal(doomed.checkQueue('no such queue')));
console.log(await refusal((async () => doomed.sendToQueue(queue, Buffer.from('x')))()));
const second = await connection.createChannel();
second.on('error', () => {});
console.log(await refusal(second.assertExchange('logs', 'fanout', { durable: false })));

console.log(await refusal(amqp.connect(`amqp://127.0.0.1:${await closedPort()}`)));
console.log(await refusal(amqp.connect(url.replace('guest:guest', 'guest:wrong'))));
const other = await amqp.connect(url, { clientProperties: { connection_name: 'other' }, heartbeat: 1 });
other.on('close', (error) => console.log('closed', error?.code));
await other.close();
await channel.deleteExchange('logs');
await connection.close();
console.log(await refusal((async () => channel.assertQueue('x'))()));
