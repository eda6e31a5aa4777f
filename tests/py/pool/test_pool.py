"""``twinloop.pool``: calls in processes and threads, their progress, their end, and what waits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pool_calls
import pytest
import twinloop

KINDS = ["process", "thread"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_runs_elsewhere_and_gives_its_result(run, kind):
    async def main():
        async with twinloop.pool(2, kind=kind) as pool:
            assert pool.workers == 2
            assert await pool.run(pool_calls.double, 21) == 42
            assert await pool.run(pool_calls.double, value="a") == "aa"
            where = await pool.run(pool_calls.place)
            if kind == "process":
                assert where[0] != os.getpid()
                assert len(await pool.run(pool_calls.large, 3_000_000)) == 3_000_000
            else:
                assert where[0] == os.getpid() and where[1] != threading.get_ident()
        with pytest.raises(RuntimeError, match="closed"):
            await pool.run(pool_calls.double, 1)

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_raised_where_the_call_is_awaited(run, kind):
    async def main():
        async with twinloop.pool(1, kind=kind) as pool:
            with pytest.raises(ValueError, match="mine") as raised:
                await pool.run(pool_calls.fail, "mine")
            if kind == "process":
                assert "pool_calls.py" in raised.value.__notes__[0]
            with pytest.raises((pool_calls.Odd, RuntimeError), match="1 2"):
                await pool.run(pool_calls.fail_oddly)
            with pytest.raises(RuntimeError, match="StopIteration"):
                await pool.run(pool_calls.stop)
            if kind == "process":
                with pytest.raises(Exception, match="pickle|local object"):
                    await pool.run(pool_calls.unpicklable)
                with pytest.raises(Exception, match="pickle|local object"):
                    await pool.run(lambda: 1)
            assert await pool.run(pool_calls.double, 1) == 2

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_progress_comes_while_the_call_runs(run, kind):
    async def main():
        async with twinloop.pool(1, kind=kind) as pool:
            job = await pool.submit(pool_calls.count, 5)
            assert [step async for step in job] == [0, 1, 2, 3, 4]
            assert await job == 5 and job.done() and "done" in repr(job)
            # More than anybody keeps: the last are there.
            job = await pool.submit(pool_calls.count, 1000)
            assert await job == 1000
            assert [step async for step in job][-1] == 999
        assert pool_calls.count(3) == 3

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_is_cancelled_at_every_stage(run, kind):
    async def main():
        async with twinloop.pool(1, kind=kind, waiting=2) as pool:
            running = await pool.submit(pool_calls.count, 1000, 0.01)
            assert await anext(running) == 0
            waiting = await pool.submit(pool_calls.double, 1)
            other = await pool.submit(pool_calls.double, 2)
            assert waiting.cancel() and running.cancel()
            for job in (running, waiting):
                with pytest.raises(asyncio.CancelledError):
                    await job
                assert job.cancelled() and not job.cancel()
            assert await other == 4
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await pool.run(pool_calls.count, 1000, 0.01)
            assert await pool.run(pool_calls.double, 3) == 6

    run(main())


def test_a_worker_that_dies_is_replaced_and_hurts_nobody_else(run):
    async def main():
        async with twinloop.pool(2) as pool:
            other = await pool.submit(pool_calls.sleep, 0.3)
            with pytest.raises(twinloop.WorkerDied, match="ran die ended with signal 9"):
                await pool.run(pool_calls.die)
            assert await pool.run(pool_calls.double, 2) == 4
            assert await other == 0.3

    run(main())


def test_a_program_that_its_workers_would_start_again_is_told(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import math, twinloop\n"
        "async def main():\n"
        "    async with twinloop.pool(1) as pool:\n"
        "        await pool.run(math.factorial, 5)\n"
        "twinloop.run(main())\n"
    )
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("twinloop.WorkerDied: the worker for factorial could not start, exit code 1: ")
    assert 'if __name__ == "__main__":' in last


@pytest.mark.parametrize("kind", KINDS)
def test_map_takes_no_more_than_there_is_room_for(run, kind):
    async def main():
        taken = []

        def items():
            for number in range(40):
                taken.append(number)
                yield number

        async with twinloop.pool(2, kind=kind, waiting=2) as pool:
            results = []
            async for result in pool.map(pool_calls.double, items()):
                results.append(result)
                assert len(taken) - len(results) <= 5
            assert results == [number * 2 for number in range(40)]

            async def later():
                for number in range(10):
                    await asyncio.sleep(0)
                    yield number

            found = [result async for result in pool.map(pool_calls.double, later(), ordered=False)]
            assert sorted(found) == [number * 2 for number in range(10)]
            with pytest.raises(TypeError):
                async for _ in pool.map(pool_calls.double, [1, object()]):
                    pass

    run(main())


def test_submit_waits_for_room(run):
    async def main():
        async with twinloop.pool(1, kind="thread", waiting=1) as pool:
            first = await pool.submit(pool_calls.count, 1000, 0.01)
            await anext(first)
            await pool.submit(pool_calls.double, 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await pool.submit(pool_calls.double, 2)
            first.cancel()
            assert await pool.run(pool_calls.double, 3) == 6

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_in_the_block_ends_what_runs(run, kind):
    async def main():
        with pytest.raises(KeyError):
            async with twinloop.pool(1, kind=kind, waiting=3) as pool:
                jobs = [await pool.submit(pool_calls.count, 1000, 0.01) for _ in range(3)]
                await anext(jobs[0])
                raise KeyError
        assert all(job.cancelled() for job in jobs)

    run(main())


def test_wrong_arguments_are_errors():
    for wrong in ({"kind": "fibre"}, {"workers": 0}, {"waiting": 0}):
        with pytest.raises(ValueError):
            twinloop.pool(**wrong)
