// Servers: mongodb
// mongodb: documents of all types, cursors, aggregation, indexes, transactions, change streams, bulk writes, errors; mongoose over it.
import { Binary, BSON, Decimal128, Long, MongoClient, MongoServerError, ObjectId, Timestamp, UUID } from 'mongodb';
import mongoose from 'mongoose';
import { closedPort, refusal, servers, until } from './harness.mjs';

const url = `mongodb://${servers.mongodb.host}:${servers.mongodb.port}/?directConnection=true`;
const events = [];
const client = new MongoClient(url, { maxPoolSize: 5, monitorCommands: true });
client.on('commandSucceeded', (event) => events.push(event.commandName));
await client.connect();
const db = client.db('shop');
await db.dropDatabase();
const items = db.collection('items');
const _id = new ObjectId('0123456789abcdef01234567');
const inserted = await items.insertOne({
  _id,
  name: 'Tür ☃',
  price: Decimal128.fromString('12.50'),
  big: Long.fromString('9007199254740993'),
  made: new Date(0),
  tags: ['a', { b: null }],
  image: new Binary(Buffer.from([0, 255])),
  pattern: /x+/i,
  id: new UUID('00112233-4455-6677-8899-aabbccddeeff'),
  nested: { deep: { n: 1.5, t: true } },
  stamp: new Timestamp({ t: 1, i: 2 }),
});
console.log(inserted.acknowledged, inserted.insertedId.equals(_id));
console.log(BSON.EJSON.stringify(await items.findOne({ _id }), { relaxed: false }));
console.log((await items.findOne({ _id }, { promoteValues: false, projection: { price: 1, big: 1, _id: 0 } })).price.toString());
console.log((await items.insertMany(Array.from({ length: 500 }, (_, n) => ({ n, group: n % 3 })))).insertedCount);
console.log(await items.countDocuments({ n: { $lt: 100 } }), await items.distinct('group'));
let sum = 0;
for await (const item of items
  .find({ n: { $exists: true } })
  .sort({ n: -1 })
  .batchSize(50))
  sum += item.n;
console.log(
  'cursor',
  sum,
  await items
    .find({ n: { $gte: 490 } })
    .sort({ n: 1 })
    .skip(2)
    .limit(3)
    .map((item) => item.n)
    .toArray(),
);
console.log(
  await items
    .aggregate([
      { $match: { n: { $exists: true } } },
      { $group: { _id: '$group', total: { $sum: '$n' }, count: { $sum: 1 } } },
      { $sort: { _id: 1 } },
    ])
    .toArray(),
);
console.log((await items.updateMany({ group: 1 }, { $inc: { n: 1000 }, $set: { seen: true } })).modifiedCount);
console.log((await items.findOneAndUpdate({ n: 0 }, { $push: { list: { $each: [1, 2] } } }, { returnDocument: 'after' })).list);
const upserted = await items.updateOne({ name: 'new' }, { $set: { n: -1 } }, { upsert: true });
console.log(upserted.upsertedCount, (await items.deleteMany({ n: { $gt: 1400 } })).deletedCount);
console.log(
  await items.createIndex({ name: 1 }, { unique: true, sparse: true }),
  (await items.indexes()).map((index) => index.name),
);
const problem = await items.insertOne({ name: 'new' }).catch((error) => error);
console.log(problem instanceof MongoServerError, problem.code, problem.keyValue);
const bulk = await items.bulkWrite([
  { insertOne: { document: { n: 7000 } } },
  { updateOne: { filter: { n: 7000 }, update: { $set: { x: 1 } } } },
  { deleteOne: { filter: { n: 7000 } } },
]);
console.log(bulk.insertedCount, bulk.modifiedCount, bulk.deletedCount);
console.log(
  await refusal(items.findOne({ $nosuch: 1 })).then((text) => text.split(':')[0]),
  await refusal(db.command({ nosuch: 1 })).then((text) => text.split(':')[0]),
);
await items.insertOne({ name: 'large', text: 'x'.repeat(5_000_000) });
console.log(
  'large',
  (await items.findOne({ name: 'large' })).text.length,
  await refusal(items.insertOne({ text: 'x'.repeat(17_000_000) })).then((text) => text.split(':')[0]),
);
console.log(
  'many',
  (await Promise.all(Array.from({ length: 100 }, () => items.findOne({ _id })))).every((item) => item.name === 'Tür ☃'),
);

const session = client.startSession();
console.log(
  await refusal(
    session.withTransaction(async () => {
      await items.insertOne({ name: 'gone' }, { session });
      throw new RangeError('changed my mind');
    }),
  ),
  await items.findOne({ name: 'gone' }),
);
await session.withTransaction(() => items.insertOne({ name: 'kept' }, { session }));
await session.endSession();
console.log(await items.countDocuments({ name: 'kept' }));

const replicas = new MongoClient(url.replace('directConnection=true', ''), { serverSelectionTimeoutMS: 2000 });
const stream = replicas.db('shop').collection('items').watch([], { fullDocument: 'updateLookup' });
const changes = [];
stream.on('change', (change) => changes.push([change.operationType, change.fullDocument?.name]));
stream.on('error', (error) => changes.push(error.message));
await until(async () => {
  await items.updateOne({ name: 'kept' }, { $inc: { n: 1 } }, { upsert: true });
  await new Promise((resolve) => setTimeout(resolve, 20));
  return changes.length > 0;
});
console.log(changes[0]);
await stream.close();
await replicas.close();
console.log(['insert', 'find', 'getMore', 'aggregate', 'commitTransaction'].every((name) => events.includes(name)));

await mongoose.connect(url, { dbName: 'blog', autoCreate: false, autoIndex: false });
const author = new mongoose.Schema({
  name: { type: String, required: true },
  age: { type: Number, min: 0 },
  posts: [{ type: mongoose.Schema.Types.ObjectId, ref: 'Post' }],
});
author.virtual('shout').get(function () {
  return this.name.toUpperCase();
});
author.pre('save', function () {
  this.name = this.name.trim();
});
const Author = mongoose.model('Author', author);
const Post = mongoose.model('Post', new mongoose.Schema({ title: String }, { timestamps: true }));
await Author.deleteMany();
const post = await Post.create({ title: 'First' });
const ada = await Author.create({ name: '  Ada ', age: 36, posts: [post] });
console.log(
  ada.name,
  ada.shout,
  (
    await Author.findOne({ age: { $gt: 30 } })
      .populate('posts')
      .lean()
  ).posts.map((each) => each.title),
);
console.log((await refusal(Author.create({ age: -1 }))).split(': ').slice(0, 2).join(': '));
ada.age = 37;
console.log(ada.modifiedPaths(), (await ada.save()).age, await Author.countDocuments());
await mongoose.disconnect();

const nobody = new MongoClient(`mongodb://127.0.0.1:${await closedPort()}`, { serverSelectionTimeoutMS: 100 });
console.log(await refusal(nobody.connect()));
await nobody.close();
await client.close();
