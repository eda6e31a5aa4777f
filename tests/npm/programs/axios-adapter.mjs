import axios, { AxiosError, AxiosHeaders } from 'axios';
console.log(
  typeof axios.get,
  axios.defaults.timeout,
  axios.getUri({ url: '/a', params: { x: [1, 2] } }),
  new AxiosHeaders({ 'Content-Type': 'x' }).get('content-type'),
);
const client = axios.create({
  baseURL: 'http://h/',
  adapter: async (config) => ({ data: { url: config.url, m: config.method }, status: 200, headers: {}, config }),
});
client.interceptors.request.use((c) => {
  c.url += '?i';
  return c;
});
console.log((await client.post('/p', { a: 1 })).data);
console.log(
  await client
    .get('/x', {
      adapter: async (config) => {
        throw new AxiosError('no', 'E', config);
      },
    })
    .catch((e) => [e.name, e.code, e.message]),
);
