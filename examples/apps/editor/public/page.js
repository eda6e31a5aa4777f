// The page: a text that several people write at the same time. Yjs merges what they write, y-websocket carries it to the server, and
// after a cut line both ends tell each other what they lack; what is written meanwhile is kept here.
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const element = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const room = query.get('room') ?? 'notes';
const name = query.get('name') ?? `guest ${Math.floor(Math.random() * 1000)}`;

const shared = new Y.Doc();
const text = shared.getText('text');
const server = new WebsocketProvider(`${location.protocol.replace('http', 'ws')}//${location.host}/documents`, room, shared, {
  disableBc: true,
  maxBackoffTime: 2500,
});
server.on('status', ({ status }) => {
  element('state').textContent = status === 'connected' ? `${name} in ${room}` : 'no connection; what you write is kept here';
});
// Reachable for whoever looks with the browser's tools, and for the tests.
window.editor = { shared, server };

// ---- who is here

server.awareness.on('change', () => {
  const names = [...server.awareness.getStates().values()].map((each) => String(each.name)).sort();
  element('here').textContent = `Here: ${names.join(', ')}`;
});
server.awareness.setLocalStateField('name', name);

// ---- the field and the shared text, each made like the other

const field = element('text');
field.oninput = () => {
  const [before, after] = [text.toString(), field.value];
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  shared.transact(() => {
    text.delete(start, before.length - end - start);
    text.insert(start, after.slice(start, after.length - end));
  }, field);
};
text.observe((event, { origin }) => {
  if (origin === field) return;
  // The cursor stays where it is in the text, however much comes before it.
  let [from, to] = [field.selectionStart, field.selectionEnd];
  let place = 0;
  for (const { retain = 0, insert = '', delete: gone = 0 } of event.delta) {
    place += retain;
    const move = (cursor) => (place >= cursor ? cursor : Math.max(place, cursor + insert.length - gone));
    [from, to] = [move(from), move(to)];
    place += insert.length;
  }
  field.value = text.toString();
  field.setSelectionRange(from, to);
});
