const winston = require('winston');
const { Writable } = require('node:stream');
const logger = winston.createLogger({
  level: 'debug',
  format: winston.format.combine(winston.format.splat(), winston.format.json()),
  transports: [
    new winston.transports.Stream({
      stream: new Writable({
        write(c, _e, d) {
          process.stdout.write(`W ${c}`);
          d();
        },
      }),
    }),
    new winston.transports.Console({ level: 'error', format: winston.format.simple() }),
  ],
});
logger.info('hi %s', 'you', { a: 1 });
logger.error(new Error('x').message);
logger.on('finish', () => console.log('finish'));
logger.end();
