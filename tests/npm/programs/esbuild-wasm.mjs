import * as esbuild from 'esbuild-wasm';
console.log((await esbuild.transform('let x: number = 1; export const f = <T,>(a: T) => a ?? x', { loader: 'tsx', minify: true })).code);
console.log(
  (
    await esbuild.build({
      stdin: { contents: 'import {a} from "./n"; console.log(a)', resolveDir: '/' },
      bundle: true,
      write: false,
      plugins: [
        {
          name: 'v',
          setup(b) {
            b.onResolve({ filter: /n$/ }, () => ({ path: 'n', namespace: 'v' }));
            b.onLoad({ filter: /.*/, namespace: 'v' }, () => ({ contents: 'export const a = 7' }));
          },
        },
      ],
    })
  ).outputFiles[0].text,
);
await esbuild.stop();
