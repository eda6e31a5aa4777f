// What the bridge tests import from Python.
export async function fetchData() {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { answer: 42, list: [1, 2.5, 'three', null, true] };
}

export const constants = {
  integer: 7, float: 1.5, minusZero: -0, big: 2n ** 70n, text: 'héllo \u{1F600}', lone: '\ud800', no: false,
  nothing: undefined, none: null, safe: Number.MAX_SAFE_INTEGER, unsafe: 2 ** 53,
};

export const identity = (value) => value;
export const typeName = (value) => (value === null ? 'null' : typeof value);
export const same = (a, b) => a === b;
export const describe = (value) => String(value);

export class Counter {
  #count = 0;
  constructor(start = 0) { this.#count = start; }
  increment(by = 1) { this.#count += by; return this.#count; }
  get value() { return this.#count; }
  set value(count) { this.#count = count; }
}

export function fail(message) { throw new RangeError(message, { cause: new Error('the reason') }); }
export async function failLater(message) { await null; throw new TypeError(message); }
export function throwText() { throw 'just text'; }
export function* numbers(count) { for (let i = 0; i < count; i++) yield i; }
export async function* slowNumbers(count) {
  for (let i = 0; i < count; i++) { await new Promise((resolve) => setTimeout(resolve, 1)); yield i; }
}
export const map = new Map([['a', 1], ['b', { nested: [1] }]]);
export const set = new Set([1, 2, 3]);
export const bytes = new Uint8Array([1, 2, 3]);
export const options = (first, named) => [first, named.depth, named.name];
export const call = (f, ...values) => f(...values);
export const callNamed = (f) => f.callKwargs(1, { b: 2 });
export async function awaitIt(coroutine) { return await coroutine; }
export async function awaitCall(f, ...values) { return [await f(...values), 'from JavaScript']; }
export async function catchIt(f) {
  try { await f(); } catch (error) { return [error.name, error.message, error.stack, error]; }
  return undefined;
}
export const rethrow = async (f) => { await f(); };
export async function order(log) {
  log('js start');
  await null;
  log('js microtask');
  await new Promise((resolve) => setTimeout(resolve, 0));
  log('js timer');
}
export const iterate = (items) => [...items];
export async function iterateAsync(items) { const all = []; for await (const item of items) all.push(item); return all; }
export const attributes = (object) => [object.x, object.method(2), 'x' in object, 'y' in object, object.y];
export function setAttribute(object) { object.y = 'set from JavaScript'; }
export const dictionary = (dict) => [dict.a, 'a' in dict, dict.missing, dict.length];
export const array = (list) => [list.length, list[0], list.at(-1), list.map((item) => item * 2), list.join('-')];
export const copy = (value) => JSON.stringify(value.toJs());
export const never = () => new Promise(() => {});
export function recurse() { return recurse(); }
