import ora from 'ora';
import { PassThrough } from 'node:stream';
const stream = new PassThrough();
let text = '';
stream.on('data', (d) => {
  text += d;
});
const s = ora({ text: 'load', stream, isEnabled: false }).start();
s.succeed('done');
await new Promise((r) => setTimeout(r, 5));
console.log(JSON.stringify(text));
