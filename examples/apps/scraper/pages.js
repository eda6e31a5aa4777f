// What a page is: its address in one spelling, its title and links, and what a site's robots.txt allows.
import { Parser } from 'htmlparser2';
import robotsParser from 'robots-parser';

const MOST_URL = 500;
/** A site that wants more seconds between two requests would keep a run for ever, and is left alone. */
const MOST_PAUSE = 60;
// Parts of a query that say where a reader came from, and not what the page is.
const TRACKING = /^(utm_|fbclid|gclid)/;

/** One spelling for all of an address's; `null` for what no scraper can ask for. */
export function canonical(address, base) {
  const url = URL.parse(address, base);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') return null;
  url.hash = '';
  for (const name of [...url.searchParams.keys()]) if (TRACKING.test(name)) url.searchParams.delete(name);
  url.searchParams.sort();
  if (url.searchParams.size === 0) url.search = '';
  return url.href.length <= MOST_URL ? url.href : null;
}

/** The title and the links of a page. */
export function readPage(address, text) {
  let base = address;
  let title = '';
  let isTitle = false;
  const links = [];
  const parser = new Parser({
    onopentag(tag, { href, rel = '' }) {
      isTitle = tag === 'title';
      if (tag === 'base' && href) base = URL.parse(href, base)?.href ?? base;
      if (tag === 'a' && href && !rel.includes('nofollow')) links.push(canonical(href, base));
    },
    onclosetag() {
      isTitle = false;
    },
    ontext(part) {
      if (isTitle) title += part;
    },
  });
  parser.end(text);
  return { title: title.replace(/\s+/g, ' ').trim().slice(0, 200), links: links.filter((link) => link !== null) };
}

/** A site's robots.txt. One that cannot be had for a fault of the site forbids all, one that is not there allows all (RFC 9309). */
export class Rules {
  #allow;
  /** Seconds that the site wants between two requests. */
  pause = 0;

  /** `fault` says why it could not be had. */
  constructor(address, status, text, agent, fault = status >= 500 ? `the site says ${status}` : undefined) {
    this.fault = fault;
    if (status >= 400) {
      this.#allow = () => status < 500;
      return;
    }
    const robots = robotsParser(address, text);
    const pause = robots.getCrawlDelay(agent) ?? 0;
    if (pause > MOST_PAUSE) {
      this.fault = `the site wants ${pause} s between two requests, more than ${MOST_PAUSE}`;
      this.#allow = () => false;
      return;
    }
    this.#allow = (url) => robots.isAllowed(url, agent) ?? true;
    this.pause = pause;
  }

  allow(url) {
    return this.#allow(url);
  }
}
