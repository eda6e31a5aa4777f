const debug = require('debug');
debug.enable('a:*');
debug.log = (...x) =>
  console.log(
    require('node:util')
      .format(...x)
      .replace(/\d{4}-.*?Z /, ''),
  );
debug('a:b')('x %o', { y: 1 });
debug('c')('no');
const bunyan = require('bunyan');
const out = [];
bunyan
  .createLogger({ name: 'n', streams: [{ type: 'raw', stream: { write: (r) => out.push([r.name, r.level, r.msg]) } }] })
  .warn('w %s', 1);
console.log(out);
const log4js = require('log4js');
log4js.configure({
  appenders: { o: { type: 'stdout', layout: { type: 'messagePassThrough' } } },
  categories: { default: { appenders: ['o'], level: 'info' } },
});
log4js.getLogger().info('log4js');
log4js.shutdown(() => console.log('shut'));
