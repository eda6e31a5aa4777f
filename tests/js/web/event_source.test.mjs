// EventSource, on the event streams of data: URLs: a connection to each, which ends with the URL.
import { deepEqual, equal, run, test, throws } from '../harness.mjs';

/** What a stream says until it ends. */
function eventsOf(text, ...types) {
  return new Promise((resolve) => {
    const seen = [];
    const source = new EventSource(`data:text/event-stream,${encodeURIComponent(text)}`);
    equal(source.readyState, EventSource.CONNECTING);
    for (const type of ['message', ...types]) {
      source.addEventListener(type, ({ data, lastEventId }) => seen.push([type, data, lastEventId]));
    }
    source.onerror = () => {
      source.close();
      equal(source.readyState, EventSource.CLOSED);
      resolve(seen);
    };
  });
}

test('lines end in any way, and one event has many', async () => {
  deepEqual(await eventsOf('data: a\r\ndata:b\rdata\n\n: a comment\ndata:  c\n\ndata: unfinished'), [
    ['message', 'a\nb\n', ''],
    ['message', ' c', ''],
  ]);
});

test('events have types and ids', async () => {
  const text = '\ufeffid: 7\nevent: news\ndata: x\n\ndata: y\nid\n\nevent: news\n\nid: a\0b\ndata: z\n\n';
  deepEqual(await eventsOf(text, 'news'), [
    ['news', 'x', '7'],
    ['message', 'y', ''],
    ['message', 'z', ''],
  ]);
});

test('another type of content, and a URL that is none, are refused', async () => {
  const source = new EventSource('data:text/plain,data: a');
  await new Promise((resolve) => (source.onerror = resolve));
  equal(source.readyState, EventSource.CLOSED);
  throws(() => new EventSource('http://['), DOMException);
});

await run();
