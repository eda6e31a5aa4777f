// `node:dns`: the system's resolver, and what is refused.
import dns from 'node:dns';
import promises from 'node:dns/promises';
import { promisify } from 'node:util';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const called = (method, ...given) => new Promise((resolve) => method(...given, (...got) => resolve(got)));

test('literals are their own addresses, in both faces', async () => {
  deepEqual(await called(dns.lookup, '127.0.0.1'), [null, '127.0.0.1', 4]);
  deepEqual(await called(dns.lookup, '::1', { all: true }), [null, [{ address: '::1', family: 6 }]]);
  deepEqual(await promises.lookup('127.0.0.1', { family: 6 }), { address: '127.0.0.1', family: 4 });
  deepEqual(await promisify(dns.lookup)('::1'), { address: '::1', family: 6 });
  equal(dns.promises, promises);
});

test('names are looked up, in the order that is asked for', async () => {
  const [error, addresses] = await called(dns.lookup, 'localhost', { all: true });
  equal(error, null);
  ok(addresses.length > 0 && addresses.every(({ address, family }) => (family === 4 ? address.startsWith('127.') : address === '::1')));
  equal((await promises.lookup('localhost', 4)).family, 4);
  equal(dns.getDefaultResultOrder(), 'verbatim');
  dns.setDefaultResultOrder('ipv4first');
  equal(promises.getDefaultResultOrder(), 'ipv4first');
  dns.setDefaultResultOrder('verbatim');
  const { service } = await promises.lookupService('127.0.0.1', 22);
  ok(service === 'ssh' || service === '22');
});

test('servers can be set and read, and wrong arguments throw what they throw in Node', () => {
  const resolver = new dns.Resolver();
  resolver.setServers(['1.1.1.1', '[::1]:5353', '127.0.0.1:53']);
  deepEqual(resolver.getServers(), ['1.1.1.1', '[::1]:5353', '127.0.0.1']);
  const code = (call) => throws(call, Error).code;
  equal(
    code(() => resolver.setServers(['x'])),
    'ERR_INVALID_IP_ADDRESS',
  );
  equal(
    code(() => dns.lookup('a', { family: 7 }, () => {})),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => dns.lookup('a', { hints: 1e6 }, () => {})),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => dns.lookup('a')),
    'ERR_INVALID_ARG_TYPE',
  );
  equal(
    code(() => dns.lookup('', () => {})),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => dns.lookupService('127.0.0.1', 99999, () => {})),
    'ERR_SOCKET_BAD_PORT',
  );
  equal(
    code(() => dns.resolve('a', 'X', () => {})),
    'ERR_INVALID_ARG_VALUE',
  );
  equal(
    code(() => dns.reverse('x', () => {})),
    'EINVAL',
  );
  equal(
    code(() => new dns.Resolver({ tries: 0 })),
    'ERR_OUT_OF_RANGE',
  );
});

test('questions that nobody answers end with the codes of c-ares, in both faces', async () => {
  // Nobody listens there.
  const resolver = new dns.Resolver({ timeout: 200, tries: 1 });
  resolver.setServers(['127.0.0.1:9']);
  const [refused] = await called((name, tell) => resolver.resolveMx(name, tell), 'example.org');
  deepEqual([refused.code, refused.syscall, refused.hostname], ['ECONNREFUSED', 'queryMx', 'example.org']);
  equal(refused.message, 'queryMx ECONNREFUSED example.org');
  const waiting = new promises.Resolver({ timeout: 200, tries: 1 });
  waiting.setServers(['127.0.0.1:9']);
  equal((await waiting.resolve('example.org', 'TXT').catch((error) => error)).syscall, 'queryTxt');
  equal((await waiting.reverse('192.0.2.1').catch((error) => error)).syscall, 'getHostByAddr');
});

test('a question that is cancelled is rejected, and servers do not change meanwhile', async () => {
  const resolver = new promises.Resolver();
  resolver.setServers(['127.0.0.1:9']);
  const answer = resolver.resolve4('example.org');
  equal(throws(() => resolver.setServers(['127.0.0.1']), Error).code, 'ERR_DNS_SET_SERVERS_FAILED');
  resolver.cancel();
  equal((await answer.catch((error) => error)).code, 'ECANCELLED');
});

test('the names of an address that the machine lists need no server', async () => {
  ok((await promises.reverse('127.0.0.1')).includes('localhost'));
});

test('servers may change while the module asks, and a port of any kind is looked at', async () => {
  const before = dns.getServers();
  const answer = called(dns.resolve, 'name.invalid');
  dns.setServers(['127.0.0.1']);
  dns.setServers(before);
  await answer;
  equal(throws(() => dns.lookupService('127.0.0.1', Symbol('a'), () => {}), RangeError).code, 'ERR_SOCKET_BAD_PORT');
  equal(throws(() => dns.lookup('', { family: 'none' }), TypeError).code, 'ERR_INVALID_ARG_TYPE');
});

await run();
