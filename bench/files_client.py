"""Small files, each opened, read or written, and closed, from Python; prints one JSON object.

Usage: files_client.py CONTESTANT WORK IN_FLIGHT SECONDS

WORK is "read" or "write": 10,000 files of 1 KiB in a folder of their own, as often as there is time.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import tempfile
import time

FILES = 10_000
CONTENT = b"x" * 1024


def opener(contestant):
    if contestant == "twinloop":
        from twinloop import open
    else:
        from aiofiles import open
    return open


async def main(contestant, work, in_flight, seconds, folder):
    open_file = opener(contestant)
    paths = [os.path.join(folder, str(number)) for number in range(FILES)]
    for path in paths:
        with open(path, "wb") as file:
            file.write(CONTENT)
    done = 0
    end = 0.0

    async def read(path):
        async with open_file(path, "rb") as file:
            if await file.read() != CONTENT:
                raise RuntimeError("another content")

    async def write(path):
        async with open_file(path, "wb") as file:
            await file.write(CONTENT)

    use = {"read": read, "write": write}[work]

    async def client(names):
        nonlocal done
        while time.perf_counter() < end:
            await use(next(names))
            done += 1

    for share in (0.5, 1.0):
        done = 0
        names = itertools.cycle(paths)
        start = time.perf_counter()
        end = start + seconds * share
        await asyncio.gather(*(client(names) for _ in range(in_flight)))
        rate = done / (time.perf_counter() - start)
    print(json.dumps({"per_second": rate}))


def new_loop(contestant):
    if contestant == "twinloop":
        from twinloop import new_event_loop
    else:
        from uvloop import new_event_loop
    return new_event_loop()


contestant, work, in_flight, seconds = sys.argv[1:]
with (
    tempfile.TemporaryDirectory() as folder,
    asyncio.Runner(loop_factory=lambda: new_loop(contestant)) as runner,
):
    runner.run(main(contestant, work, int(in_flight), float(seconds), folder))
