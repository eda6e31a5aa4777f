const spawn = require('cross-spawn');
const shell = require('shelljs');
console.log(spawn.sync('echo', ['x']).stdout.toString());
shell.config.silent = true;
console.log(shell.exec('echo shell').stdout, shell.which('sh') != null);
