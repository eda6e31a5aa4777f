import fetch, { Headers } from 'node-fetch';
import superagent from 'superagent';
console.log(typeof fetch, [...new Headers({ a: 'b' })], typeof superagent.get);
