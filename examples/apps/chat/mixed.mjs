// The same chat in both languages, in one process: JavaScript has the people, Python the messages. `twinloop serve mixed.mjs`.
//
// What is said crosses to Python's store and back; FastAPI answers below /api (/api/search?room=lobby&text=bread, and /api/docs).
import { app, open_store } from 'python:search';
import { makeChat } from './rooms.js';

const { DATABASE_URL = 'chat.sqlite', BUS_URL, ORIGINS } = process.env;

const chat = await makeChat({ store: await open_store(DATABASE_URL), bus: BUS_URL, origins: ORIGINS?.split(',') });

export default { ...chat, routes: { ...chat.routes, '/api/*': twinloop.asgi(app) } };
