// FileReader: the four forms, its events in their order, and abort.
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

function read(method, blob, ...given) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader[method](blob, ...given);
    equal(reader.readyState, FileReader.LOADING);
  });
}

test('every form', async () => {
  const blob = new Blob(['h\u00e9'], { type: 'text/plain' });
  equal(await read('readAsText', blob), 'h\u00e9');
  equal(await read('readAsText', new Blob([new Uint8Array([0xe9])]), 'latin1'), '\u00e9');
  equal(await read('readAsText', new Blob([new Uint8Array([0xff, 0xfe, 65, 0])])), 'A');
  equal(await read('readAsDataURL', blob), 'data:text/plain;base64,aMOp');
  equal(await read('readAsDataURL', new Blob(['a'])), 'data:application/octet-stream;base64,YQ==');
  equal(await read('readAsBinaryString', blob), 'h\u00c3\u00a9');
  deepEqual([...new Uint8Array(await read('readAsArrayBuffer', blob))], [104, 195, 169]);
});

test('the events come in order', async () => {
  const seen = [];
  await new Promise((resolve) => {
    const reader = new FileReader();
    for (const type of ['loadstart', 'progress', 'load', 'loadend']) {
      reader.addEventListener(type, (event) => {
        ok(event instanceof ProgressEvent);
        seen.push(`${type} ${event.loaded}`);
        if (type === 'loadend') resolve();
      });
    }
    reader.readAsText(new Blob(['abc']));
  });
  deepEqual(seen, ['loadstart 0', 'progress 3', 'load 3', 'loadend 3']);
});

test('abort tells so, and one read excludes another', () => {
  const seen = [];
  const reader = new FileReader();
  reader.onabort = () => seen.push('abort');
  reader.onloadend = () => seen.push('loadend');
  reader.onload = () => seen.push('load');
  reader.readAsText(new Blob(['abc']));
  throws(() => reader.readAsText(new Blob(['abc'])), DOMException);
  reader.abort();
  deepEqual(seen, ['abort', 'loadend']);
  equal(reader.result, null);
  throws(() => reader.readAsText('abc'), TypeError);
});

await run();
