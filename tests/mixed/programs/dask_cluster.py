"""Dask distributed with everything on this loop: a scheduler and two workers as processes of their own, a client in this one.

A map over data, arrays there and back, what JavaScript awaits, an exception, a cancelled future, and a worker that is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import signal
import sys
import tempfile

import numpy
import squares
import twinloop
from distributed import Client, as_completed
from distributed.client import FutureCancelledError
from twinloop import js


async def start(kind: str, place: pathlib.Path, *options: str) -> asyncio.subprocess.Process:
    """A scheduler or a worker, as its command line starts one: ``dask scheduler``, ``dask worker``."""
    words = ["-m", "twinloop", "-m", "dask", kind, "--scheduler-file", str(place / "scheduler.json"), *options]
    # Where the workers find the module of what they are called with.
    path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    with (place / f"{kind}.log").open("a") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, *words, "--no-dashboard", stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": path}
        )


async def end(*parts: asyncio.subprocess.Process) -> None:
    for part in parts:
        if part.returncode is None:
            part.send_signal(signal.SIGINT)
    for part in parts:
        await part.wait()


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def work(client: Client, place: pathlib.Path) -> None:
    here = type(asyncio.get_running_loop()).__module__
    workers = await client.run(squares.loop_of)
    nannies = await client.run(squares.loop_of, nanny=True)
    print("loops:", here, await client.run_on_scheduler(squares.loop_of), *workers.values(), *nannies.values())

    # A map over data, in order and as it comes.
    futures = client.map(squares.square, range(1000))
    print(sum(await client.gather(futures)))
    print(sum([result async for _, result in as_completed(futures, with_results=True)]))

    # What is large goes once, and is used by name.
    [matrix] = await client.scatter([numpy.arange(2_000_000.0)], broadcast=True)
    total = client.submit(numpy.sum, matrix)
    doubled = await client.submit(numpy.multiply, matrix, 2)
    print(await total, doubled.nbytes, doubled[-1])

    # JavaScript awaits what Dask computes.
    sum_of = js.eval("async (client, futures) => [...await client.gather(futures)].reduce((a, b) => a + b)")
    print(await sum_of(client, client.map(squares.square, [1, 2, 3])))

    # What a call raises is raised where it is awaited.
    try:
        await client.submit(squares.root, -1)
    except ValueError as error:
        print("ValueError:", error)

    # Each worker has begun a call that waits; what waits behind them is cancelled, and never begins.
    gate = place / "gate"
    gate.mkdir()
    waiting = client.map(squares.wait_in, [str(gate)] * 2, range(2), pure=False)
    await until(lambda: len(os.listdir(gate)) == 2)
    behind = client.submit(squares.note, str(place / "begun"), pure=False)
    while not await client.run_on_scheduler(squares.knows, behind.key):
        await asyncio.sleep(0.01)
    await behind.cancel()
    try:
        await behind
    except FutureCancelledError:
        print("cancelled:", behind.status)
    while await client.run_on_scheduler(squares.knows, behind.key):
        await asyncio.sleep(0.01)
    squares.note(str(gate / "open"))
    print(await client.gather(waiting), await client.submit(squares.square, 12), (place / "begun").exists())

    # A worker dies in the middle of a task: that is done again, and so is what only this worker had.
    kept = client.map(squares.square, range(1000, 1100))
    await client.gather(kept)
    begun = place / "attempts"
    begun.mkdir()
    print("begun", await client.submit(squares.die_once, str(begun)), "times")
    print(sum(await client.gather(kept)))
    await client.wait_for_workers(2)
    print("loops:", *(await client.run(squares.loop_of)).values())


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        scheduler = await start("scheduler", place, "--host", "127.0.0.1", "--port", "0")
        workers = []
        try:
            for _ in range(2):
                workers.append(await start("worker", place, "--nthreads", "1", "--local-directory", name))
            await until((place / "scheduler.json").exists)
            address = json.loads((place / "scheduler.json").read_text())["address"]
            async with Client(address, asynchronous=True) as client:
                await client.wait_for_workers(2)
                await work(client, place)
        finally:
            await end(*workers)
            await end(scheduler)
        print("ended:", scheduler.returncode, *(worker.returncode for worker in workers))


twinloop.run(main())
