import yargs from 'yargs';
import minimist from 'minimist';
import semver from 'semver';
console.log(await yargs(['--a', '1', '--no-b', '--c.d=2', 'x']).scriptName('t').option('a', { type: 'number' }).parse());
console.log(await yargs(['--help']).scriptName('t').usage('$0 [x]').option('q', { describe: 'quiet' }).exitProcess(false).getHelp());
console.log(
  minimist(['-abc', '--n=3', '--', 'z']),
  semver.satisfies('1.2.3', '^1.1'),
  semver.inc('1.2.3', 'minor'),
  semver.coerce('v3').version,
);
