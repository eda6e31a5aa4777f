"""What an event loop costs a child process; prints one JSON object of milliseconds.

Usage: processes.py LOOP
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import warnings

from loops import new_loop

PIPE = asyncio.subprocess.PIPE
SPAWNS = 100
PIECE = bytes(64 * 1024)
PIECES = 1024


async def spawn_and_wait():
    for _ in range(SPAWNS):
        process = await asyncio.create_subprocess_exec("/bin/true")
        await process.wait()


async def spawn_and_read():
    for _ in range(SPAWNS):
        process = await asyncio.create_subprocess_exec("/bin/true", stdin=PIPE, stdout=PIPE, stderr=PIPE)
        await process.communicate()


async def spawn_together():
    async def one():
        process = await asyncio.create_subprocess_exec("/bin/true")
        await process.wait()

    await asyncio.gather(*(one() for _ in range(SPAWNS)))


async def through_cat():
    process = await asyncio.create_subprocess_exec("/bin/cat", stdin=PIPE, stdout=PIPE)

    async def write():
        for _ in range(PIECES):
            process.stdin.write(PIECE)
            await process.stdin.drain()
        process.stdin.close()

    async def read():
        received = 0
        while data := await process.stdout.read(1 << 20):
            received += len(data)
        assert received == PIECES * len(PIECE)

    await asyncio.gather(write(), read())
    await process.wait()


async def lines_from_child():
    code = "import sys; sys.stdout.write('a line of text\\n' * 200000)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    count = 0
    async for _ in process.stdout:
        count += 1
    assert count == 200_000
    await process.wait()


CASES = [
    ("spawn and wait", spawn_and_wait, SPAWNS),
    ("spawn with three pipes", spawn_and_read, SPAWNS),
    ("100 at once, each", spawn_together, SPAWNS),
    ("64 MiB through cat", through_cat, 1),
    ("200,000 lines", lines_from_child, 1),
]


def main():
    # 3.11's own loop asks for a child watcher, which 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    loop = new_loop(sys.argv[1])
    asyncio.set_event_loop(loop)
    results = {}
    for name, case, count in CASES:
        start = time.perf_counter()
        loop.run_until_complete(case())
        results[name] = (time.perf_counter() - start) * 1e3 / count
    loop.close()
    print(json.dumps(results))


main()
