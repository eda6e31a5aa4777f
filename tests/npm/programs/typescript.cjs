const ts = require('typescript');
console.log(
  ts.transpileModule('enum A { B = 1 } const x: number = A.B; export default x', {
    compilerOptions: { module: 'commonjs', target: 'es2020' },
  }).outputText,
);
const host = ts.createCompilerHost({});
const get = host.getSourceFile;
host.getSourceFile = (n, v) => (n === 'a.ts' ? ts.createSourceFile(n, 'const s: string = 1;', v) : get(n, v));
console.log(
  ts
    .getPreEmitDiagnostics(ts.createProgram(['a.ts'], { types: [] }, host))
    .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n')),
);
