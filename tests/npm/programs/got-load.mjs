// got: its options, hooks and errors, without a request.
import got, { HTTPError, Options, RequestError } from 'got';

const client = got.extend({
  prefixUrl: 'https://example.com/v1',
  headers: { 'x-client': 'test' },
  searchParams: { a: 1 },
  retry: { limit: 3 },
});
const { options } = client.defaults;
console.log(String(options.prefixUrl), options.headers['x-client'], String(options.searchParams), options.retry.limit, options.method);
console.log(new Options('https://a.test/x?y=1', { method: 'put', json: { a: 1 } }).url.href);
for (const wrong of [{ timeout: 'long' }, { unknownOption: 1 }, { url: 'not a url' }]) {
  try {
    console.log(new Options(wrong).url);
  } catch (error) {
    console.log(error.name, error.message.split(/[:\n]/)[0]);
  }
}
console.log(typeof got.get, typeof got.stream, typeof got.paginate, HTTPError.prototype instanceof RequestError);
