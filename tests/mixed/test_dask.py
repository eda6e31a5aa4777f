"""Dask by the lines that docs/pool.md has for it, and what becomes of a computation whose workers die: a result of the others, or a clear error.

``programs/dask_cluster.py`` is the rest of it: a map over data, exceptions, what is cancelled.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

pytest.importorskip("distributed", reason="Dask is not installed: cargo xtask test mixed")

ROOT = pathlib.Path(__file__).parents[2]

# What the workers are called with: they import it, as they would a program's module.
JOBS = """
    import os, pathlib, time

    def loop_of(dask_worker=None, dask_scheduler=None):
        return type((dask_worker or dask_scheduler).loop.asyncio_loop).__module__

    def hold(folder, number):
        "Says where it has begun, and waits until it may go on."
        pathlib.Path(folder, f"{number}-{os.getpid()}").touch()
        while not pathlib.Path(folder, "open").exists():
            time.sleep(0.01)
        return number * number

    def status_of(dask_worker=None):
        return dask_worker.status.name

    def die():
        os.kill(os.getpid(), 9)
"""


def lines():
    """The command lines of docs/pool.md: of a scheduler, of a worker, and of a program."""
    text = (ROOT / "docs" / "pool.md").read_text().partition("## Past one machine")[2]
    block = re.search(r"```sh\n(.*?)```", text, re.S)[1]
    return [line.partition("#")[0].split() for line in block.splitlines()]


def left_of(sessions):
    """What still runs of sessions."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) in sessions and state != "Z":
                yield (folder / "cmdline").read_text()


def wait_for(condition, limit_s=60):
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


