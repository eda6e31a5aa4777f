// WebAssembly from a Response (https://webassembly.github.io/spec/web-api/#streaming-modules). Runs on Node too.
import { equal, ok, rejects, run, test } from '../harness.mjs';

// (module (import "m" "f" (func (result i32))) (func (export "g") (result i32) call 0))
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 1, 10, 6, 1, 4, 0, 16,
  0, 11,
]);
const response = (type = 'application/wasm', init = {}) => new Response(bytes, { ...init, headers: { 'content-type': type } });

test('a Response is compiled', async () => {
  const module = await WebAssembly.compileStreaming(response());
  ok(module instanceof WebAssembly.Module);
  equal(WebAssembly.Module.exports(module)[0].name, 'g');
});

test('a promise of a Response is instantiated with its imports', async () => {
  const { instance, module } = await WebAssembly.instantiateStreaming(Promise.resolve(response('application/wasm')), {
    m: { f: () => 42 },
  });
  equal(instance.exports.g(), 42);
  ok(module instanceof WebAssembly.Module);
});

test('what is no module by its type, its status or its bytes is refused', async () => {
  await rejects(WebAssembly.compileStreaming(response('text/plain')), TypeError);
  await rejects(WebAssembly.compileStreaming(response('application/wasm;x=y')), TypeError);
  await rejects(WebAssembly.compileStreaming(response('application/wasm', { status: 404 })), TypeError);
  await rejects(WebAssembly.compileStreaming(bytes), TypeError);
  await rejects(WebAssembly.compileStreaming(), TypeError);
  await rejects(
    WebAssembly.compileStreaming(new Response('x', { headers: { 'content-type': 'application/wasm' } })),
    WebAssembly.CompileError,
  );
  const used = response();
  await used.text();
  await rejects(WebAssembly.compileStreaming(used), TypeError);
});

await run();
