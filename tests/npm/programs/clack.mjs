// @clack/prompts does what it does on Node.
import * as p from '@clack/prompts';
import { PassThrough, Writable } from 'node:stream';
let text = '';
const output = new Writable({
  write(c, _e, cb) {
    text += c;
    cb();
  },
});
const input = new PassThrough();
input.isTTY = true;
input.setRawMode = () => {};
const pr = p.text({ message: 'Name?', input, output });
setTimeout(() => {
  input.emit('keypress', 'b', { name: 'b' });
  input.emit('keypress', 'o', { name: 'o' });
  input.emit('keypress', '', { name: 'return' });
}, 30);
const v = await pr;
console.log(typeof v, text.includes('Name?'));
p.intro('hello');
p.log.info('info');
p.note('note', 'title');
p.outro('bye');
process.exit(0);
