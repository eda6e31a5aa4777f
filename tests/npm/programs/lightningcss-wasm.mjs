// lightningcss-wasm does what it does on Node.
import init, { transform } from 'lightningcss-wasm';
await init();
console.log(
  new TextDecoder().decode(
    transform({
      filename: 'a.css',
      code: new TextEncoder().encode('.a { .b & { color: oklch(40% 0.2 120); } inset: 1px }'),
      minify: true,
      targets: { safari: 9 << 16 },
    }).code,
  ),
);
