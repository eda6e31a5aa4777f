// `node:querystring` and `node:punycode`.
import { spawnSync } from 'node:child_process';
import querystring from 'node:querystring';
import { createRequire } from 'node:module';
import { test, run, equal, deepEqual, ok, throws } from '../harness.mjs';

test('pairs are parsed, and repeated names become lists', () => {
  const parsed = querystring.parse('a=1&a=2&b=%20x+y&c&=d&e=%zz');
  deepEqual({ ...parsed }, { a: ['1', '2'], b: ' x y', c: '', '': 'd', e: '%zz' });
  equal(Object.getPrototypeOf(parsed), null);
  deepEqual({ ...querystring.parse('a:1;b:2', ';', ':') }, { a: '1', b: '2' });
  deepEqual({ ...querystring.parse('a=1&b=2&c=3', '&', '=', { maxKeys: 2 }) }, { a: '1', b: '2' });
  deepEqual({ ...querystring.parse('a=+', '&', '=', { decodeURIComponent: (text) => `<${text}>` }) }, { '<a>': '<%20>' });
});

test('an object becomes pairs; what is no primitive is left out', () => {
  equal(
    querystring.stringify({ a: [1, true, 'ü €😀'], b: {}, c: 5n, d: Number.NaN }),
    'a=1&a=true&a=%C3%BC%20%E2%82%AC%F0%9F%98%80&b=&c=5&d=',
  );
  equal(querystring.stringify({ a: 'b c' }, ';', ':', { encodeURIComponent: (text) => `(${text})` }), '(a):(b c)');
  equal(throws(() => querystring.escape('\ud800'), URIError).code, 'ERR_INVALID_URI');
  deepEqual([...querystring.unescapeBuffer('a%20%4x')], [97, 32, 37, 52, 120]);
});

test('host names are turned to ASCII and back', () => {
  process.noDeprecation = true;
  const punycode = createRequire(import.meta.url)('punycode');
  equal(punycode.toASCII('mañana.com'), 'xn--maana-pta.com');
  equal(punycode.toUnicode('xn--maana-pta.com'), 'mañana.com');
  equal(punycode.encode('他们为什么不说中文'), 'ihqwcrb4cv8a8dqg056pqjye');
  equal(punycode.decode('ihqwcrb4cv8a8dqg056pqjye'), '他们为什么不说中文');
  deepEqual(punycode.ucs2.decode('a😀'), [97, 0x1f600]);
  throws(() => punycode.decode('\x80-'), RangeError);
});

test('punycode is deprecated for programs, and nothing is said where a package loads it', () => {
  const told = (/** @type {string} */ program) => spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stderr;
  ok(told("require('punycode')").includes('DEP0040'));
  const inPackage = "require('vm').runInThisContext('load => load(`punycode`)', '/a/node_modules/b.js')";
  equal(told(`${inPackage}(require)`), '');
  ok(told(`${inPackage}(() => require('punycode'))`).includes('DEP0040'));
});

await run();
