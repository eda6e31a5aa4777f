import * as undici from 'undici';
console.log(typeof undici.request, typeof undici.Agent, typeof undici.fetch);
