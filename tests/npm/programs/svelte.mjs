import { compile } from 'svelte/compiler';
const { js, css, warnings } = compile(
  '<script>let { name } = $props(); let n = $state(0);</script><h1 class="t">{name} {n}</h1>{#if n}<b>x</b>{/if}<style>.t{color:red}</style>',
  { generate: 'server', filename: 'App.svelte' },
);
console.log(js.code, css.code.includes('color:red'), warnings.length);
console.log(compile('<p>{a}</p>', { generate: 'client', filename: 'B.svelte' }).js.code.length);
