// The global object: every name that it promises is there. The files behind the names are loaded when a name is first read.
import { test, run, ok } from '../harness.mjs';

test('every name of the global object has something behind it', () => {
  const names = Object.getOwnPropertyNames(globalThis);
  for (const name of ['URL', 'fetch', 'process', 'structuredClone', 'ReadableStream']) ok(names.includes(name), name);
  // `location` is there with --location only.
  const absent = ['undefined', 'location'];
  for (const name of names) ok(absent.includes(name) || globalThis[name] !== undefined, name);
});

await run();
