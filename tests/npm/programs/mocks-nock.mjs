// nock: answers in place of servers, to requests of node:http and node:https.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import axios from 'axios';
import nock from 'nock';

for (const origin of ['http://api.example.org', 'https://api.example.org']) {
  const scope = nock(origin)
    .get('/things')
    .query({ page: '2' })
    .reply(200, { things: [1, 2] }, { 'x-total': '2' })
    .post('/things', { name: 'new' })
    .reply(201, 'made')
    .get('/broken')
    .replyWithError('no connection today');
  const found = await axios.get(`${origin}/things`, { params: { page: 2 } });
  console.log(origin, found.status, found.data, found.headers['x-total']);
  const made = await axios.post(`${origin}/things`, { name: 'new' });
  console.log(made.status, made.data);
  await axios.get(`${origin}/broken`).catch((error) => console.log(error.message));
  console.log(scope.isDone(), nock.pendingMocks());
}

nock('http://plain.example').get('/').reply(404, 'nothing', { 'content-type': 'text/plain' });
const request = http.get('http://plain.example/');
const [response] = await once(request, 'response');
response.setEncoding('utf8');
console.log(response.statusCode, response.headers['content-type'], (await response.toArray()).join(''));

nock('https://plain.example').put('/', 'body').reply(204);
const put = https.request('https://plain.example/', { method: 'PUT' });
put.end('body');
const [answer] = await once(put, 'response');
answer.resume();
console.log(answer.statusCode);

// What nobody stands in for goes to the real server, unless that is forbidden.
const server = http.createServer((_, given) => given.end('the real one')).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
console.log((await axios.get(`http://127.0.0.1:${port}/`)).data);
nock.disableNetConnect();
await axios.get(`http://127.0.0.1:${port}/`).catch((error) => console.log(error.code));
nock.enableNetConnect();
nock.restore();
console.log((await axios.get(`http://127.0.0.1:${port}/`)).data);
server.close();
server.closeAllConnections();
