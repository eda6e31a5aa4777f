// Servers: postgresql
// SQLAlchemy from JavaScript: one set of models on SQLite, sync and async, and on PostgreSQL; queries, sessions, and what is refused.
import { Author, Base, Book } from 'python:models';
import { add } from 'python:operator';
import { and_, create_engine, func, select, text } from 'python:sqlalchemy';
import { async_sessionmaker, create_async_engine } from 'python:sqlalchemy.ext.asyncio';
import { Session, selectinload } from 'python:sqlalchemy.orm';
import { StaticPool } from 'python:sqlalchemy.pool';

const { host, port } = JSON.parse(process.env.SERVERS).postgresql;

const refusal = async (work) => {
  try {
    return await work();
  } catch (error) {
    return `${error.name}: ${error.message.split('\n')[0].slice(0, 70)}`;
  }
};

const people = () => [
  Author.callKwargs({
    name: 'Le Guin',
    books: [Book.callKwargs({ title: 'The Dispossessed', year: 1974 }), Book.callKwargs({ title: 'Lavinia', year: 2008 })],
  }),
  Author.callKwargs({ name: 'Borges', books: [Book.callKwargs({ title: 'Ficciones', year: 1944 })] }),
];
const counts = select(Author.name, func.count(Book.id).label('books')).join(Author.books).group_by(Author.name).order_by(Author.name);
const old = select(Book)
  .where(and_(Book.year.between(1900, 2000), Book.title.like('%s%')))
  .order_by(Book.year.desc());

// SQLite, at once.
const engine = create_engine('sqlite://');
Base.metadata.create_all(engine);
const session = Session(engine);
session.add_all(people());
session.commit();
for (const row of session.execute(counts)) console.log(row.name, row.books);
console.log(
  session
    .scalars(old)
    .all()
    .map((book) => `${book.title} by ${book.author.name}`),
);
const first = session.get(Author, 1);
first.books.append(Book.callKwargs({ title: 'Tehanu', year: 1990 }));
first.name = 'Ursula K. Le Guin';
console.log(session.dirty.has(first), session.new.length);
session.commit();
console.log(session.scalar(select(func.sum(Book.year)).where(Book.author_id.in_([1, 3]))));
console.log(session.execute(text('SELECT title FROM books WHERE year = :year'), { year: 1990 }).scalar_one());
session.add(Author.callKwargs({ name: 'Borges' }));
console.log(await refusal(() => session.commit()));
console.log(await refusal(() => session.scalar(select(1))));
session.rollback();
console.log(session.scalar(select(func.count()).select_from(Author)));
console.log(await refusal(() => Book.callKwargs({ title: 'Later', year: 3000 })));
console.log(await refusal(() => Book.callKwargs({ subtitle: 'none' })));
console.log(await refusal(() => session.execute(text('SELECT nothing FROM nowhere'))));
console.log(await refusal(() => session.execute(select(Book).where(Book.id.in_([1, 2, 3]))).scalar_one()));
session.close();

// The same asynchronously, in memory and in PostgreSQL.
const engines = {
  aiosqlite: create_async_engine.callKwargs('sqlite+aiosqlite://', { poolclass: StaticPool }),
  asyncpg: create_async_engine.callKwargs(`postgresql+asyncpg://postgres@${host}:${port}/postgres`, { pool_size: 5 }),
};
for (const [name, engine] of Object.entries(engines)) {
  console.log(`${name}:`);
  const newSession = async_sessionmaker.callKwargs(engine, { expire_on_commit: false });
  const session = newSession();
  // Python's own function: one of JavaScript's would be on the stack of the greenlet that waits for the database.
  const connection = await engine.connect();
  await connection.run_sync(Base.metadata.create_all);
  await connection.commit();
  session.add_all(people());
  await session.commit();
  for (const row of await session.execute(counts)) console.log(' ', row.name, row.books);
  const found = await session.scalars(select(Author).options(selectinload(Author.books)).order_by(Author.id));
  for (const author of found)
    console.log(
      ' ',
      author.name,
      author.books.map((book) => book.year),
    );
  const book = await session.scalar(old);
  console.log(' ', book.title, (await book.awaitable_attrs.author).name);
  const titles = [];
  for await (const title of await session.stream_scalars(select(Book.title).order_by(Book.id))) titles.push(title);
  console.log(' ', titles);

  // A transaction that JavaScript gives up.
  session.add(Author.callKwargs({ name: 'Nobody' }));
  await session.flush();
  await session.rollback();
  session.add(Author.callKwargs({ name: 'Borges' }));
  console.log(' ', (await refusal(() => session.commit())).split(' ')[0]);
  await session.rollback();
  console.log(' ', await session.scalar(select(func.count(Author.id))));

  // Ten sessions at once.
  const years = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const session = newSession();
      try {
        return await session.scalar(select(add(func.max(Book.year), n)));
      } finally {
        await session.close();
      }
    }),
  );
  console.log(' ', years.join());
  await session.close();
  await connection.run_sync(Base.metadata.drop_all);
  await connection.commit();
  await connection.close();
  await engine.dispose();
}
