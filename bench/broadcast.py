"""BroadcastChannel among processes, as broadcast.mjs: ``broadcast.py URL HISTORY PROCESSES POSTS``.

Each process posts its share of the messages and hears those of the others (one alone has a second channel that hears). Prints how many of
them a second have been heard by all, how many are missing somewhere, and the processor's time of all processes for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time

import twinloop

# Who hears nothing for so long will hear nothing any more; a server may take seconds for a cut.
PATIENCE_S = 20


async def member(url: str, history: int, processes: int, posts: int, name: str) -> None:
    """One of the processes: says when it hears, posts when it is told to, and says when it has heard everything."""
    options = {"url": url, **({"history": history} if history else {})}
    mine = posts // processes
    async with contextlib.AsyncExitStack() as stack:
        sender = hearer = await stack.enter_async_context(twinloop.BroadcastChannel(name, **options))
        if processes == 1:
            hearer = await stack.enter_async_context(twinloop.BroadcastChannel(name, **options))
        loop = asyncio.get_running_loop()
        print("ready", flush=True)
        go = loop.create_future()
        loop.add_reader(0, lambda: go.done() or go.set_result(None))
        await go
        loop.remove_reader(0)
        before = time.process_time_ns()

        async def post() -> None:
            text = "x" * 64
            for number in range(mine):
                await sender.send({"number": number, "text": text})

        missing = mine * max(1, processes - 1)
        posting = asyncio.create_task(post())
        messages = aiter(hearer.events())
        with contextlib.suppress(TimeoutError):
            while missing:
                async with asyncio.timeout(PATIENCE_S):
                    # One limit for many messages: it is not what is measured.
                    for _ in range(min(missing, 1000)):
                        event = await anext(messages)
                        missing -= event.type == "message"
        await posting
        print(missing, time.process_time_ns() - before, flush=True)


async def main(url: str, history: int, processes: int, posts: int) -> None:
    """Starts the others, and takes the time from the first post to the last that is heard."""
    own = f"bench-{os.getpid()}-{time.time_ns()}"
    words = [__file__, url, str(history), str(processes), str(posts), own]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    children = [await asyncio.create_subprocess_exec(sys.executable, *words, **pipes) for _ in range(processes)]

    async def said() -> list[bytes]:
        return await asyncio.gather(*(child.stdout.readline() for child in children))

    await said()
    start = time.perf_counter()
    for child in children:
        child.stdin.write(b"go\n")
    lost, spent = (sum(map(int, column)) for column in zip(*(line.split() for line in await said()), strict=True))
    seconds = time.perf_counter() - start
    for child in children:
        child.stdin.close()
        await child.wait()
    posted = posts // processes * processes
    print(json.dumps({"per_second": posted / seconds, "lost": lost, "cpu_ns": spent / posted}))


url, *numbers, last = sys.argv[1:]
if last.isdigit():
    twinloop.run(main(url, *(int(number) for number in (*numbers, last))))
else:
    twinloop.run(member(url, *(int(number) for number in numbers), last))
