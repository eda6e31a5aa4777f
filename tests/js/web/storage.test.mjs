// localStorage and sessionStorage: methods and properties, the quota. What a file keeps is tested with the command.
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

for (const name of ['localStorage', 'sessionStorage']) {
  test(`${name} holds texts by their names`, () => {
    const storage = globalThis[name];
    storage.clear();
    storage.setItem('a', 1);
    storage.b = { toString: () => 'two' };
    deepEqual([storage.a, storage.getItem('b'), storage.length, storage.key(0)], ['1', 'two', 2, 'a']);
    deepEqual(Object.keys(storage), ['a', 'b']);
    ok('a' in storage);
    delete storage.a;
    storage.removeItem('b');
    deepEqual([storage.length, storage.getItem('a'), storage.a], [0, null, undefined]);
    storage.setItem('length', 'x');
    deepEqual([storage.length, storage.getItem('length')], [1, 'x']);
    storage.clear();
  });
}

test('what is too much is refused, and leaves what was there', () => {
  sessionStorage.setItem('a', 'old');
  try {
    sessionStorage.setItem('a', 'x'.repeat(6_000_000));
    ok(false);
  } catch (error) {
    ok(error instanceof QuotaExceededError && error instanceof DOMException);
    equal(error.name, 'QuotaExceededError');
    deepEqual([error.requested, error.quota], [null, null]);
  }
  equal(sessionStorage.a, 'old');
  throws(() => new Storage(), TypeError);
});

test('a storage event says what it was made with', () => {
  const event = new StorageEvent('storage', { key: 'a', newValue: 1, url: 'here', storageArea: sessionStorage });
  equal(event instanceof Event, true);
  equal([event.key, event.oldValue, event.newValue, event.url].join(), 'a,,1,here');
  equal(event.storageArea, sessionStorage);
  event.initStorageEvent('other', true);
  equal([event.type, event.bubbles, event.key, event.url, event.storageArea].join(), 'other,true,,,');
  throws(() => new StorageEvent('storage', { storageArea: {} }), TypeError);
});

await run();
