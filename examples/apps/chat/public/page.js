// The page of the chat. A message is kept here until the server has stored it, and messages have numbers without a gap: so after a
// cut line, or a night with the lid closed, the page sends what was not stored and asks for what it has not seen.
const element = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const [room, name] = [query.get('room'), query.get('name')];

let socket;
let pause = 250;
/** All messages up to this number are shown. */
let seen = 0;
/** What the server has not stored yet, by the ids that this page gave; a page that is loaded again still has it. */
const place = `unsent ${room} ${name}`;
const unsent = new Map(JSON.parse(sessionStorage.getItem(place) ?? '[]'));
const typists = new Map();
let typedAt = 0;

function keep() {
  sessionStorage.setItem(place, JSON.stringify([...unsent]));
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function connect() {
  const address = new URL(`/rooms/${encodeURIComponent(room)}?name=${encodeURIComponent(name)}`, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  socket = new WebSocket(address);
  socket.onopen = () => {
    pause = 250;
    element('state').textContent = `${name} in ${room}`;
    send({ since: seen });
    for (const [id, text] of unsent) send({ say: text, id });
  };
  socket.onmessage = ({ data }) => heard(JSON.parse(data));
  socket.onclose = ({ reason }) => {
    element('state').textContent = `${reason || 'no connection'}; trying again ...`;
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 10_000);
  };
}

function heard(news) {
  if (news.messages !== undefined) {
    if (seen === 0 && news.messages.length > 0) seen = news.messages[0].number - 1;
    for (const message of news.messages) show(message);
    if (seen < news.newest && news.messages.length > 0) send({ since: seen });
    return;
  }
  // How far the room is: something was lost on its way.
  if (news.newest > seen) send({ since: seen });
  if (news.message !== undefined) {
    if (news.message.number > seen + 1) send({ since: seen });
    else show(news.message);
  } else if (news.stored !== undefined) {
    unsent.delete(news.stored);
    keep();
  } else if (news.refused !== undefined) {
    element('state').textContent = news.why;
    if (news.later) setTimeout(() => unsent.has(news.refused) && send({ say: unsent.get(news.refused), id: news.refused }), 1000);
    else unsent.delete(news.refused);
    keep();
  } else if (news.here !== undefined) {
    element('count').textContent = `${news.here.count} here`;
    element('here').replaceChildren(...news.here.names.map((each) => line('li', each)));
  } else if (news.typing !== undefined && news.typing !== name) {
    clearTimeout(typists.get(news.typing));
    typists.set(
      news.typing,
      setTimeout(() => stopped(news.typing), 3000),
    );
    showTypists();
  }
}

/** Text from others is only ever text: no markup is made of it. */
function line(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function show({ number, name: who, text, at }) {
  if (number !== seen + 1) return;
  seen = number;
  const item = line('li', '');
  item.title = new Date(at).toLocaleString();
  item.append(line('strong', who), ' ', line('span', text));
  element('messages').append(item);
  item.scrollIntoView();
  stopped(who);
}

function stopped(who) {
  typists.delete(who);
  showTypists();
}

function showTypists() {
  element('typing').textContent = typists.size === 0 ? '\u00a0' : `${[...typists.keys()].join(', ')} typing ...`;
}

element('say').onsubmit = (event) => {
  event.preventDefault();
  const id = crypto.randomUUID();
  unsent.set(id, element('text').value);
  keep();
  send({ say: element('text').value, id });
  element('text').value = '';
  typedAt = 0;
};
element('text').oninput = () => {
  if (Date.now() - typedAt < 2000) return;
  typedAt = Date.now();
  send({ typing: true });
};

if (room && name) {
  element('enter').hidden = true;
  element('chat').hidden = false;
  connect();
}
