// A polite scraper: `twinloop scraper.js URL RESULTS.sqlite --csv RESULTS.csv`.
//
// It asks for robots.txt first, keeps to few requests at a time for each host, waits where it is told to, and gives up on what never ends.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { canonical, Rules, readPage } from './pages.js';
import { Results } from './results.js';

const AGENT = 'twinloop-scraper';
const MOST_BYTES = 1_000_000;
const ATTEMPTS = 3;
/** What passes: too many requests, and no time now. */
const PASSING = [429, 503];

/** A page has more bytes than anybody would read. */
class TooLong extends Error {}

/** What holds for one host: its rules, how many ask at a time, and how long is between two requests. */
class Host {
  rules;
  #pause;
  #free;
  #waiting = [];
  #next = 0;

  constructor({ perHost, pause }) {
    this.#free = perHost;
    this.#pause = pause;
  }

  /** Waits for a turn, which `leave` ends. */
  async enter() {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave() {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  async rest(signal) {
    const now = performance.now() / 1000;
    const at = Math.max(now, this.#next);
    this.#next = at + Math.max(this.#pause, this.rules?.pause ?? 0);
    if (at > now) await sleep((at - now) * 1000, undefined, { signal });
  }
}

class Scraper {
  asked = 0;
  #options;
  #results;
  #signal;
  #over = new AbortController();
  #hosts = new Map();
  #begun = performance.now();
  #shown = this.#begun;

  constructor(options, results, signal) {
    this.#options = options;
    this.#results = results;
    this.#signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /** Looks at all pages that can be reached, on the hosts of the addresses that it began with. */
  async scrape() {
    const { urls, workers, most } = this.#options;
    for (const url of urls) this.#hosts.set(new URL(url).host, new Host(this.#options));
    this.#results.add(urls, 0);
    const underWay = new Set();
    try {
      for (;;) {
        const room = Math.min(workers - underWay.size, most - this.asked);
        for (const row of this.#signal.aborted ? [] : this.#results.take(Math.max(0, room))) {
          this.asked += 1;
          const task = this.#lookAt(row).finally(() => underWay.delete(task));
          underWay.add(task);
        }
        if (underWay.size === 0) return;
        await Promise.race(underWay);
        this.show();
      }
    } catch (error) {
      this.#over.abort(); // the others need not go on
      throw error;
    } finally {
      await Promise.allSettled(underWay);
    }
  }

  /** Looks at one page, and writes down what became of it. No page can end more than itself. */
  async #lookAt({ url, depth, attempts }) {
    const host = this.#hosts.get(new URL(url).host);
    await host.enter();
    try {
      if (!(await this.#may(host, url))) {
        const { fault } = host.rules;
        return this.#results.done(url, fault ? 'failed' : 'forbidden', { note: fault ? `robots.txt: ${fault}` : 'robots.txt' });
      }
      await host.rest(this.#signal);
      await this.#read(url, depth);
    } catch (error) {
      if (this.#signal.aborted) return;
      if (error.code === 'ERR_SQLITE_ERROR') throw error; // that is no fault of the page
      const note = error instanceof TooLong ? error.message : `${error.name}: ${error.cause?.message ?? error.message}`;
      if (error instanceof TooLong || attempts + 1 >= ATTEMPTS) this.#results.done(url, 'failed', { note });
      else this.#results.again(url, note);
    } finally {
      host.leave();
    }
  }

  async #may(host, url) {
    host.rules ??= this.#rules(new URL('/robots.txt', url).href);
    host.rules = await host.rules;
    return host.rules.allow(url);
  }

  async #rules(url) {
    try {
      const response = await this.#ask(url, 'follow', this.#limit());
      return new Rules(url, response.status, new TextDecoder().decode(await body(response)), AGENT);
    } catch (error) {
      // Who ends the run knows nothing of the site.
      this.#signal.throwIfAborted();
      return new Rules(url, 500, '', AGENT, `${error.cause?.message ?? error.message}`);
    }
  }

  async #read(url, depth) {
    // A redirect is another page, which may be forbidden or known.
    const response = await this.#ask(url, 'manual', this.#limit());
    const { status } = response;
    const location = response.headers.get('location');
    const kind = (response.headers.get('content-type') ?? '').split(';')[0].trim();
    const done = (state, rest) => this.#results.done(url, state, { status, ...rest });
    if (status >= 300 && status < 400 && location !== null) {
      this.#follow([canonical(location, url)], depth);
      done('redirect', { note: location.slice(0, 500) });
    } else if (!response.ok) {
      done('failed', { note: 'the site says so' });
    } else if (!['text/html', 'application/xhtml+xml'].includes(kind)) {
      done('other', { note: kind.slice(0, 100) });
    } else {
      const bytes = await body(response);
      const found = { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
      const known = this.#results.withContent(found.sha256);
      if (known !== undefined) return done('same', { ...found, note: known });
      const { title, links } = readPage(url, new TextDecoder().decode(bytes));
      this.#follow(links, depth);
      return done('found', { ...found, title });
    }
    await response.body?.cancel();
  }

  /** How long a page may take, and the end of the run. */
  #limit() {
    return AbortSignal.any([this.#signal, AbortSignal.timeout(this.#options.timeout * 1000)]);
  }

  /** A request, and two more for what passes, after the pause that the site asks for. */
  async #ask(url, redirect, signal) {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(url, { redirect, signal, headers: { 'user-agent': AGENT } });
      if (!PASSING.includes(response.status) || attempt === ATTEMPTS) return response;
      await response.body?.cancel();
      const asked = Number(response.headers.get('retry-after') ?? NaN);
      await sleep(Math.min(asked >= 0 ? asked : 0.2 * 2 ** attempt, 10) * 1000, undefined, { signal });
    }
  }

  /** Has pages looked at later: those of the hosts that were asked for, not too deep, since some sites have no end. */
  #follow(urls, depth) {
    const ours = urls.filter((url) => url !== null && this.#hosts.has(new URL(url).host));
    if (depth < this.#options.depth) this.#results.add(ours, depth + 1);
  }

  show(isLast = false) {
    const now = performance.now();
    const { isTTY } = process.stderr;
    if (!isLast && now - this.#shown < (isTTY ? 200 : 2000)) return;
    this.#shown = now;
    const counts = this.#results.counts().map(({ state, count }) => `${count} ${state}`);
    const speed = Math.round(this.asked / ((now - this.#begun) / 1000));
    const [start, end] = isTTY ? ['\r\x1b[K', isLast ? '\n' : ''] : ['', '\n'];
    process.stderr.write(`${start}${counts.join(', ')}; ${speed} pages a second${end}`);
  }
}

/** The body, as far as anybody would read: what the site says of its length is not believed. */
async function body(response) {
  const pieces = [];
  let size = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    size += piece.length;
    if (size > MOST_BYTES) throw new TooLong(`more than ${MOST_BYTES} bytes`);
  }
  return Buffer.concat(pieces);
}

function usage(message) {
  console.error(`scraper.js: ${message}
twinloop scraper.js URL... RESULTS.sqlite
  --csv FILE       write all that was found to this file too
  --workers 16     requests at the same time, of all hosts
  --per-host 4     requests at the same time to one host
  --pause 0        seconds between two requests to one host; robots.txt may ask for more
  --timeout 10     seconds that a page may take
  --depth 20       how many links from the start a page may be away
  --most 100000    pages that are asked for in this run`);
  process.exit(2);
}

function readWords() {
  const number = (value) => ({ type: 'string', default: `${value}` });
  const options = {
    csv: { type: 'string' },
    workers: number(16),
    'per-host': number(4),
    pause: number(0),
    timeout: number(10),
    depth: number(20),
    most: number(100_000),
  };
  let words;
  try {
    words = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    usage(error.message);
  }
  const { values, positionals } = words;
  const results = positionals.pop();
  const urls = positionals.map((address) => canonical(address) ?? usage(`${address} is no address of a page`));
  if (urls.length === 0) usage('where to begin, and where the results go?');
  const numbers = { workers: 1, 'per-host': 1, pause: 0, timeout: 0, depth: 0, most: 0 };
  for (const [name, least] of Object.entries(numbers)) {
    if (!(Number(values[name]) >= least)) usage(`--${name} ${values[name]} is no number from ${least} on`);
    values[name] = Number(values[name]);
  }
  return { ...values, perHost: values['per-host'], urls, results };
}

const options = readWords();
const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => controller.abort());
let results;
try {
  results = new Results(options.results);
} catch (error) {
  console.error(`scraper.js: ${options.results}: ${error.message}`);
  process.exit(1);
}
const scraper = new Scraper(options, results, controller.signal);
try {
  await scraper.scrape();
} catch (error) {
  if (error.code !== 'ERR_SQLITE_ERROR') throw error;
  console.error(`stopped: ${error.message}. What was found is kept; the same command goes on from there`);
  process.exitCode = 1;
}
if (controller.signal.aborted) {
  console.error('stopped. What was found is kept; the same command goes on from there');
  process.exitCode = 130;
}
scraper.show(true);
// Of the pages that it began with: without them there is nothing to be found.
for (const url of options.urls) {
  const fault = results.fault(url);
  if (fault === undefined) continue;
  console.error(`scraper.js: ${url}: ${fault.note}${fault.status === null ? '' : ` (${fault.status})`}`);
  process.exitCode ??= 1;
}
if (options.csv) {
  try {
    await results.export(options.csv);
  } catch (error) {
    console.error(`scraper.js: ${options.csv} was not written: ${error.message}. What was found is in ${options.results}`);
    process.exitCode = 1;
  }
}
results.close();
