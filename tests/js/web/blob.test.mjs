// Blob, File and FormData. Runs on Node too.
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';

test('a Blob joins its parts', async () => {
  const blob = new Blob(['a', new Uint8Array([98]), new Uint8Array([99, 100]).buffer, new Blob(['e']), 1], { type: 'Text/Plain' });
  equal(blob.size, 6);
  equal(blob.type, 'text/plain');
  equal(await blob.text(), 'abcde1');
  equal(new Blob().size, 0);
  throws(() => new Blob('text'), TypeError);
});

test('slice counts from the end and clamps', async () => {
  const blob = new Blob(['0123456789'], { type: 'a/b' });
  const cases = [
    [[2, 5], '234'],
    [[-3], '789'],
    [[0, -8], '01'],
    [[5, 2], ''],
    [[], '0123456789'],
    [[20], ''],
    [[-20, 1], '0'],
  ];
  for (const [range, text] of cases) equal(await blob.slice(...range).text(), text);
  equal(blob.slice().type, '');
  equal(blob.slice(0, 1, 'c/d').type, 'c/d');
});

test('what leaves a Blob is a copy', async () => {
  const source = new Uint8Array([97]);
  const blob = new Blob([source]);
  source[0] = 98;
  new Uint8Array(await blob.arrayBuffer())[0] = 99;
  equal(await blob.text(), 'a');
});

test('a Blob streams', async () => {
  let text = '';
  for await (const chunk of new Blob(['x'.repeat(200_000)]).stream()) text += new TextDecoder().decode(chunk);
  equal(text.length, 200_000);
});

test('a type with a character outside of ASCII is empty', () => {
  equal(new Blob([], { type: 'ä/b' }).type, '');
});

test('a File has a name and a time', async () => {
  const before = Date.now();
  const file = new File(['abc'], 'a.txt', { type: 'text/plain' });
  ok(file instanceof Blob);
  deepEqual([file.name, file.size, file.type], ['a.txt', 3, 'text/plain']);
  ok(file.lastModified >= before);
  equal(new File([], 'x', { lastModified: 5 }).lastModified, 5);
  throws(() => new File([]), TypeError);
});

test('FormData keeps order, replaces with set and lists with getAll', () => {
  const form = new FormData();
  form.append('a', 1);
  form.append('b', '2');
  form.append('a', '3');
  deepEqual(
    [...form],
    [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ],
  );
  deepEqual(form.getAll('a'), ['1', '3']);
  form.set('a', 'x');
  deepEqual(
    [...form],
    [
      ['a', 'x'],
      ['b', '2'],
    ],
  );
  form.delete('a');
  ok(!form.has('a'));
  equal(form.get('a'), null);
});

test('a Blob in a FormData becomes a File', () => {
  const form = new FormData();
  form.append('a', new Blob(['x'], { type: 'c/d' }));
  form.append('b', new Blob(['x']), 'name.txt');
  const [a, b] = [form.get('a'), form.get('b')];
  ok(a instanceof File);
  deepEqual([a.name, a.type, b.name], ['blob', 'c/d', 'name.txt']);
  throws(() => form.append('c', 'text', 'name'), TypeError);
});

test('the buffer methods reject for a foreign receiver', async () => {
  await rejects(Blob.prototype.text.call({}), TypeError);
});

test('slice clamps and rounds its arguments to the nearest, from the middle to the even', async () => {
  const blob = new Blob(['abcdef']);
  equal(await blob.slice(0.5).text(), 'abcdef');
  equal(await blob.slice(1.5).text(), 'cdef');
  equal(await blob.slice(2.5).text(), 'cdef');
  equal(await blob.slice(-0.5).text(), 'abcdef');
  equal(await blob.slice(-1.5).text(), 'ef');
  equal(await blob.slice(Number.NaN, 1e300).text(), 'abcdef');
});

await run();
