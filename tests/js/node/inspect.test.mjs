// `util.inspect` writes what Node writes.
import { inspect } from 'node:util';
import { test, run, equal } from '../harness.mjs';
import cases from './inspect_cases.mjs';

for (const [source, expected, options] of cases) {
  const label = options === undefined ? source : `${source} with ${JSON.stringify(options)}`;
  // biome-ignore lint/security/noGlobalEval: the cases are source text, so that Node can be asked for the same
  test(`inspect ${label}`, () => equal(inspect(globalThis.eval(source), options), expected));
}

await run();
