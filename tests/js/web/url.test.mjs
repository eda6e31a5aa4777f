// URL and URLSearchParams.
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

test('the parts of a URL', () => {
  const url = new URL('https://user:pa%20ss@example.com:8080/a/b%20c?x=1&y=2#top');
  equal(url.href, 'https://user:pa%20ss@example.com:8080/a/b%20c?x=1&y=2#top');
  equal(url.origin, 'https://example.com:8080');
  equal(url.protocol, 'https:');
  equal(url.username, 'user');
  equal(url.password, 'pa%20ss');
  equal(url.host, 'example.com:8080');
  equal(url.hostname, 'example.com');
  equal(url.port, '8080');
  equal(url.pathname, '/a/b%20c');
  equal(url.search, '?x=1&y=2');
  equal(url.hash, '#top');
  equal(String(url), url.href);
  equal(JSON.stringify({ url }), `{"url":"${url.href}"}`);
});

test('parsing normalizes', () => {
  for (const [input, expected] of [
    ['HTTP://EXAMPLE.com:80/../a/./b', 'http://example.com/a/b'],
    ['http://example.com', 'http://example.com/'],
    ['http://münchen.de/ä', 'http://xn--mnchen-3ya.de/%C3%A4'],
    ['http://[::1]:3000/', 'http://[::1]:3000/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['file:///C:/x', 'file:///C:/x'],
    ['mailto:a@b.c', 'mailto:a@b.c'],
    ['data:text/plain,hi there', 'data:text/plain,hi there'],
    ['  https://a.b/c d  ', 'https://a.b/c%20d'],
    ['http://a.b/?', 'http://a.b/?'],
    ['http://a.b/#', 'http://a.b/#'],
    ['blob:https://a.b/uuid', 'blob:https://a.b/uuid'],
  ]) {
    equal(new URL(input).href, expected);
  }
  equal(new URL('http://a.b/?').search, '');
  equal(new URL('http://a.b/#').hash, '');
  equal(new URL('blob:https://a.b/uuid').origin, 'https://a.b');
  equal(new URL('file:///x').origin, 'null');
  equal(new URL('mailto:a@b.c').pathname, 'a@b.c');
  equal(new URL('data:x').origin, 'null');
});

test('a base resolves', () => {
  equal(new URL('../x?q', 'http://a.b/c/d/e').href, 'http://a.b/c/x?q');
  equal(new URL('//h/p', 'https://a.b').href, 'https://h/p');
  equal(new URL('#f', new URL('http://a.b/?q#g')).href, 'http://a.b/?q#f');
  equal(new URL('', 'http://a.b/c').href, 'http://a.b/c');
});

test('what is no URL is a TypeError with ERR_INVALID_URL', () => {
  for (const bad of ['', 'nothing', '/path', 'http://', 'http://a b', 'http://a:99999/', 'http://[::1']) {
    const error = throws(() => new URL(bad), { name: 'TypeError', code: 'ERR_INVALID_URL' });
    equal(error.input, bad);
    equal(URL.canParse(bad), false);
  }
  throws(() => new URL('x', 'y'), TypeError);
  throws(() => new URL(), TypeError);
  throws(() => URL('http://a.b'), TypeError);
  equal(URL.canParse('x', 'http://a.b'), true);
});

test('the setters follow the specification', () => {
  const url = new URL('http://a.b/c');
  url.protocol = 'https';
  url.host = 'x.y:81';
  url.pathname = 'p q';
  url.search = 'a=b c';
  url.hash = 'h';
  url.username = 'u:';
  url.password = 'p@';
  equal(url.href, 'https://u%3A:p%40@x.y:81/p%20q?a=b%20c#h');
  url.port = '443';
  equal(url.port, '');
  url.port = '8080abc';
  equal(url.port, '8080');
  url.port = 'abc';
  equal(url.port, '8080');
  url.protocol = 'mailto:';
  equal(url.protocol, 'https:');
  url.hostname = 'bad host';
  equal(url.hostname, 'x.y');
  url.search = '';
  url.hash = '';
  equal(url.href, 'https://u%3A:p%40@x.y:8080/p%20q');
  url.href = 'http://other/';
  equal(url.href, 'http://other/');
  throws(() => (url.href = 'no'), TypeError);
});

test('searchParams and search follow each other', () => {
  const url = new URL('http://a.b/?a=1&b=2');
  const params = url.searchParams;
  equal(url.searchParams, params);
  params.append('c', 'x y&z');
  equal(url.search, '?a=1&b=2&c=x+y%26z');
  params.delete('a');
  params.delete('b');
  params.delete('c');
  equal(url.href, 'http://a.b/');
  url.search = '?n=1';
  equal(params.get('n'), '1');
  url.href = 'http://c.d/?m=2';
  equal(params.get('n'), null);
  equal(params.get('m'), '2');
});

test('URLSearchParams from a string, pairs, a record and itself', () => {
  equal(String(new URLSearchParams('?a=1&b=2&a=3')), 'a=1&b=2&a=3');
  equal(
    String(
      new URLSearchParams([
        ['a', '1'],
        ['b', 2],
      ]),
    ),
    'a=1&b=2',
  );
  equal(String(new URLSearchParams({ a: 1, b: 'x y' })), 'a=1&b=x+y');
  equal(String(new URLSearchParams(new URLSearchParams('q=1'))), 'q=1');
  equal(String(new URLSearchParams(new Map([['m', '1']]))), 'm=1');
  equal(String(new URLSearchParams()), '');
  equal(String(new URLSearchParams('a&b=&=c&&')), 'a=&b=&=c');
  throws(() => new URLSearchParams([['a']]), TypeError);
  throws(() => new URLSearchParams([1]), TypeError);
});

test('the operations of URLSearchParams', () => {
  const params = new URLSearchParams('b=2&a=1&b=3');
  equal(params.size, 3);
  equal(params.get('b'), '2');
  equal(params.get('z'), null);
  deepEqual(params.getAll('b'), ['2', '3']);
  ok(params.has('a'));
  ok(params.has('b', '3'));
  ok(!params.has('b', '4'));
  params.set('b', 'x');
  equal(String(params), 'b=x&a=1');
  params.set('new', 'n');
  params.sort();
  equal(String(params), 'a=1&b=x&new=n');
  params.append('a', '2');
  params.delete('a', '1');
  equal(String(params), 'b=x&new=n&a=2');
  deepEqual(
    [...params],
    [
      ['b', 'x'],
      ['new', 'n'],
      ['a', '2'],
    ],
  );
  deepEqual([...params.keys()], ['b', 'new', 'a']);
  deepEqual([...params.values()], ['x', 'n', '2']);
  const seen = [];
  params.forEach((value, name, all) => {
    seen.push([value, name, all === params]);
  });
  deepEqual(seen[0], ['x', 'b', true]);
  equal(Object.prototype.toString.call(params.entries()), '[object URLSearchParams Iterator]');
});

test('form encoding and decoding', () => {
  equal(String(new URLSearchParams({ q: "*-._~!'()+ /é😀" })), 'q=*-._%7E%21%27%28%29%2B+%2F%C3%A9%F0%9F%98%80');
  const params = new URLSearchParams('a=%C3%A9&b=1+2&c=%zz&d=%ff&e=%2&f=%41%');
  equal(params.get('a'), 'é');
  equal(params.get('b'), '1 2');
  equal(params.get('c'), '%zz');
  equal(params.get('d'), '\ufffd');
  equal(params.get('e'), '%2');
  equal(params.get('f'), 'A%');
  equal(new URLSearchParams({ lone: '\ud800' }).get('lone'), '\ufffd');
});

test('fileURLToPath and pathToFileURL', async () => {
  const { fileURLToPath, pathToFileURL } = await import('node:url');
  equal(fileURLToPath('file:///a%20b/c'), '/a b/c');
  equal(fileURLToPath(new URL('file:///x')), '/x');
  equal(pathToFileURL('/a b/#c?').href, 'file:///a%20b/%23c%3F');
  equal(fileURLToPath(pathToFileURL('/ü/100%/x\\y')), '/ü/100%/x\\y');
  throws(() => fileURLToPath('http://x/'), { code: 'ERR_INVALID_URL_SCHEME' });
  throws(() => fileURLToPath('file:///a%2Fb'), { code: 'ERR_INVALID_FILE_URL_PATH' });
  throws(() => fileURLToPath(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

// Each of these was read differently from the standard by the parser that we had before (docs/design/urls.md).
test('URLs are read as the standard says, where parsers like to differ', () => {
  const cases = [
    ['file://host/C:/x', undefined, 'file://host/C:/x'],
    ['C|/x', 'file://host/dir/file', 'file://host/C:/x'],
    ['file:////foo', undefined, 'file:////foo'],
    ['//localhost//pig', 'file://lion/', 'file:////pig'],
    ['///test', 'http://example.org/', 'http://test/'],
    ['///example.org/../path', 'http://example.org/', 'http://example.org/path'],
    ['foo://h/^', undefined, 'foo://h/%5E'],
    ['http://h/^', undefined, 'http://h/%5E'],
    ['file:///w|/m', undefined, 'file:///w:/m'],
    ['http://faß.de/', undefined, 'http://xn--fa-hia.de/'],
    ['http://[::127.0.0.1]/', undefined, 'http://[::7f00:1]/'],
    ['http://0x7f.1/', undefined, 'http://127.0.0.1/'],
    ['web+demo:/.//not-a-host/', undefined, 'web+demo:/.//not-a-host/'],
    ['data:space   #x', undefined, 'data:space  %20#x'],
  ];
  for (const [input, base, href] of cases) {
    equal(new URL(input, base).href, href, input);
    equal(new URL(href).href, href, `${input} again`);
    ok(URL.canParse(input, base));
  }
  for (const [input, base] of [
    ['http://a:b@x y/', undefined],
    ['http://a%2fb/', undefined],
    ['http://1.2.3.4.5/', undefined],
    ['/relative', 'data:opaque'],
    ['x', 'no base'],
  ]) {
    throws(() => new URL(input, base), { code: 'ERR_INVALID_URL' });
    equal(URL.canParse(input, base), false);
    equal(URL.parse(input, base), null);
  }
});

test('a path does not become a host', () => {
  const url = new URL('non-spec:/');
  url.pathname = '/..//p';
  deepEqual([url.href, url.host, url.pathname], ['non-spec:/.//p', '', '//p']);
  equal(new URL(url.href).pathname, '//p');
  url.hostname = 'h';
  deepEqual([url.href, url.pathname], ['non-spec://h//p', '//p']);
});

test('parts that are missing are empty, and parts that are there are whole', () => {
  const parts = ({ protocol, username, password, host, hostname, port, pathname, search, hash }) =>
    [protocol, username, password, host, hostname, port, pathname, search, hash].join(' | ');
  const cases = {
    'http://h': 'http: |  |  | h | h |  | / |  | ',
    'http://h:80/?#': 'http: |  |  | h | h |  | / |  | ',
    'http://h:81?q#f': 'http: |  |  | h:81 | h | 81 | / | ?q | #f',
    'http://u@h/p': 'http: | u |  | h | h |  | /p |  | ',
    'http://u:@h/p': 'http: | u |  | h | h |  | /p |  | ',
    'http://:p@h/p': 'http: |  | p | h | h |  | /p |  | ',
    'http://u:p@[::1]:8080/a?b#c': 'http: | u | p | [::1]:8080 | [::1] | 8080 | /a | ?b | #c',
    'mailto:a@b': 'mailto: |  |  |  |  |  | a@b |  | ',
    'data:,x?y#z': 'data: |  |  |  |  |  | ,x | ?y | #z',
    'file:///p': 'file: |  |  |  |  |  | /p |  | ',
    'foo://': 'foo: |  |  |  |  |  |  |  | ',
    'foo:/.//p#f': 'foo: |  |  |  |  |  | //p |  | #f',
    'foo:?q': 'foo: |  |  |  |  |  |  | ?q | ',
    'foo:#f': 'foo: |  |  |  |  |  |  |  | #f',
  };
  for (const [input, expected] of Object.entries(cases)) equal(parts(new URL(input)), expected, input);
});

test('the text of URLSearchParams is kept and follows every change', () => {
  const url = new URL('http://a/?b=1&b=2');
  const { searchParams } = url;
  equal(searchParams.toString(), 'b=1&b=2');
  searchParams.append('c', 'x y~é😀(1)\t');
  equal(searchParams.toString(), 'b=1&b=2&c=x+y%7E%C3%A9%F0%9F%98%80%281%29%09');
  searchParams.set('c', "a b'~()\n&=+%");
  equal(searchParams.toString(), 'b=1&b=2&c=a+b%27%7E%28%29%0A%26%3D%2B%25');
  equal(url.search, '?b=1&b=2&c=a+b%27%7E%28%29%0A%26%3D%2B%25');
  searchParams.delete('b');
  searchParams.append('a', '\ud800');
  searchParams.sort();
  equal(`${searchParams}`, 'a=%EF%BF%BD&c=a+b%27%7E%28%29%0A%26%3D%2B%25');
  url.search = '?z=9';
  equal(searchParams.toString(), 'z=9');
  url.href = 'http://a/?y=8';
  equal(`${searchParams}`, 'y=8');
  equal(new URLSearchParams('=&&a&b=c=d&=e&+%20=%zz+').toString(), '=&a=&b=c%3Dd&=e&++=%25zz+');
});

test('an iterator over parameters is shown with what is left', async () => {
  const { inspect } = await import('node:util');
  const pairs = new URLSearchParams('a=1&b=2').entries();
  equal(inspect(pairs), "URLSearchParams Iterator { [ 'a', '1' ], [ 'b', '2' ] }");
  pairs.next();
  equal(inspect(pairs), "URLSearchParams Iterator { [ 'b', '2' ] }");
  equal(inspect(new URLSearchParams().keys()), 'URLSearchParams Iterator {  }');
});

test('a base whose host is none is refused, also by an address that does not need it', () => {
  throws(() => new URL('about:blank', 'http://a.b.c.xn--pokxncvks'), TypeError);
  equal(URL.canParse('about:blank', 'http://a.b.c.xn--pokxncvks'), false);
  equal(new URL('about:blank', 'http://xn--nxasmq6b/').href, 'about:blank');
});

await run();
