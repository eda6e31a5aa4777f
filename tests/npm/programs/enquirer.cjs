// enquirer does what it does on Node.
const { Select, Input } = require('enquirer');
const { PassThrough } = require('node:stream');
(async () => {
  const p = new Select({
    name: 'color',
    message: 'Pick',
    choices: ['apple', 'grape', 'melon'],
    show: false,
    stdout: new PassThrough(),
    stdin: new PassThrough(),
  });
  p.once('run', async () => {
    await p.keypress(null, { name: 'down' });
    await p.submit();
  });
  console.log(await p.run());
  const i = new Input({ message: 'name?', initial: 'jon', show: false, stdin: new PassThrough(), stdout: new PassThrough() });
  i.once('run', async () => {
    for (const c of 'abc') await i.keypress(c, { name: c });
    await i.submit();
  });
  console.log(await i.run());
})();
