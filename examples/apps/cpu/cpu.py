"""One job that computes, in all the places where it can: ``twinloop cpu.py``. What each takes, and how long the loop stands still for it.

Here are Python's places, and JavaScript's as Python has them; ``cpu.js`` is the same without Python.
"""

import argparse
import asyncio
import hashlib
import importlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import twinloop
from job import piece, rows
from twinloop import js


@dataclass
class Picture:
    width: int
    height: int
    steps: int
    workers: int

    def pieces(self):
        """The rows in pieces that are short enough: ten for each worker, since not all rows take as long."""
        step = max(1, self.height // (10 * self.workers))
        for first in range(0, self.height, step):
            yield first, min(first + step, self.height), self.width, self.height, self.steps

    @property
    def whole(self):
        return 0, self.height, self.width, self.height, self.steps


async def on_the_loop(picture):
    """on the loop"""
    return rows(*picture.whole)


async def in_pieces(picture):
    """on the loop, in pieces"""
    done = []
    for piece in picture.pieces():
        done.append(rows(*piece))
        await asyncio.sleep(0)  # the others have a turn
    return b"".join(done)


async def in_a_thread(picture):
    """in a thread"""
    async with twinloop.pool(1, kind="thread") as pool:
        return await pool.run(rows, *picture.whole)


async def in_processes(picture):
    """in processes"""
    async with twinloop.pool(picture.workers) as pool:
        return b"".join([rows async for rows in pool.map(piece, picture.pieces())])


async def on_dask(picture):
    """in processes, by Dask"""
    # Its scheduler and its client run on this loop. With an address in the place of the cluster the workers may be other machines.
    dask = await asyncio.to_thread(importlib.import_module, "dask.distributed")
    options = {"n_workers": picture.workers, "threads_per_worker": 1, "asynchronous": True, "dashboard_address": None}
    async with dask.LocalCluster(**options) as cluster, dask.Client(cluster, asynchronous=True) as client:
        return b"".join(await client.gather(client.map(piece, list(picture.pieces()))))


async def in_javascript(picture):
    """JavaScript, on the loop"""
    job = await js.import_module("./job.mjs")
    return bytes(js.to_py(job.rows(*picture.whole)))


async def in_a_worker(picture):
    """JavaScript, in a Worker"""
    return bytes(await js.run_in_worker("./job.mjs", *picture.whole, name="rows"))


async def in_workers(picture):
    """JavaScript, in Workers"""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(js.run_in_worker("./job.mjs", *words, name="rows")) for words in picture.pieces()]
    return b"".join(task.result() for task in tasks)


PLACES = {
    "loop": on_the_loop,
    "pieces": in_pieces,
    "thread": in_a_thread,
    "processes": in_processes,
    "dask": on_dask,
    "js": in_javascript,
    "worker": in_a_worker,
    "workers": in_workers,
}


class Clock:
    """Ticks, and notes for how long it could not."""

    async def __aenter__(self):
        self.begun = time.monotonic()
        self.longest = 0.0
        self.task = asyncio.create_task(self.tick())
        await asyncio.sleep(0)
        return self

    async def tick(self):
        while True:
            before = time.monotonic()
            try:
                await asyncio.sleep(0.005)
            finally:
                self.longest = max(self.longest, time.monotonic() - before - 0.005)

    async def __aexit__(self, *_):
        self.time = time.monotonic() - self.begun
        self.task.cancel()
        await asyncio.wait([self.task])


def between(least, most):
    def number(text):
        if not least <= (value := int(text)) <= most:
            raise ValueError
        return value

    number.__name__ = f"number from {least} to {most}"
    return number


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", metavar="PLACE", help=f"some of {', '.join(PLACES)}; all")
    parser.add_argument("--width", type=between(2, 20_000), metavar="2-20000", default=600)
    parser.add_argument("--steps", type=between(2, 255), metavar="2-255", default=200)
    parser.add_argument("--workers", type=between(1, 1000), metavar="1-1000", default=os.cpu_count())
    parser.add_argument("--out", type=Path, help="write the picture to this file (PGM)")
    words = parser.parse_args()
    for name in words.places:
        if name not in PLACES:
            parser.error(f"{name} is none of {', '.join(PLACES)}")
    # Ctrl-C cancels the task already; the end by a service manager shall be the same.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    picture = Picture(words.width, words.width * 3 // 4, words.steps, words.workers)
    print(f"{picture.width} x {picture.height} points, {picture.workers} workers\n{'':26}   time    loop stood still   picture")
    code = 0
    for name in words.places or PLACES:
        place = PLACES[name]
        try:
            async with Clock() as clock:
                done = await place(picture)
        except ImportError as error:
            print(f"{place.__doc__:26} {error.name} is not installed")
            continue
        except twinloop.WorkerDied as error:
            print(f"{place.__doc__:26} {error}", flush=True)
            code = 1  # the other places may fare better
            continue
        digest = hashlib.sha256(done).hexdigest()[:8]
        print(f"{place.__doc__:26} {clock.time:6.2f} s   {clock.longest * 1000:12.0f} ms   {digest}", flush=True)
        if words.out:
            try:
                words.out.write_bytes(b"P5 %d %d %d\n" % (picture.width, picture.height, picture.steps) + done)
            except OSError as error:
                print(f"cpu.py: the picture was not written: {error}", file=sys.stderr)
                code = 1
    return code


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped", file=sys.stderr)
        sys.exit(130)
