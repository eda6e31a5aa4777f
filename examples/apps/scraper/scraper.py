"""A polite scraper: ``twinloop scraper.py URL RESULTS.sqlite --csv RESULTS.csv``.

It asks for robots.txt first, keeps to few requests at a time for each host, waits where it is told to, and gives up on what never ends.
"""

import argparse
import asyncio
import hashlib
import signal
import sqlite3
import sys
import time
from urllib.parse import urljoin, urlsplit

import twinloop
from pages import Page, Rules, canonical
from results import Results

AGENT = "twinloop-scraper"
MOST_BYTES = 1_000_000
ATTEMPTS = 3


class TooLong(Exception):
    """A page has more bytes than anybody would read."""


class Host:
    """What holds for one host: its rules, how many ask at a time, and how long is between two requests."""

    def __init__(self, options):
        self.turn = asyncio.Semaphore(options.per_host)
        self.pause = options.pause
        self.next = 0.0
        self.lock = asyncio.Lock()
        self.rules = None

    async def wait(self):
        now = time.monotonic()
        self.next = max(now, self.next) + self.pause
        await asyncio.sleep(max(0, self.next - self.pause - now))


class Scraper:
    def __init__(self, options):
        self.options = options
        self.results = Results(options.results)
        self.hosts = {}
        self.asked = 0
        self.begun = self.shown = time.monotonic()
        retry = twinloop.Retry(attempts=3, backoff=0.2, max_backoff=10)
        # Three more tries for what passes (503, a cut line), after the pause that the site asks for.
        self.session = twinloop.Session(headers={"user-agent": AGENT}, timeout=options.timeout, retries=retry)

    async def scrape(self):
        """Looks at all pages that can be reached, on the hosts of the addresses that it began with."""
        starts = [canonical(url) for url in self.options.urls]
        self.allowed = {urlsplit(url).netloc for url in starts}
        self.results.add(starts, 0)
        under_way = set()
        try:
            async with self.session:
                while True:
                    room = min(self.options.workers - len(under_way), self.options.most - self.asked)
                    for row in self.results.take(max(0, room)):
                        self.asked += 1
                        under_way.add(asyncio.create_task(self.look_at(*row)))
                    if not under_way:
                        return
                    done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    # All of them are asked: two may find the disk full.
                    for error in [task.exception() for task in done]:
                        if error is not None:
                            raise error
                    self.show()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def look_at(self, url, depth, attempts):
        """Looks at one page, and writes down what became of it. No page can end more than itself."""
        netloc = urlsplit(url).netloc
        host = self.hosts.setdefault(netloc, Host(self.options))
        try:
            async with host.turn:
                if not await self.may(host, url):
                    fault = host.rules.fault
                    return self.results.done(url, "failed" if fault else "forbidden", note=f"robots.txt: {fault}" if fault else "robots.txt")
                await host.wait()
                await self.read(url, depth)
        except TooLong as error:
            self.results.done(url, "failed", note=str(error))
        except (twinloop.FetchError, TimeoutError, UnicodeError) as error:
            note = f"{type(error).__name__}: {error}"
            if attempts + 1 < ATTEMPTS:
                self.results.again(url, note)
            else:
                self.results.done(url, "failed", note=note)

    async def may(self, host, url):
        async with host.lock:
            if host.rules is None:
                status, text, fault = 500, "", None
                try:
                    async with self.session.get(urljoin(url, "/robots.txt")) as response:
                        status, text = response.status, (await self.body(response)).decode("utf-8", "replace")
                except (twinloop.FetchError, TimeoutError, TooLong) as error:
                    fault = str(error) or type(error).__name__
                host.rules = Rules(status, text, AGENT, fault)
                host.pause = max(host.pause, host.rules.pause)
        return host.rules.allow(url)

    async def read(self, url, depth):
        # A redirect is another page, which may be forbidden or known.
        async with self.session.get(url, redirect="manual") as response:
            status = response.status
            if 300 <= status < 400 and "location" in response.headers:
                self.follow([canonical(response.headers["location"], url)], depth)
                return self.results.done(url, "redirect", status=status, note=response.headers["location"][:500])
            if not response.ok:
                return self.results.done(url, "failed", status=status, note="the site says so")
            kind = response.headers.get("content-type", "").split(";")[0].strip()
            if kind not in ("text/html", "application/xhtml+xml"):
                return self.results.done(url, "other", status=status, note=kind[:100])
            body = await self.body(response)
        sha256 = hashlib.sha256(body).hexdigest()
        size = len(body)
        if (known := self.results.with_content(sha256)) is not None:
            return self.results.done(url, "same", status=status, size=size, sha256=sha256, note=known)
        page = Page(url, body.decode("utf-8", "replace"))
        self.follow(page.links, depth)
        self.results.done(url, "found", status=status, title=page.title, size=size, sha256=sha256)

    async def body(self, response):
        """The body, as far as anybody would read: what the site says of its length is not believed."""
        pieces, size = [], 0
        async for piece in response:
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLong(f"more than {MOST_BYTES} bytes")
        return b"".join(pieces)

    def follow(self, urls, depth):
        """Has pages looked at later: those of the hosts that were asked for, not too deep, since some sites have no end."""
        if depth < self.options.depth:
            self.results.add([url for url in urls if url and urlsplit(url).netloc in self.allowed], depth + 1)

    def show(self, last=False):
        now = time.monotonic()
        if last or now - self.shown > (0.2 if sys.stderr.isatty() else 2):
            self.shown = now
            counts = self.results.counts()
            told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
            start, end = ("\r\033[K", "\n" if last else "") if sys.stderr.isatty() else ("", "\n")
            print(f"{start}{told}; {self.asked / (now - self.begun):.0f} pages a second", end=end, file=sys.stderr, flush=True)


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urls", nargs="+", metavar="URL", help="where to begin; other hosts are not visited")
    parser.add_argument("results", help="a database of SQLite; one that is there goes on")
    parser.add_argument("--csv", help="write all that was found to this file too")
    parser.add_argument("--workers", type=int, default=16, help="requests at the same time, of all hosts (%(default)s)")
    parser.add_argument("--per-host", type=int, default=4, help="requests at the same time to one host (%(default)s)")
    parser.add_argument("--pause", type=float, default=0, help="seconds between two requests to one host; robots.txt may ask for more")
    parser.add_argument("--timeout", type=float, default=10, help="seconds that a page may take (%(default)s)")
    parser.add_argument("--depth", type=int, default=20, help="how many links from the start a page may be away (%(default)s)")
    parser.add_argument("--most", type=int, default=100_000, help="pages that are asked for in this run (%(default)s)")
    options = parser.parse_args()
    for url in options.urls:
        if canonical(url) is None:
            parser.error(f"{url} is no address of a page")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    try:
        scraper = Scraper(options)
    except sqlite3.Error as error:
        print(f"scraper.py: {options.results}: {error}", file=sys.stderr)
        return 1
    try:
        await scraper.scrape()
        code = 0
    except sqlite3.Error as error:
        print(f"stopped: {error}. What was found is kept; the same command goes on from there", file=sys.stderr)
        code = 1
    except asyncio.CancelledError:
        print("stopped. What was found is kept; the same command goes on from there", file=sys.stderr)
        code = 130
    scraper.show(last=True)
    for url in options.urls:
        # Of the pages that it began with: without them there is nothing to be found.
        if (fault := scraper.results.fault(canonical(url))) is not None:
            status, note = fault
            print(f"scraper.py: {url}: {note}{'' if status is None else f' ({status})'}", file=sys.stderr)
            code = code or 1
    if options.csv:
        try:
            scraper.results.export(options.csv)
        except (OSError, sqlite3.Error) as error:
            print(f"scraper.py: {options.csv} was not written: {error}. What was found is in {options.results}", file=sys.stderr)
            code = 1
    scraper.results.close()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
