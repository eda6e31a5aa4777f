"""What an event loop takes to resolve a host; prints one JSON object of nanoseconds.

Usage: getaddrinfo.py LOOP
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time

from loops import new_loop

COUNT = 2000


async def resolve(loop, host):
    for _ in range(COUNT):
        await loop.getaddrinfo(host, 80, type=socket.SOCK_STREAM)


def main():
    loop = new_loop(sys.argv[1])
    asyncio.set_event_loop(loop)
    results = {}
    for name, host in (("IPv4 literal", "127.0.0.1"), ("IPv6 literal", "::1"), ("localhost", "localhost")):
        loop.run_until_complete(loop.getaddrinfo(host, 80))
        start = time.perf_counter_ns()
        loop.run_until_complete(resolve(loop, host))
        results[name] = (time.perf_counter_ns() - start) / COUNT
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    print(json.dumps(results))


main()
