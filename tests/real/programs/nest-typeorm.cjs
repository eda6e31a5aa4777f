// Servers: postgresql
// NestJS with TypeORM over pg, as TypeScript compiles it: modules, validation, relations, transactions, guards, a WebSocket gateway's absence.
require('reflect-metadata');
const {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  UseGuards,
  ValidationPipe,
} = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { getRepositoryToken, TypeOrmModule } = require('@nestjs/typeorm');
const { IsEmail, IsInt, IsOptional, Length, Min } = require('class-validator');
const { Type } = require('class-transformer');
const { Column, CreateDateColumn, DataSource, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } = require('typeorm');

/** What TypeScript calls for decorators: of a member if there is a key, of a class otherwise. */
function decorate(decorators, target, key, descriptor) {
  return Reflect.decorate(decorators, target, key, descriptor);
}
const method = (owner, key, decorators, types = []) => {
  Reflect.defineMetadata('design:paramtypes', types, owner.prototype, key);
  decorate(decorators, owner.prototype, key, Object.getOwnPropertyDescriptor(owner.prototype, key));
};
const field = (owner, key, type, ...decorators) => {
  Reflect.defineMetadata('design:type', type, owner.prototype, key);
  decorate(decorators, owner.prototype, key, undefined);
};
const parameter = (index, decorator) => (target, key) => decorator(target, key, index);

class User {}
class Note {}
field(User, 'id', Number, PrimaryGeneratedColumn());
field(User, 'email', String, Column({ unique: true }));
field(
  User,
  'notes',
  Array,
  OneToMany(
    () => Note,
    (note) => note.owner,
    { cascade: true },
  ),
);
decorate([Entity('nest_user')], User);
field(Note, 'id', Number, PrimaryGeneratedColumn());
field(Note, 'text', String, Column());
field(Note, 'made', Date, CreateDateColumn());
field(
  Note,
  'owner',
  User,
  ManyToOne(
    () => User,
    (user) => user.notes,
    { onDelete: 'CASCADE' },
  ),
);
decorate([Entity('nest_note')], Note);

class NewUser {}
field(NewUser, 'email', String, IsEmail());
field(
  NewUser,
  'age',
  Number,
  IsInt(),
  Min(18),
  IsOptional(),
  Type(() => Number),
);
class NewNote {}
field(NewNote, 'text', String, Length(1, 20));

class KeyGuard {
  canActivate(context) {
    return context.switchToHttp().getRequest().headers['x-key'] === 'k';
  }
}
decorate([Injectable()], KeyGuard);

class Users {
  constructor(users, source) {
    this.users = users;
    this.source = source;
  }
  all(minimum) {
    return this.users
      .createQueryBuilder('u')
      .leftJoinAndSelect('u.notes', 'n')
      .where('u.id >= :minimum', { minimum })
      .orderBy('u.id')
      .addOrderBy('n.id')
      .getMany();
  }
  async one(id) {
    const user = await this.users.findOne({ where: { id }, relations: { notes: true } });
    if (!user) throw new NotFoundException(`no user ${id}`);
    return user;
  }
  add(user) {
    return this.users.save({ email: user.email });
  }
  async note(id, text) {
    return await this.source.transaction(async (manager) => {
      const owner = await manager.findOneByOrFail(User, { id });
      const note = await manager.save(Note, { text, owner });
      if (text === 'roll back') throw new NotFoundException('rolled back');
      return note.id > 0;
    });
  }
  async remove(id) {
    return (await this.users.delete(id)).affected;
  }
}
decorate(
  [Injectable(), (target) => Inject(getRepositoryToken(User))(target, undefined, 0), (target) => Inject(DataSource)(target, undefined, 1)],
  Users,
);

class UsersController {
  constructor(users) {
    this.users = users;
  }
  async list(minimum) {
    return (await this.users.all(minimum ?? 0)).map(({ id, email, notes }) => ({ id, email, notes: notes.map((note) => note.text) }));
  }
  async show(id) {
    const user = await this.users.one(id);
    return { email: user.email, notes: user.notes.length, dated: user.notes.every((note) => note.made instanceof Date) };
  }
  add(user) {
    return this.users.add(user);
  }
  note(id, note) {
    return this.users.note(id, note.text);
  }
  remove(id) {
    return this.users.remove(id);
  }
}
method(UsersController, 'list', [Get(), parameter(0, Query('minimum'))], [Number]);
method(UsersController, 'show', [Get(':id'), parameter(0, Param('id', ParseIntPipe))], [Number]);
method(UsersController, 'add', [Post(), parameter(0, Body())], [NewUser]);
method(
  UsersController,
  'note',
  [Post(':id/notes'), HttpCode(202), parameter(0, Param('id', ParseIntPipe)), parameter(1, Body())],
  [Number, NewNote],
);
method(UsersController, 'remove', [Delete(':id'), UseGuards(KeyGuard), parameter(0, Param('id', ParseIntPipe))], [Number]);
decorate([Controller('users'), (target) => Inject(Users)(target, undefined, 0)], UsersController);

(async () => {
  const { servers } = await import('./harness.mjs');
  class App {}
  const database = {
    type: 'postgres',
    host: servers.postgresql.host,
    port: servers.postgresql.port,
    username: 'postgres',
    database: 'postgres',
  };
  decorate(
    [
      Module({
        imports: [
          TypeOrmModule.forRoot({ ...database, entities: [User, Note], synchronize: true, dropSchema: true }),
          TypeOrmModule.forFeature([User, Note]),
        ],
        providers: [Users, KeyGuard],
        controllers: [UsersController],
      }),
    ],
    App,
  );
  const app = await NestFactory.create(App, { logger: ['error'] });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const ask = async (verb, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method: verb,
      body: body && JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
    console.log(verb, path, response.status, await response.text());
  };
  await ask('POST', '/users', { email: 'ada@example.com', age: '36', unknown: 1 });
  await ask('POST', '/users', { email: 'no address', age: 3 });
  await ask('POST', '/users', { email: 'bob@example.com' });
  await ask('POST', '/users/1/notes', { text: 'hällo' });
  await ask('POST', '/users/1/notes', { text: 'again' });
  await ask('POST', '/users/1/notes', { text: 'roll back' });
  await ask('POST', '/users/1/notes', { text: '' });
  await ask('GET', '/users');
  await ask('GET', '/users?minimum=2');
  await ask('GET', '/users/1');
  await ask('GET', '/users/99');
  await ask('GET', '/users/x');
  await ask('DELETE', '/users/1');
  await ask('DELETE', '/users/1', undefined, { 'x-key': 'k' });
  await ask('GET', '/users');
  await ask('GET', '/nowhere');
  await app.close();
  console.log('closed');
})();
