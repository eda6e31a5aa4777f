// reflect-metadata, @nestjs/common, @nestjs/core, @nestjs/testing, @nestjs/config, @nestjs/event-emitter and @nestjs/schedule do what
// they do on Node.
require('reflect-metadata');
const { Module, Injectable } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { Test } = require('@nestjs/testing');
const { ConfigModule, ConfigService } = require('@nestjs/config');
const { EventEmitterModule, EventEmitter2, OnEvent } = require('@nestjs/event-emitter');
const { ScheduleModule, SchedulerRegistry } = require('@nestjs/schedule');
const dec = (ds, t, k, d) => Reflect.decorate(ds, t, k, d);
class Svc {
  onModuleInit() {
    console.log('init');
  }
  onApplicationShutdown() {
    console.log('shutdown');
  }
  hi() {
    return 'hi';
  }
}
dec([Injectable()], Svc);
class App {
  constructor(s, c, e) {
    this.s = s;
    this.c = c;
    this.e = e;
  }
  run() {
    this.e.emit('x', 5);
    return this.s.hi() + this.c.get('V');
  }
  on(p) {
    console.log('event', p);
  }
}
Reflect.defineMetadata('design:paramtypes', [Svc, ConfigService, EventEmitter2], App);
Object.defineProperty(
  App.prototype,
  'on',
  dec([OnEvent('x')], App.prototype, 'on', Object.getOwnPropertyDescriptor(App.prototype, 'on')) || {},
);
dec([Injectable()], App);
class Mod {}
dec(
  [
    Module({
      imports: [
        ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ V: 7 })] }),
        EventEmitterModule.forRoot(),
        ScheduleModule.forRoot(),
      ],
      providers: [Svc, App, { provide: 'TOK', useFactory: async () => 'tok' }],
    }),
  ],
  Mod,
);
(async () => {
  const app = await NestFactory.createApplicationContext(Mod, { logger: false });
  console.log(app.get(App).run(), app.get('TOK'), app.get(SchedulerRegistry).getTimeouts());
  await app.close();
  const t = await Test.createTestingModule({ imports: [Mod] })
    .overrideProvider(Svc)
    .useValue({ hi: () => 'mock' })
    .compile();
  console.log(((await t.resolve) ? t.get(App) : 0).s.hi());
  try {
    class Bad {}
    Reflect.defineMetadata('design:paramtypes', [class Missing {}], Bad);
    dec([Injectable()], Bad);
    class M2 {}
    dec([Module({ providers: [Bad] })], M2);
    await NestFactory.createApplicationContext(M2, { logger: false, abortOnError: false });
  } catch (e) {
    console.log(e.message.split('\n')[0].slice(0, 80));
  }
})();
