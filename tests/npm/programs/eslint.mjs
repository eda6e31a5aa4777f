import { ESLint, Linter } from 'eslint';
console.log(
  new Linter()
    .verify('var a = 1; if (a == 2) {}', [{ rules: { eqeqeq: 'error', 'no-empty': 'warn', 'no-var': 'error' } }])
    .map((m) => [m.ruleId, m.line, m.message]),
);
const e = new ESLint({ overrideConfigFile: true, overrideConfig: [{ rules: { 'prefer-const': 'error' } }], fix: true });
const [r] = await e.lintText('let a = 1; export { a }');
console.log(r.output, typeof (await e.loadFormatter('stylish')).format);
