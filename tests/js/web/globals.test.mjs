// The global object: every name that it promises is there. The files behind the names are loaded when a name is first read.
import { test, run, equal, ok } from '../harness.mjs';

test('every name of the global object has something behind it', () => {
  const names = Object.getOwnPropertyNames(globalThis);
  for (const name of ['URL', 'fetch', 'process', 'structuredClone', 'ReadableStream']) ok(names.includes(name), name);
  // Jest copies every global by its descriptor.
  for (const name of names) ok(Object.getOwnPropertyDescriptor(globalThis, name) !== undefined, name);
  for (const name of names) ok(name === 'undefined' || globalThis[name] !== undefined, name);
  // `location` is there with --location only.
  equal(names.includes('location'), false);
});

await run();