class Cluster:
    """A scheduler and workers, as the documentation starts them, each in a session of its own."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "jobs.py").write_text(textwrap.dedent(JOBS))
        self.parts = []
        self.scheduler_line, self.worker_line, self.program_line = lines()

    def start(self, words, *more, **environment):
        assert words[0] == "python"
        with open(self.folder / "log", "a") as log:
            part = subprocess.Popen(
                [sys.executable, *words[1:], *more],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.parts.append(part)
        return part

    def start_scheduler(self, **environment):
        # What the line leaves to Dask are a well-known port, and a page.
        self.start(
            self.scheduler_line,
            *"--host 127.0.0.1 --port 0 --no-dashboard --scheduler-file scheduler.json".split(),
            **environment,
        )
        wait_for((self.folder / "scheduler.json").exists)
        self.address = json.loads((self.folder / "scheduler.json").read_text())["address"]

    def start_worker(self):
        assert "tcp://scheduler:8786" in self.worker_line
        words = [self.address if word == "tcp://scheduler:8786" else word for word in self.worker_line]
        return self.start(
            words, "--no-dashboard", "--nthreads", "1", "--local-directory", str(self.folder), "--host", "127.0.0.1"
        )

    def run(self, program):
        """Starts a program that uses it, by its line."""
        assert self.program_line == ["python", "-m", "twinloop", "app.py"]
        (self.folder / "app.py").write_text(textwrap.dedent(program).replace("ADDRESS", repr(self.address)))
        process = subprocess.Popen(
            ["timeout", "--signal=KILL", "60", sys.executable, *self.program_line[1:]],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return process

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def end(self):
        """As Ctrl-C does: everything ends by itself, and leaves no process."""
        running = [part for part in reversed(self.parts) if part.poll() is None]
        for part in running:
            part.send_signal(signal.SIGINT)
            assert part.wait(60) in (0, 130, 255), (part.args, part.returncode, self.log)
        sessions = {part.pid for part in self.parts}
        wait_for(lambda: not list(left_of(sessions)), 20)

    def kill(self):
        for part in self.parts:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(part.pid, signal.SIGKILL)
            part.wait()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.kill()


def test_the_lines_of_the_documentation_give_every_part_this_loop(cluster):
    cluster.start_scheduler()
    cluster.start_worker()
    process = cluster.run(
        """
        import asyncio
        import jobs
        from distributed import Client

        def loops(scheduler, workers, nannies):
            return {scheduler, *workers.values(), *nannies.values()}

        with Client(ADDRESS) as client:
            client.wait_for_workers(1)
            print(client.submit(pow, 3, 4).result())
            print(loops(client.run_on_scheduler(jobs.loop_of), client.run(jobs.loop_of), client.run(jobs.loop_of, nanny=True)))
            print(type(client.loop.asyncio_loop).__module__)

        async def main():
            async with Client(ADDRESS, asynchronous=True) as client:
                print(await client.submit(pow, 3, 5), type(asyncio.get_running_loop()).__module__)

        asyncio.run(main())
        """
    )
    said, faults = process.communicate(timeout=90)
    loop = "twinloop"
    # The other place where they stand.
    text = (ROOT / "docs" / "asyncio.md").read_text()
    assert " ".join(cluster.scheduler_line) in text and " ".join(cluster.worker_line[:-1]) in text
    assert (said.splitlines(), faults) == (["81", f"{{'{loop}'}}", loop, f"243 {loop}"], ""), (
        said,
        faults,
        cluster.log,
    )
    cluster.end()


def test_what_a_dead_machine_was_at_is_done_by_another(cluster):
    cluster.start_scheduler()
    workers = [cluster.start_worker() for _ in range(2)]
    gate = cluster.folder / "gate"
    gate.mkdir()
    process = cluster.run(
        f"""
        import asyncio, jobs
        from distributed import Client

        async def main():
            async with Client(ADDRESS, asynchronous=True) as client:
                await client.wait_for_workers(2)
                print(await client.gather(client.map(jobs.hold, [{str(gate)!r}] * 4, range(4), pure=False)))

        asyncio.run(main())
        """
    )
    # Each has one of the calls; then a machine is gone, with its worker and what watches over that.
    wait_for(lambda: len(os.listdir(gate)) == 2 or process.poll() is not None)
    assert process.poll() is None, (process.communicate(), cluster.log)
    os.killpg(workers[0].pid, signal.SIGKILL)
    workers[0].wait()
    wait_for(lambda: not list(left_of({workers[0].pid})))
    (gate / "open").touch()
    said, faults = process.communicate(timeout=90)
    assert (said, process.returncode) == ("[0, 1, 4, 9]\n", 0), (said, faults, cluster.log)
    # One of them was begun twice.
    assert len(os.listdir(gate)) == 4 + 1 + 1
    cluster.end()


def test_a_call_that_kills_every_worker_is_a_clear_error_and_everything_ends(cluster):
    # How often it is tried is Dask's to say: three times, unless it is told otherwise.
    cluster.start_scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    cluster.start_worker()
    process = cluster.run(
        """
        import asyncio, jobs
        from distributed import Client, KilledWorker

        async def main():
            async with Client(ADDRESS, asynchronous=True) as client:
                await client.wait_for_workers(1)
                # A worker that dies before its nanny has begun is one that cannot be started.
                while "running" not in (await client.run(jobs.status_of, nanny=True)).values():
                    await asyncio.sleep(0.02)
                try:
                    await client.submit(jobs.die, pure=False)
                except KilledWorker as error:
                    print(error)
                # The nanny has made another worker.
                print(await client.submit(pow, 2, 5))

        asyncio.run(main())
        """
    )
    said, faults = process.communicate(timeout=90)
    error, result = said.splitlines() or ("", "")
    assert "die" in error and "worker" in error and result == "32", (said, faults, cluster.log)
    assert process.returncode == 0, faults
    cluster.end()


def test_a_cluster_whose_scheduler_is_gone_is_a_clear_error(cluster):
    cluster.start_scheduler()
    cluster.start_worker()
    gate = cluster.folder / "gate"
    gate.mkdir()
    process = cluster.run(
        f"""
        import asyncio, jobs
        from distributed import Client

        async def main():
            async with Client(ADDRESS, asynchronous=True) as client:
                await client.wait_for_workers(1)
                try:
                    print(await client.submit(jobs.hold, {str(gate)!r}, 1))
                except Exception as error:
                    print(type(error).__name__, error)

        asyncio.run(main())
        """
    )
    wait_for(lambda: os.listdir(gate) or process.poll() is not None)
    assert process.poll() is None, (process.communicate(), cluster.log)
    os.killpg(cluster.parts[0].pid, signal.SIGKILL)
    said, faults = process.communicate(timeout=90)
    assert "FutureCancelledError" in said and "lost the connection to the scheduler" in said, (said, faults)
    assert process.returncode == 0, faults
