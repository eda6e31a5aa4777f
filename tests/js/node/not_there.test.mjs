// Modules of servers and workers: they load, know what needs no connection, and name what is not there yet. Twinloop alone: Node has it all.
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import inspector from 'node:inspector';
import * as workers from 'node:worker_threads';
import { createRequire } from 'node:module';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const isTwinloop = process.versions.twinloop !== undefined;

test('what is not there yet is refused by its name', () => {
  if (!isTwinloop) return;
  const cases = [[() => new inspector.Session(), 'inspector.Session']];
  for (const [call, name] of cases) {
    const error = throws(call, Error);
    equal(error.code, 'ERR_METHOD_NOT_IMPLEMENTED');
    equal(error.message, `${name} is not there yet`);
  }
});

test('classes can be extended and prototypes made of them before anybody constructs one', () => {
  class Mine extends http.Agent {}
  equal(new Mine({ keepAlive: true }).keepAlive, true);
  class Server extends net.Server {}
  ok(Server.prototype instanceof net.Server);
  ok(typeof Object.create(http.IncomingMessage.prototype).on === 'function');
});

test('HTTP names are there, and what a header may hold is checked', () => {
  equal(http.STATUS_CODES[418], "I'm a Teapot");
  ok(http.METHODS.includes('PATCH'));
  equal(throws(() => http.validateHeaderName('a b'), TypeError).code, 'ERR_INVALID_HTTP_TOKEN');
  equal(throws(() => http.validateHeaderValue('a', '\n'), TypeError).code, 'ERR_INVALID_CHAR');
  equal(http2.constants.HTTP2_HEADER_STATUS, ':status');
  deepEqual([...http2.getPackedSettings({ enablePush: false })], [0, 2, 0, 0, 0, 0]);
});

test('a certificate is for the names that it says', () => {
  const cert = { subject: { CN: 'b.test' }, subjectaltname: 'DNS:*.a.test, IP Address:1.2.3.4' };
  equal(tls.checkServerIdentity('x.a.test', cert), undefined);
  equal(tls.checkServerIdentity('1.2.3.4', cert), undefined);
  equal(tls.checkServerIdentity('b.test', cert).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('the main thread knows that it is one', () => {
  deepEqual([workers.isMainThread, workers.threadId, workers.parentPort, workers.workerData], [true, 0, null, null]);
});

test('built-in modules are listed and made of names', () => {
  const require = createRequire(import.meta.url);
  const { builtinModules, isBuiltin } = process.getBuiltinModule('module');
  ok(builtinModules.includes('fs') && isBuiltin('node:fs') && !isBuiltin('nothing'));
  // Those that are deprecated say so on stderr.
  const quiet = builtinModules.filter((name) => name !== 'sys' && name !== 'punycode');
  for (const name of quiet) ok(require(name) === process.getBuiltinModule(name), name);
});

test('a module that is not there is named, with who wanted it', () => {
  const require = createRequire(import.meta.url);
  const error = throws(() => require('./nothing-here'), Error);
  equal(error.code, 'MODULE_NOT_FOUND');
  ok(error.message.startsWith("Cannot find module './nothing-here'\nRequire stack:\n- /"), error.message);
  equal(throws(() => require('node:nothing'), Error).message, 'No such built-in module: node:nothing');
});

await run();
