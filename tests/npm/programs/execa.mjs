import { execa, execaSync, $ } from 'execa';
console.log(
  (await execa('echo', ['hi'])).stdout,
  execaSync('sh', ['-c', 'echo err >&2; exit 3'], { reject: false }).exitCode,
  (await $`echo ${'a b'}`).stdout,
);
console.log((await execa('cat', { input: 'in' })).stdout);
console.log(await execa('sh', ['-c', 'exit 2']).catch((e) => [e.exitCode, e.shortMessage]));
for await (const line of execa('printf', ['a\nb\n'])) console.log(line);
console.log(await execa('sleep', ['10'], { timeout: 20 }).catch((e) => e.timedOut));
