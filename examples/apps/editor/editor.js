// A collaborative editor, in JavaScript: `twinloop serve editor.js`.
//
// The server has a copy of each document that is open, tells everybody what one of them writes, and keeps it in SQLite, in that order:
// what others have seen is stored. A change that cannot be stored closes its document: pages keep what they have, come back, and both ends
// tell each other what they lack.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as awareness from 'y-protocols/awareness';
import * as sync from 'y-protocols/sync';
import * as Y from 'yjs';
import { cannotOpen } from '../faults.js';
import { isFromHere } from '../origins.js';

const MOST_DOCUMENT = 4 * 1024 * 1024;
const MOST_UPDATES = 500;
/** Of the packages, what a page may import: `lib0/array` is `lib0/array.js`. */
const PACKAGE = /^\/packages\/(yjs|y-websocket|y-protocols|lib0)\/((?:[\w-]+\/)*[\w-]+(?:\.common)?)(\.m?js)?$/;
/** How long nobody comes in after something could not be stored; milliseconds. */
const REST_MS = 1000;
const SYNC = 0;
const AWARENESS = 1;
const ASK_AWARENESS = 3;

const database = openDatabase(process.env.DOCUMENTS ?? 'documents.sqlite');
const insert = database.prepare('INSERT INTO updates (document, content) VALUES (?, ?)');
const select = database.prepare('SELECT content FROM updates WHERE document = ? ORDER BY number');
const remove = database.prepare('DELETE FROM updates WHERE document = ?');

function openDatabase(path) {
  try {
    const opened = new DatabaseSync(path);
    opened.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS updates (document TEXT, number INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB);
      CREATE INDEX IF NOT EXISTS of_document ON updates (document)`);
    return opened;
  } catch (error) {
    throw cannotOpen('DOCUMENTS', path, error);
  }
}

/** Documents that somebody has open, by their names. */
const open = new Map();
let restUntil = 0;

class OpenDocument {
  /** Whether it has something that could not be stored. */
  isOver = false;

  constructor(name) {
    this.name = name;
    this.sockets = new Set();
    this.shared = new Y.Doc();
    this.people = new awareness.Awareness(this.shared);
    this.people.setLocalState(null);
    const updates = select.all(name).map((row) => row.content);
    this.size = 0;
    for (const update of updates) {
      Y.applyUpdate(this.shared, update);
      this.size += update.length;
    }
    if (updates.length > MOST_UPDATES) this.store(Y.encodeStateAsUpdate(this.shared), true);
    this.shared.on('update', (update) => {
      this.size += update.length;
      try {
        this.store(update);
      } catch (error) {
        return this.giveUp(error);
      }
      this.tell(SYNC, (message) => sync.writeUpdate(message, update));
    });
    this.people.on('update', ({ added, updated, removed }, from) => {
      const changed = [...added, ...updated, ...removed];
      if (this.sockets.has(from)) for (const person of changed) from.data.people.add(person);
      this.tell(AWARENESS, (message) => encoding.writeVarUint8Array(message, awareness.encodeAwarenessUpdate(this.people, changed)));
    });
  }

  /** Writes down a change, or the whole document instead of all its changes. */
  store(update, isWhole = false) {
    database.exec('BEGIN IMMEDIATE');
    try {
      if (isWhole) remove.run(this.name);
      insert.run(this.name, update);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** What is here is not what is stored: nobody may go on from it. */
  giveUp(error) {
    console.error(`editor: ${this.name} is closed for now, a change could not be stored: ${error.message}`);
    this.isOver = true;
    restUntil = Date.now() + REST_MS;
    open.delete(this.name);
    for (const socket of this.sockets) socket.close(1013, 'a change could not be stored');
  }

  tell(kind, write) {
    const bytes = message(kind, write);
    for (const socket of this.sockets) socket.send(bytes);
  }
}

function message(kind, write) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kind);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

function heard(socket, bytes) {
  const { document } = socket.data;
  if (document === undefined || document.isOver) return; // it is being closed
  const decoder = decoding.createDecoder(bytes);
  const kind = decoding.readVarUint(decoder);
  if (kind === SYNC) {
    if (document.size > MOST_DOCUMENT) return socket.close(1009, 'the document is full');
    // What the page asks for is answered, what it brings is applied.
    const answer = message(SYNC, (encoder) => sync.readSyncMessage(decoder, encoder, document.shared, socket, raise));
    if (answer.length > 1) socket.send(answer);
  } else if (kind === AWARENESS) {
    awareness.applyAwarenessUpdate(document.people, decoding.readVarUint8Array(decoder), socket);
  } else if (kind === ASK_AWARENESS) {
    tellPeople(socket, document);
  } else {
    throw new Error(`no kind of message: ${kind}`);
  }
}

function raise(error) {
  throw error;
}

function tellPeople(socket, { people }) {
  const all = [...people.getStates().keys()];
  if (all.length === 0) return;
  socket.send(message(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, awareness.encodeAwarenessUpdate(people, all))));
}

export default {
  routes: {
    '/documents/:name': (request, server) => {
      const { name } = request.params;
      if (!isFromHere(request)) return new Response('not from this page', { status: 403 });
      if (!/^[\w-]{1,64}$/.test(name)) return new Response('a name of letters and digits, please', { status: 400 });
      if (Date.now() < restUntil) return new Response('nothing can be stored', { status: 503, headers: { 'retry-after': '1' } });
      if (!server.upgrade(request, { data: { name, people: new Set() } })) return new Response('a WebSocket, please', { status: 426 });
    },
    '/packages/:package/*': (request) => {
      const [, name, path, extension = name === 'yjs' ? '.mjs' : '.js'] = PACKAGE.exec(new URL(request.url).pathname) ?? [];
      if (name === undefined) return new Response('no such file', { status: 404 });
      return twinloop.serveFile(request, join(import.meta.dirname, '../node_modules', name, path + extension));
    },
    '/page.css': (request) => twinloop.serveFile(request, join(import.meta.dirname, '../page.css')),
  },
  fetch: (request) => twinloop.serveDir(request, { fsRoot: join(import.meta.dirname, 'public') }),
  websocket: {
    maxPayloadLength: MOST_DOCUMENT,
    backpressureLimit: 2 * MOST_DOCUMENT,
    open(socket) {
      const { name } = socket.data;
      let document;
      try {
        document = open.get(name) ?? new OpenDocument(name);
      } catch (error) {
        console.error(`editor: ${name} cannot be opened: ${error.message}`);
        restUntil = Date.now() + REST_MS;
        return socket.close(1013, 'the document cannot be opened');
      }
      open.set(name, document);
      socket.data.document = document;
      document.sockets.add(socket);
      socket.send(message(SYNC, (encoder) => sync.writeSyncStep1(encoder, document.shared)));
      tellPeople(socket, document);
    },
    message(socket, bytes) {
      try {
        heard(socket, bytes);
      } catch (error) {
        console.error(`editor: a page sent what is no message: ${error.message}`);
        socket.close(1007, 'no message of the editor');
      }
    },
    close(socket) {
      const { document } = socket.data;
      if (document === undefined) return;
      document.sockets.delete(socket);
      awareness.removeAwarenessStates(document.people, [...socket.data.people], null);
      if (document.sockets.size === 0) {
        if (open.get(document.name) === document) open.delete(document.name);
        document.people.destroy();
        document.shared.destroy();
      }
    },
  },
};
