// Accounts, and transfers between them: `DATABASE_URL=... twinloop serve ledger.js`.
//
//   GET /accounts            all of them
//   PUT /accounts/NAME       { balance }: opens one
//   PUT /transfers/ID        { source, target, amount }: again with the same id it is still one transfer
//   GET /circles             money that comes back over three accounts; this can take long
import { join } from 'node:path';
import { openDatabase } from './databases.js';

const { DATABASE_URL = 'ledger.sqlite', TIMEOUT = '5', POOL = '5' } = process.env;
const HERE = import.meta.dirname;

const database = await openDatabase(DATABASE_URL, Number(POOL));

/** What is wrong with a request. */
class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function openAccount({ name, balance }, signal) {
  if (!isName(name) || !isAmount(balance)) throw new Refused(400, 'a name of small letters and a balance, please');
  return await database.transaction(signal, async ({ rows, change }) => {
    if ((await rows('account', { name })).length > 0) throw new Refused(409, `${name} has an account`);
    await change('open', { name, balance });
    return { name, balance };
  });
}

async function transfer({ id, source, target, amount }, signal) {
  if (!/^[\w-]{1,40}$/.test(id)) throw new Refused(400, 'an id of letters, digits and -, please');
  if (!isName(source) || !isName(target) || source === target || !isAmount(amount) || amount === 0) {
    throw new Refused(400, 'two accounts and an amount, please');
  }
  return await database.transaction(signal, async ({ rows, change }) => {
    const [known] = await rows('transfer', { id });
    if (known !== undefined) {
      if (known.source === source && known.target === target && known.amount === amount) return known;
      throw new Refused(409, `${id} is another transfer`);
    }
    await change('book', { id, source, target, amount, at: Date.now() });
    if ((await change('take', { source, amount })) === 0) throw new Refused(409, `${source} does not have ${amount}`);
    if ((await change('give', { target, amount })) === 0) throw new Refused(404, `${target} has no account`);
    return { id, source, target, amount };
  });
}

const isName = (name) => typeof name === 'string' && /^[a-z]{1,40}$/.test(name);
const isAmount = (amount) => Number.isInteger(amount) && amount >= 0 && amount <= 1e9;

/** A handler that answers by JSON, as long as its client waits and the time has not passed. */
function answer(work) {
  return async (request) => {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(Number(TIMEOUT) * 1000)]);
    try {
      const body = request.method === 'PUT' ? await request.json().catch(() => null) : {};
      return Response.json(await work({ ...body, ...request.params }, signal));
    } catch (error) {
      if (error instanceof Refused) return Response.json({ error: error.message }, { status: error.status });
      if (error === signal.reason) return Response.json({ error: `no answer of the database in ${TIMEOUT} s` }, { status: 503 });
      throw error;
    }
  };
}

export default {
  routes: {
    '/accounts': { GET: answer((_, signal) => database.rows(signal, 'accounts')) },
    '/accounts/:name': { PUT: answer(openAccount) },
    '/transfers/:id': { PUT: answer(transfer) },
    '/circles': { GET: answer((_, signal) => database.slowRows(signal, 'circles')) },
    '/page.css': (request) => twinloop.serveFile(request, join(HERE, '../page.css')),
  },
  fetch: (request) => twinloop.serveDir(request, { fsRoot: join(HERE, 'public') }),
};
