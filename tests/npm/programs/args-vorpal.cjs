// args and vorpal do what they do on Node.
const args = require('args');
args.option('port', 'The port', 3000).option('reload', 'r');
console.log(args.parse(['node', 'x', '-p', '8']));
const v = require('vorpal')();
v.command('foo <a>', 'Foo').action(function (a, cb) {
  this.log(`bar ${a.a}`);
  cb();
});
v.exec('foo 1', () => {
  v.ui.cancel();
  process.exit(0);
});
