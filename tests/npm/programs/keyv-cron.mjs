import Keyv from 'keyv';
import cron from 'node-cron';
const kv = new Keyv();
await kv.set('a', 1);
console.log(await kv.get('a'), cron.validate('* * * * *'));
