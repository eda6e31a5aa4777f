"""GETs of JSON over kept-alive connections from Python, or one GET of a long body, in pieces; prints one JSON object: requests or MiB a second.

Usage: fetch_client.py CONTESTANT URL IN_FLIGHT|body SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager


@asynccontextmanager
async def twinloop():
    from twinloop import fetch

    async def get(url):
        return await (await fetch(url)).json()

    yield get


@asynccontextmanager
async def aiohttp():
    from aiohttp import ClientSession, TCPConnector

    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def get(url):
            async with session.get(url) as response:
                return await response.json()

        yield get


@asynccontextmanager
async def httpx(transport=None):
    from httpx import AsyncClient, Limits

    limits = Limits(max_connections=None, max_keepalive_connections=None)
    async with AsyncClient(limits=limits, transport=transport) as client:

        async def get(url):
            return (await client.get(url)).json()

        yield get


def httpx_over_twinloop():
    from twinloop.httpx import Transport

    return httpx(Transport())


@asynccontextmanager
async def pyreqwest():
    from pyreqwest.client import ClientBuilder

    async with ClientBuilder().build() as client:

        async def get(url):
            response = await client.get(url).build().send()
            return await response.json()

        yield get


#: By their names in the tables.
CONTESTANTS = {
    "twinloop": twinloop,
    "aiohttp": aiohttp,
    "httpx": httpx,
    "httpx over twinloop": httpx_over_twinloop,
    "pyreqwest": pyreqwest,
}


async def twinloop_pieces(url):
    from twinloop import fetch

    async with fetch(url) as response:
        async for piece in response:
            yield piece


async def aiohttp_pieces(url):
    from aiohttp import ClientSession

    async with ClientSession(read_bufsize=1 << 20) as session, session.get(url) as response:
        async for piece in response.content.iter_any():
            yield piece


async def httpx_pieces(url, transport=None):
    from httpx import AsyncClient

    async with AsyncClient(transport=transport) as client, client.stream("GET", url) as response:
        async for piece in response.aiter_raw():
            yield piece


def httpx_over_twinloop_pieces(url):
    from twinloop.httpx import Transport

    return httpx_pieces(url, Transport())


async def pyreqwest_pieces(url):
    from pyreqwest.client import ClientBuilder

    async with ClientBuilder().build() as client, client.get(url).build_streamed() as response:
        while piece := await response.body_reader.read(1 << 18):
            yield piece


PIECES = {
    "twinloop": twinloop_pieces,
    "aiohttp": aiohttp_pieces,
    "httpx": httpx_pieces,
    "httpx over twinloop": httpx_over_twinloop_pieces,
    "pyreqwest": pyreqwest_pieces,
}


async def body(contestant, url):
    length = 0
    start = time.perf_counter()
    async for piece in PIECES[contestant](url):
        length += len(piece)
    if length < 1 << 20:
        raise RuntimeError(f"only {length} bytes came")
    print(json.dumps({"per_second": length / (1 << 20) / (time.perf_counter() - start)}))


async def main(contestant, url, in_flight, seconds):
    requests = 0
    end = 0.0

    async def client(get):
        nonlocal requests
        while time.perf_counter() < end:
            data = await get(url)
            if data["id"] != 1:
                raise RuntimeError(f"wrong answer: {data}")
            requests += 1

    async def phase(get, length):
        nonlocal requests, end
        requests = 0
        start = time.perf_counter()
        end = start + length
        await asyncio.gather(*(client(get) for _ in range(in_flight)))
        return requests / (time.perf_counter() - start)

    async with CONTESTANTS[contestant]() as get:
        await phase(get, min(0.5, seconds / 2))
        print(json.dumps({"per_second": await phase(get, seconds)}))


def new_loop(contestant):
    if "twinloop" in contestant:
        from twinloop import new_event_loop
    else:
        from uvloop import new_event_loop
    return new_event_loop()


contestant, url, in_flight, seconds = sys.argv[1:]
with asyncio.Runner(loop_factory=lambda: new_loop(contestant)) as runner:
    runner.run(body(contestant, url) if in_flight == "body" else main(contestant, url, int(in_flight), float(seconds)))
