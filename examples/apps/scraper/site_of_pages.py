"""A site to scrape, on this machine: 5,000 pages, and every trap that a scraper meets. ``twinloop serve site_of_pages.py``.

SITE_PAGES says how many pages there are. What a client asks for is counted: ``/requests`` tells of it, for the tests.
"""

import asyncio
import os
from collections import Counter

import twinloop

PAGES = int(os.environ.get("SITE_PAGES", "5000"))
ROBOTS = """\
User-agent: *
Disallow: /private/
Allow: /
"""

asked = Counter()
# How many are answered at the same time, and how many at most.
now = most = 0


async def app(request: twinloop.Request) -> twinloop.Response:
    global now, most
    asked[request.path] += 1
    now += 1
    most = max(most, now)
    try:
        await asyncio.sleep(0.002)  # as a site somewhere else would take
        return await answer(request)
    finally:
        now -= 1


async def answer(request):
    _, kind, *rest = request.path.split("/")
    if kind == "robots.txt":
        return twinloop.Response(ROBOTS, headers={"content-type": "text/plain"})
    if kind == "requests":
        return twinloop.Response.json({"asked": asked, "most": most})
    if kind == "":
        traps = ["/loop/1", "/round/1", "/same/1", "/private/1", "/lies", "/endless", "/slow", "/big", "/broken", "/busy", "/picture", "/gone", "/formula"]
        return page("Welcome", "Start here.", ["/page/0", "/page/0#top", "/page/0?utm_source=x", *traps, "http://elsewhere.invalid/"])
    if kind == "page":
        number = int(rest[0])
        if number >= PAGES:
            return twinloop.Response("no such page", 404)
        links = [f"/page/{each}" for each in (number * 3 + 1, number * 3 + 2, number * 3 + 3, number - 1) if 0 <= each < PAGES]
        return page(f"Page {number}", f"What page {number} says.", links)
    if kind == "loop":  # a calendar: each page leads to the next day, for ever
        return page(f"Day {rest[0]}", f"Nothing on day {rest[0]}.", [f"/loop/{int(rest[0]) + 1}"])
    if kind == "round":  # a redirect to a redirect
        return twinloop.Response("", 302, {"location": f"/round/{3 - int(rest[0])}"})
    if kind == "same":  # one page under names without end
        return page("Same", "The same again.", ["more/", "/same/1x"])
    if kind == "lies":  # says more than it has; the server notices, and cuts the connection
        return twinloop.Response(a_little(), headers={"content-type": "text/html", "content-length": "1000"})
    if kind == "endless":
        return twinloop.Response(without_end(0), headers={"content-type": "text/html"})
    if kind == "slow":
        return twinloop.Response(without_end(0.5), headers={"content-type": "text/html"})
    if kind == "big":
        return twinloop.Response(b"x" * 5_000_000, headers={"content-type": "text/html"})
    if kind == "broken":
        return twinloop.Response("a fault", 500)
    if kind == "busy":  # asks for patience, twice
        if asked[request.path] <= 2:
            return twinloop.Response("busy", 503, {"retry-after": "0"})
        return page("Busy", "Now there is time.", [])
    if kind == "picture":
        return twinloop.Response(b"\x89PNG", headers={"content-type": "image/png"})
    if kind == "formula":  # for whoever opens the results in a program of tables
        return page('=1+1, "a sum"', "A title that computes.", [])
    if kind == "private":
        return page("Private", "Nobody was to read this.", [])
    return twinloop.Response("no such page", 404)


def page(title, text, links):
    items = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    body = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p><ul>{items}</ul></body></html>"
    return twinloop.Response(body, headers={"content-type": "text/html; charset=utf-8"})


async def a_little():
    yield b"<title>Lies</title>"


async def without_end(pause):
    yield b"<!doctype html><title>Without an end</title>"
    while True:
        await asyncio.sleep(pause)
        yield b"<p>and another</p>" * 100 if pause == 0 else b"."
