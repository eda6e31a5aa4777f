"""Tasks, futures, executors, asynchronous generators and the ways to run a program."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import gc
import os
import sys
import weakref

import pytest
import twinloop


def test_tasks_and_futures_are_cpythons_own(run):
    async def main():
        loop = asyncio.get_running_loop()
        task = loop.create_task(asyncio.sleep(0), name="named")
        assert type(task) is asyncio.Task and task.get_name() == "named"
        assert type(loop.create_future()) is asyncio.Future
        assert loop.create_future().get_loop() is loop
        await task

    run(main())


def test_a_task_runs_in_the_given_context(run):
    variable = contextvars.ContextVar("variable", default="unset")

    async def read():
        return variable.get()

    async def main():
        context = contextvars.copy_context()
        context.run(variable.set, "given")
        loop = asyncio.get_running_loop()
        return await loop.create_task(read(), context=context), await loop.create_task(read())

    assert run(main()) == ("given", "unset")


def test_create_task_refuses_what_is_not_a_coroutine(run):
    async def main():
        with pytest.raises(TypeError, match="coroutine"):
            asyncio.get_running_loop().create_task(42)

    run(main())


def test_a_task_factory_is_used_and_can_be_removed(run):
    async def main():
        loop = asyncio.get_running_loop()
        made = []

        def factory(event_loop, coroutine, **options):
            made.append(coroutine)
            return asyncio.Task(coroutine, loop=event_loop, **options)

        loop.set_task_factory(factory)
        assert loop.get_task_factory() is factory
        await asyncio.create_task(asyncio.sleep(0))
        loop.set_task_factory(None)
        await asyncio.create_task(asyncio.sleep(0))
        assert len(made) == 1

    run(main())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_eager_tasks_start_at_once(run):
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        seen = []

        async def start():
            seen.append("started")

        task = asyncio.create_task(start())
        assert seen == ["started"]
        await task

    run(main())


def test_gather_of_100_000_tasks(run):
    async def one(number):
        await asyncio.sleep(0)
        return number

    async def main():
        return await asyncio.gather(*(one(number) for number in range(100_000)))

    assert run(main(), limit_s=120) == list(range(100_000))


def test_100_000_sleeping_tasks(run):
    async def main():
        tasks = [asyncio.create_task(asyncio.sleep(0.01, number)) for number in range(100_000)]
        return [await task for task in tasks]

    assert run(main(), limit_s=120) == list(range(100_000))


def test_cancelling_a_task_reaches_the_coroutine_and_its_waiter(run):
    async def main():
        seen = []

        async def wait():
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel("why")
        with pytest.raises(asyncio.CancelledError, match="why"):
            await task
        assert seen == ["cancelled"]
        # The timer went with it.
        assert asyncio.get_running_loop().statistics()["timers"] <= 1

    run(main())


def test_timeout_and_wait_for_cancel_what_they_bound(run):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(3600), 0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()

    run(main())


def test_run_in_executor_returns_results_and_exceptions(run):
    async def main():
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, sum, [1, 2, 3]) == 6
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 / 0)
        assert await asyncio.to_thread(os.getpid) == os.getpid()
        return await asyncio.gather(*(loop.run_in_executor(None, pow, number, 2) for number in range(500)))

    assert run(main()) == [number * number for number in range(500)]


def test_a_process_pool_works_through_run_in_executor(run):
    async def main():
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            loop = asyncio.get_running_loop()
            return await asyncio.gather(*(loop.run_in_executor(pool, pow, 2, number) for number in range(10)))

    assert run(main()) == [2**number for number in range(10)]


def test_subprocesses_have_pipes_and_exit_statuses(run):
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import sys; print(sys.stdin.read().upper()); sys.exit(3)",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(b"hello")
        return output, process.returncode

    assert run(main()) == (b"HELLO\n", 3)


def test_asynchronous_generators_are_closed_with_the_loop():
    seen = []

    async def generator():
        try:
            yield 1
            yield 2
        finally:
            seen.append("closed")

    kept = generator()

    async def main():
        assert await anext(kept) == 1

    twinloop.run(main())
    assert seen == ["closed"]


def test_a_dropped_asynchronous_generator_is_closed_by_the_running_loop(run):
    seen = []

    async def generator():
        try:
            yield 1
        finally:
            seen.append("closed")

    async def main():
        async for _ in generator():
            break
        gc.collect()
        await asyncio.sleep(0.01)

    run(main())
    assert seen == ["closed"]


def test_an_exception_of_main_comes_out_of_run():
    async def main():
        raise LookupError("of main")

    with pytest.raises(LookupError, match="of main"):
        twinloop.run(main())


def test_run_inside_a_running_loop_is_refused(run):
    async def main():
        coroutine = asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="cannot be called from a running event loop"):
            twinloop.run(coroutine)
        coroutine.close()

    run(main())


def test_the_runner_and_the_policy_use_this_loop():
    async def kind():
        return type(asyncio.get_running_loop())

    with asyncio.Runner(loop_factory=twinloop.new_event_loop) as runner:
        assert runner.run(kind()) is twinloop.EventLoop
    loop = twinloop.EventLoopPolicy().new_event_loop()
    assert type(loop) is twinloop.EventLoop
    loop.close()


def test_an_exception_that_nobody_retrieved_is_reported(run, errors):
    async def main():
        errors.collect(asyncio.get_running_loop())

        async def fail():
            raise ValueError("forgotten")

        task = asyncio.create_task(fail())
        await asyncio.sleep(0.01)
        del task
        gc.collect()

    run(main())
    assert [str(context["exception"]) for context in errors] == ["forgotten"]


def test_a_closed_loop_lets_go_of_tasks_that_waited_for_a_timer():
    class Marker:
        pass

    def leave_a_task_behind():
        loop = twinloop.new_event_loop()
        marker = Marker()

        async def wait(_marker):
            async with asyncio.timeout(3600):
                await loop.create_future()

        task = loop.create_task(wait(marker))
        task._log_destroy_pending = False
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        return weakref.ref(marker)

    marker = leave_a_task_behind()
    gc.collect()
    assert marker() is None
