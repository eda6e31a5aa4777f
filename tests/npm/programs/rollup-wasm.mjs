import { rollup } from '@rollup/wasm-node';
const b = await rollup({
  input: 'm',
  plugins: [
    {
      name: 'v',
      resolveId: (x) => x,
      load: (id) => (id === 'm' ? 'import {a} from "n"; console.log(a)' : 'export const a = 1; export const unused = 2'),
    },
  ],
});
console.log((await b.generate({ format: 'es' })).output[0].code);
await b.close();
