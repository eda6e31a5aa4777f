// The rooms: who is in them, what they may do, and what becomes of it. A message is stored before its sender is told so and before
// anybody hears it; what a room hears goes to all of it by one `publish`.
import { setTimeout as sleep } from 'node:timers/promises';
import { isFromHere } from '../origins.js';
import { openBus } from './bus.js';

const MOST_TEXT = 2000;
const MOST_PAGE = 100;
const MOST_NAMES = 50;
const MOST_SOCKETS = 20_000;
/** Messages at once, and a second. */
const BURST = 10;
const RATE = 2;
/** How often a process says who is in its rooms, and when one that says nothing is gone; seconds. */
const HERE_EVERY = 10;
const GONE_AFTER = 30;
const NAME = /^[^\p{C}]{1,32}$/u;
const ROOM = /^[\w-]{1,32}$/;

/** What `twinloop serve` serves. `origins` are those of pages elsewhere that may use the chat; the chat's own always may. */
export async function makeChat({ store, bus: busUrl, origins = [] }) {
  const me = crypto.randomUUID();
  /** The rooms that somebody is in: those who are, and what other processes say of theirs. */
  const rooms = new Map();
  let server;
  let catchingUp;
  const bus = await openBus(busUrl, heard, catchUp);
  setInterval(() => rooms.forEach(sayWhoIsHere), HERE_EVERY * 1000).unref();

  // ---- what is heard, from this process or another

  function heard({ room: name, from, here, call, ...news }) {
    if (typeof name !== 'string') throw new TypeError('it names no room');
    const room = rooms.get(name);
    if (room === undefined) return;
    if (call) sayWhoIsHere(room);
    else if (here !== undefined) showWhoIsHere(room, from, here);
    else {
      if (news.message !== undefined) {
        if (!Number.isSafeInteger(news.message.number)) throw new TypeError('a message without a number');
        room.newest = Math.max(room.newest, news.message.number);
      }
      server.publish(name, JSON.stringify(news));
    }
  }

  function sayWhoIsHere(room) {
    // The more there are, the more it costs to tell them all, and the seldomer they are told.
    room.saying ??= setTimeout(
      () => {
        room.saying = undefined;
        const names = [...new Set([...room.members].map((socket) => socket.data.name))].sort();
        bus.say({ room: room.name, from: me, here: { count: room.members.size, names: names.slice(0, MOST_NAMES) } });
        if (room.members.size === 0) rooms.delete(room.name);
      },
      50 + room.members.size / 5,
    );
  }

  function showWhoIsHere(room, from, here) {
    if (!Number.isSafeInteger(here?.count) || !Array.isArray(here.names)) throw new TypeError('nobody is counted or named');
    room.here.set(from, { ...here, until: Date.now() + GONE_AFTER * 1000 });
    let count = 0;
    const names = new Set();
    for (const [process, each] of room.here) {
      if (each.count === 0 || each.until < Date.now()) {
        room.here.delete(process);
        continue;
      }
      count += each.count;
      for (const name of each.names) names.add(name);
    }
    server.publish(room.name, JSON.stringify({ here: { count, names: [...names].sort().slice(0, MOST_NAMES) }, newest: room.newest }));
  }

  /** Processes could not hear each other for a while: pages are told how far their rooms are, and ask for what they lack. */
  async function catchUp() {
    const mine = (catchingUp = Symbol('catching up'));
    rooms.forEach(sayWhoIsHere);
    for (const { name } of rooms.values()) {
      // The database may be away as well, as it is when a machine begins anew: then until it answers, or the next call begins again.
      for (let isTold = false; catchingUp === mine; isTold = true) {
        try {
          bus.say({ room: name, newest: await store.newest(name) });
          break;
        } catch (error) {
          if (!isTold) console.error(`chat: it is not known how far the rooms are, which is asked until it is: ${error.message}`);
          await sleep(500, undefined, { ref: false });
        }
      }
    }
  }

  // ---- what people do

  async function say(socket, { say: text, id }) {
    const { room, name } = socket.data;
    const refuse = (why, later = false) => tell(socket, { refused: id ?? null, why, later });
    if (typeof id !== 'string' || id.length > 64) return refuse('a message needs an id of 64 characters at most');
    if (typeof text !== 'string' || text.trim() === '') return refuse('a message needs a text');
    if (text.length > MOST_TEXT) return refuse(`a message has ${MOST_TEXT} characters at most`);
    if (!mayGoOn(socket.data)) return refuse('not so fast', true);
    let message;
    try {
      // A copy: what Python stored is a dict of Python's, and goes further than this process.
      message = { ...(await store.add(room, name, id, text)) };
    } catch (error) {
      console.error(`chat: a message was not stored: ${error.message}`);
      return refuse('the server could not store it', true);
    }
    tell(socket, { stored: id, number: message.number });
    bus.say({ room, message });
  }

  async function since(socket, { since: number }) {
    if (!Number.isSafeInteger(number) || number < 0) return;
    const { room } = socket.data;
    try {
      const newest = await store.newest(room);
      const start = number === 0 ? Math.max(0, newest - MOST_PAGE) : number;
      tell(socket, { messages: await store.since(room, start, MOST_PAGE), newest });
    } catch (error) {
      console.error(`chat: messages were not found: ${error.message}`);
      socket.close(1013, 'the history is away');
    }
  }

  function typing(socket) {
    const { room, name, typedAt = 0 } = socket.data;
    if (Date.now() - typedAt < 1000) return;
    socket.data.typedAt = Date.now();
    bus.say({ room, typing: name });
  }

  return {
    routes: {
      '/page.css': (request) => twinloop.serveFile(request, `${import.meta.dirname}/../page.css`),
      '/rooms/:room': (request, self) => {
        server = self;
        const room = request.params.room;
        const name = new URL(request.url).searchParams.get('name')?.trim() ?? '';
        if (!isFromHere(request, origins)) return new Response('not from this page', { status: 403 });
        if (!ROOM.test(room) || !NAME.test(name)) return new Response('a room and a name, please', { status: 400 });
        if (self.pendingWebSockets >= MOST_SOCKETS) return new Response('full', { status: 503, headers: { 'retry-after': '10' } });
        if (!self.upgrade(request, { data: { room, name, tokens: BURST, at: Date.now() } })) {
          return new Response('a WebSocket, please', { status: 426, headers: { upgrade: 'websocket' } });
        }
      },
    },
    fetch: (request) => twinloop.serveDir(request, { fsRoot: `${import.meta.dirname}/public` }),
    websocket: {
      maxPayloadLength: 16 * 1024,
      // Who reads so slowly that this much waits misses what comes then, and learns of it with the next word of who is here.
      backpressureLimit: 256 * 1024,
      idleTimeout: Number(process.env.CHAT_SILENCE ?? 60),
      open(socket) {
        const { room: name } = socket.data;
        let room = rooms.get(name);
        if (room === undefined) {
          room = { name, members: new Set(), here: new Map(), newest: 0, saying: undefined };
          rooms.set(name, room);
          bus.say({ room: name, call: true });
        }
        room.members.add(socket);
        socket.subscribe(name);
        sayWhoIsHere(room);
      },
      message(socket, text) {
        const news = parsed(text);
        if (news?.say !== undefined) return say(socket, news);
        if (news?.since !== undefined) return since(socket, news);
        if (news?.typing) return typing(socket);
        socket.close(1008, 'that was no message of the chat');
      },
      close(socket) {
        const room = rooms.get(socket.data.room);
        room?.members.delete(socket);
        if (room !== undefined) sayWhoIsHere(room);
      },
    },
  };
}

function tell(socket, news) {
  socket.send(JSON.stringify(news));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A bucket that fills with time: whether another message may go out of it. */
function mayGoOn(member) {
  const now = Date.now();
  member.tokens = Math.min(BURST, member.tokens + ((now - member.at) / 1000) * RATE);
  member.at = now;
  if (member.tokens < 1) return false;
  member.tokens -= 1;
  return true;
}
