// URLPattern. Node runs it too.
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

test('groups of a path have names or numbers', () => {
  const pattern = new URLPattern({ pathname: '/books/:id(\\d+)/*' });
  ok(pattern.test('https://example.com/books/12/pages'));
  ok(!pattern.test('https://example.com/books/x/pages'));
  const { pathname } = pattern.exec('https://example.com/books/12/a/b');
  deepEqual({ ...pathname.groups }, { id: '12', 0: 'a/b' });
  equal(pattern.hasRegExpGroups, true);
});

test('a pattern may be written as a URL', () => {
  const pattern = new URLPattern('https://:sub.example.com/a{/:rest}?\\?q=*#top');
  const { protocol, hostname, pathname, search, hash } = pattern;
  deepEqual([protocol, hostname, pathname, search, hash], ['https', ':sub.example.com', '/a/:rest?', 'q=*', 'top']);
  ok(pattern.test('https://www.example.com/a?q=1#top'));
  ok(!pattern.test('http://www.example.com/a?q=1#top'));
});

test('a base gives what is missing, and case may not matter', () => {
  ok(new URLPattern('/x/*', 'https://example.com').test('/x/y', 'https://example.com'));
  ok(new URLPattern({ pathname: '/Abc' }, { ignoreCase: true }).test({ pathname: '/aBC' }));
  throws(() => new URLPattern('/x'), TypeError);
  throws(() => new URLPattern({ pathname: '/(' }), TypeError);
  throws(() => new URLPattern({ pathname: '/:a/:a' }), TypeError);
  equal(new URLPattern({ pathname: '/x' }).exec('not a URL'), null);
});

await run();
