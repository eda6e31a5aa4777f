// A chat with rooms, in JavaScript: `twinloop serve chat.js`.
import { makeChat } from './rooms.js';
import { openStore } from './store.js';

const { DATABASE_URL = 'chat.sqlite', BUS_URL, ORIGINS } = process.env;

export default await makeChat({ store: await openStore(DATABASE_URL), bus: BUS_URL, origins: ORIGINS?.split(',') });
