"""What a traced program pays; prints one JSON object of nanoseconds an operation.

Usage: trace.py [SECONDS]     once as it is, and once with TWINLOOP_TRACE in the environment
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import twinloop

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0


async def measure(count, one_round):
    """Repeats ``one_round``, which does ``count`` operations; the nanoseconds of one."""
    await one_round()
    begin = time.perf_counter()
    done = 0
    while time.perf_counter() - begin < SECONDS:
        await one_round()
        done += count
    return (time.perf_counter() - begin) * 1e9 / done


async def echo():
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    place = server.sockets[0].getsockname()
    connections = [await asyncio.open_connection(*place) for _ in range(64)]
    line = b"x" * 1023 + b"\n"

    async def client(reader, writer):
        for _ in range(5):
            writer.write(line)
            await reader.readline()

    async def one_round():
        await asyncio.gather(*(client(*each) for each in connections))

    result = await measure(320, one_round)
    for _, writer in connections:
        writer.close()
    server.close()
    return result


async def sleeps():
    return await measure(1000, lambda: asyncio.gather(*(asyncio.sleep(0.001) for _ in range(1000))))


async def computing():
    async def work(number):
        await asyncio.sleep(0)
        return sum(each * number for each in range(200))

    async def one_round():
        for index in range(1000):
            await work(index)

    return await measure(1000, one_round)


async def tasks():
    async def nothing():
        pass

    async def one_round():
        for _ in range(1000):
            await asyncio.create_task(nothing())

    return await measure(1000, one_round)


async def main():
    results = {
        "streams, echo of 1 KiB, 64 connections": await echo(),
        "asyncio.sleep, 1000 at once": await sleeps(),
        "a step of 10 us": await computing(),
        "create_task and await": await tasks(),
    }
    print(json.dumps(results))


twinloop.run(main())
