// fs.Utf8Stream.
import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, run, equal, ok, deepEqual, skip, throws } from '../harness.mjs';

const { Utf8Stream } = fs;
const folder = mkdtempSync(join(tmpdir(), 'utf8-stream-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
let number = 0;
const newFile = () => join(folder, `file${(number += 1)}`);

if (Utf8Stream === undefined) {
  skip('Utf8Stream', 'this Node does not have it');
} else {
  for (const sync of [true, false]) {
    test(`what is written is in the file when it finishes (${sync ? 'at once' : 'later'})`, async () => {
      const dest = newFile();
      writeFileSync(dest, 'before\n');
      const stream = new Utf8Stream({ dest, sync });
      await once(stream, 'ready');
      ok(stream.fd > 2);
      equal(stream.file, dest);
      for (let line = 0; line < 1000; line += 1) stream.write(`Zeile ${line} 🎈\n`);
      stream.end();
      await once(stream, 'finish');
      equal(readFileSync(dest, 'utf8'), `before\n${Array.from({ length: 1000 }, (_, line) => `Zeile ${line} 🎈\n`).join('')}`);
      throws(() => stream.write('after'), Error);
    });

    test(`less than minLength waits for a flush (${sync ? 'at once' : 'later'})`, async () => {
      const dest = newFile();
      const stream = new Utf8Stream({ dest, sync, minLength: 4096 });
      await once(stream, 'ready');
      stream.write('waits');
      equal(readFileSync(dest, 'utf8'), '');
      stream.flushSync();
      equal(readFileSync(dest, 'utf8'), 'waits');
      stream.write(' again');
      await new Promise((resolve, reject) => stream.flush((error) => (error ? reject(error) : resolve())));
      equal(readFileSync(dest, 'utf8'), 'waits again');
      stream.destroy();
      await once(stream, 'close');
    });
  }

  test('a file is opened again, in a folder that is made', async () => {
    const first = join(folder, 'deep', 'er', 'one');
    const stream = new Utf8Stream({ dest: first, mkdir: true, append: false });
    await once(stream, 'ready');
    stream.write('one');
    const second = newFile();
    stream.reopen(second);
    await once(stream, 'ready');
    stream.write('two');
    stream.end();
    await once(stream, 'close');
    deepEqual([readFileSync(first, 'utf8'), readFileSync(second, 'utf8')], ['one', 'two']);
  });

  test('what is beyond maxLength is dropped and told', async () => {
    const stream = new Utf8Stream({ dest: newFile(), minLength: 100, maxLength: 10 });
    await once(stream, 'ready');
    const dropped = [];
    stream.on('drop', (data) => dropped.push(data));
    stream.write('12345');
    stream.write('too much');
    deepEqual(dropped, ['too much']);
    stream.destroy();
  });

  test('a file that cannot be opened is told', async () => {
    const stream = new Utf8Stream({ dest: join(folder, 'no', 'such', 'folder'), sync: false });
    const [error] = await once(stream, 'error');
    equal(error.code, 'ENOENT');
  });
}

await run();
