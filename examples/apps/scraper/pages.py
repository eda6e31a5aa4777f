"""What a page is: its address in one spelling, its title and links, and what a site's robots.txt allows."""

import urllib.robotparser
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urldefrag, urlencode, urljoin, urlsplit, urlunsplit

MOST_URL = 500
# A site that wants more seconds between two requests would keep a run for ever, and is left alone.
MOST_PAUSE = 60
# Parts of a query that say where a reader came from, and not what the page is.
TRACKING = ("utm_", "fbclid", "gclid")


def canonical(url, base=None):
    """One spelling for all of an address's; ``None`` for what no scraper can ask for."""
    try:
        parts = urlsplit(urldefrag(urljoin(base or "", url)).url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            return None
        usual = {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname if parts.port in (None, usual) else f"{parts.hostname}:{parts.port}"
    except ValueError:
        return None
    query = urlencode(sorted((key, value) for key, value in parse_qsl(parts.query, True) if not key.startswith(TRACKING)))
    found = urlunsplit((parts.scheme, host, parts.path or "/", query, ""))
    return found if len(found) <= MOST_URL else None


class Page(HTMLParser):
    """The title and the links of a page."""

    def __init__(self, url, text):
        super().__init__()
        self.base = url
        self.title = ""
        self.links = []
        self._is_title = False
        self.feed(text)
        self.close()
        self.title = " ".join(self.title.split())[:200]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "title":
            self._is_title = True
        elif tag == "base" and attributes.get("href"):
            self.base = urljoin(self.base, attributes["href"])
        elif tag == "a" and attributes.get("href") and "nofollow" not in (attributes.get("rel") or ""):
            if link := canonical(attributes["href"], self.base):
                self.links.append(link)

    def handle_endtag(self, tag):
        if tag == "title":
            self._is_title = False

    def handle_data(self, data):
        if self._is_title:
            self.title += data


class Rules:
    """A site's robots.txt. One that cannot be had for a fault of the site forbids all, one that is not there allows all (RFC 9309)."""

    def __init__(self, status, text, agent, fault=None):
        """``fault`` says why it could not be had."""
        self.agent = agent
        self.fault = fault or (f"the site says {status}" if status >= 500 else None)
        self.parser = urllib.robotparser.RobotFileParser()
        if status >= 500:
            self.parser.disallow_all = True
        elif status >= 400:
            self.parser.allow_all = True
        else:
            self.parser.parse(text.splitlines())
            if self.pause > MOST_PAUSE:
                self.fault = f"the site wants {self.pause:.0f} s between two requests, more than {MOST_PAUSE}"
                self.parser.disallow_all = True

    def allow(self, url):
        return self.parser.can_fetch(self.agent, url)

    @property
    def pause(self):
        """Seconds that the site wants between two requests."""
        delay = self.parser.crawl_delay(self.agent)
        return float(delay) if delay else 0
