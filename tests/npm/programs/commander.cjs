const { Command } = require('commander');
const program = new Command();
program
  .name('x')
  .version('1.2.3')
  .option('-d, --debug', 'debug')
  .option('-n, --num <n>', 'number', parseInt)
  .argument('<file>')
  .action((file, o) => console.log('action', file, o));
program.command('sub <a>').action((a) => console.log('sub', a));
program.parse(['node', 'x', '-d', '-n', '4', 'f.txt']);
console.log(program.helpInformation());
program.exitOverride();
program.configureOutput({ writeErr: (s) => console.log('err', s) });
try {
  program.parse(['node', 'x', '--nope']);
} catch (e) {
  console.log(e.code);
}
