// node:url beside the classes of the URL standard: the parts of older packages.
import url from 'node:url';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const parts = (text, ...more) => {
  const { protocol, slashes, auth, host, port, hostname, hash, search, query, pathname, path, href } = url.parse(text, ...more);
  return { protocol, slashes, auth, host, port, hostname, hash, search, query: query === null ? null : query, pathname, path, href };
};

test('parse cuts a URL by the old rules', () => {
  deepEqual(parts('http://user:pass@Sub.Example.com:8080/p/a?query=string#hash'), {
    protocol: 'http:',
    slashes: true,
    auth: 'user:pass',
    host: 'sub.example.com:8080',
    port: '8080',
    hostname: 'sub.example.com',
    hash: '#hash',
    search: '?query=string',
    query: 'query=string',
    pathname: '/p/a',
    path: '/p/a?query=string',
    href: 'http://user:pass@sub.example.com:8080/p/a?query=string#hash',
  });
  const seen = [
    [url.parse('/a/b?c=d').pathname, '/a/b'],
    [url.parse('//host/path').host, null],
    [url.parse('//host/path', false, true).host, 'host'],
    [url.parse('mailto:a@b.c').auth, 'a'],
    [url.parse('http://[::1]:80/x').hostname, '::1'],
    [url.parse('HTTP://EX.com\\a\\b?c\\d').href, 'http://ex.com/a/b?c%5Cd'],
    [url.parse('http://a.com/a b{c}').pathname, '/a%20b%7Bc%7D'],
    [url.parse('http://m\u00fcnchen.de/').hostname, 'xn--mnchen-3ya.de'],
    [url.parse('?a=1&a=2&b=', true).query.a.join(), '1,2'],
  ];
  for (const [actual, expected] of seen) equal(actual, expected);
  throws(() => url.parse(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('format and resolve', () => {
  const object = { protocol: 'http', hostname: 'a.com', port: 80, pathname: 'x', query: { a: 1, b: ['x', 'y'] }, hash: 'h' };
  equal(url.format(object), 'http://a.com:80/x?a=1&b=x&b=y#h');
  equal(url.format(new URL('http://u:p@a.com/x?y#z'), { auth: false, fragment: false, search: false }), 'http://a.com/x');
  equal(url.format({ pathname: 'a?b#c', search: 'x#y' }), 'a%3Fb%23c?x%23y');
  equal(url.resolve('/one/two/three', 'four'), '/one/two/four');
  equal(url.resolve('http://example.com/one', '/two'), 'http://example.com/two');
});

test('what is no URL is said in the words that programs compare', () => {
  const error = throws(() => new URL('a b', 'nothing'), TypeError);
  deepEqual([error.message, error.code, error.input, error.base], ['Invalid URL', 'ERR_INVALID_URL', 'a b', 'nothing']);
  equal(throws(() => new URL(), TypeError).code, 'ERR_MISSING_ARGS');
  equal(throws(() => URL.revokeObjectURL(), TypeError).code, 'ERR_MISSING_ARGS');
});

test('format leaves out what is falsy, and shows names as they are written', () => {
  const given = new URL('http://user:pass@xn--bcher-kva.example/a?b=1#c');
  equal(url.format(given, { auth: 0, fragment: '', search: false, unicode: 1 }), 'http://bücher.example/a');
  equal(throws(() => url.format(given, true), TypeError).code, 'ERR_INVALID_ARG_TYPE');
});

test('a link leads where the page that it stands on says', () => {
  const cases = [
    ['foo/bar', '../../../baz', '../../baz'],
    ['/foo', '..', '/'],
    ['http://user:pass@a.example/b/c?d', '?e#f', 'http://user:pass@a.example/b/c?e#f'],
    ['http://user:pass@a.example/b', 'http://a.example/c', 'http://user:pass@a.example/c'],
    ['http://user:pass@a.example/b', '//other.example', 'http://other.example/'],
    ['mailto:me@a.example?x', '?y', 'mailto:me@a.example?y'],
    ['foo:a/b', '../c', 'foo:c'],
    ['http://a.example/b', 'https:/c/d', 'https://c/d'],
    ['http://a.example/b//c/', './../d', 'http://a.example/b//d'],
  ];
  for (const [from, to, expected] of cases) equal(url.resolve(from, to), expected, `${from} ${to}`);
  equal(url.resolveObject(url.parse('http://a.example/b'), 'c').pathname, '/c');
  equal(url.parse('http:\\\\a.example\\b#\\c').href, 'http://a.example/b#%5Cc');
  equal(url.parse(' \bhttp://a\n.example/ ').host, 'a.example');
  equal(throws(() => url.parse('http://[::1\0]/'), TypeError).code, 'ERR_INVALID_URL');
  for (const each of ['git+ssh://git@a.example:b/c', 'http://a.example:8a/', 'https://a.example:.b.example']) {
    equal(throws(() => url.parse(each), TypeError).code, 'ERR_INVALID_ARG_VALUE', each);
  }
  equal(url.parse('http://a.example:/b').host, 'a.example');
});

test('Url may be called without new', () => {
  url.Url();
  ok(new url.Url() instanceof url.Url && url.parse('a:b').constructor === url.Url);
});

await run();
