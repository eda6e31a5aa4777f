"""Cancellation across the border, by an AbortSignal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import twinloop
from twinloop import js

SLOW = """async (signal, log) => {
    try {
        await process.getBuiltinModule('node:timers/promises').setTimeout(60_000, undefined, { signal });
    } catch (error) {
        log(error.name);
        throw error;
    }
}"""


def test_a_cancelled_task_aborts_what_it_waits_for() -> None:
    async def main() -> None:
        log: list[str] = []
        work = js.function(SLOW)

        async def wait() -> None:
            with js.aborting() as signal:
                await work(signal, log.append)

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await wait()
        while len(log) < 2:
            await asyncio.sleep(0.001)
        assert log == ["AbortError", "AbortError"]

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_fetch_ends_with_its_task() -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            gone.set()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

        async def ask() -> None:
            with js.aborting() as signal:
                await js.fetch(url, {"signal": signal})

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(), 0.05)
        await gone.wait()
        server.close()

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_timer_ends_with_its_task() -> None:
    # It kept a JavaScript program alive for its whole time.
    async def main() -> None:
        timers = js.require("node:timers/promises")

        def count() -> int:
            return js.process.getActiveResourcesInfo().to_py().count("Timeout")

        before = count()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await timers.setTimeout(60_000)
        first, second = asyncio.ensure_future(shared := timers.setTimeout(60_000)), asyncio.ensure_future(shared)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        # Somebody waits still.
        assert count() == before + 1
        second.cancel()
        await asyncio.sleep(0)
        assert count() == before

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_block_that_ends_well_aborts_nothing() -> None:
    async def main() -> None:
        with js.aborting() as signal:
            pass
        assert not signal.aborted
        with pytest.raises(ValueError), js.aborting() as signal:
            raise ValueError
        assert signal.aborted and signal.reason.name == "AbortError"

    twinloop.run(main())


def test_a_signal_cancels_python() -> None:
    async def main() -> None:
        seen: list[str] = []

        async def work(signal: Any) -> str:
            async with js.cancelled_by(signal):
                try:
                    await asyncio.sleep(60)
                finally:
                    seen.append("finally")
            return "done"

        call = js.function(
            """async (work) => {
                const controller = new AbortController();
                setTimeout(() => controller.abort(), 5);
                try { await work(controller.signal); } catch (error) { return error === controller.signal.reason && error.name; }
            }"""
        )
        assert await call(work) == "AbortError" and seen == ["finally"]
        # One that was aborted before.
        with pytest.raises(js.JsException, match="why not") as caught:
            await work(js.eval("AbortSignal.abort(new RangeError('why not'))"))
        assert caught.value.name == "RangeError" and asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        # The value is returned, and nothing is left on the signal.
        controller = js.AbortController.new()
        async with js.cancelled_by(controller.signal):
            pass
        controller.abort()
        await asyncio.sleep(0)

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_signal_of_python_cancels_python() -> None:
    async def main() -> None:
        controller = twinloop.AbortController()
        asyncio.get_running_loop().call_soon(controller.abort, ValueError("why not"))
        with pytest.raises(ValueError, match="why not"):
            async with js.cancelled_by(controller.signal):
                await asyncio.sleep(60)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        with pytest.raises(twinloop.AbortError):
            async with js.cancelled_by(twinloop.AbortSignal.abort()):
                await asyncio.sleep(60)
        # Nothing is left on a signal that outlives the block.
        later = twinloop.AbortController()
        async with js.cancelled_by(later.signal):
            pass
        later.abort()
        await asyncio.sleep(0)

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_cancellation_of_somebody_elses_stays_one() -> None:
    async def main() -> None:
        controller = js.AbortController.new()

        async def work() -> None:
            async with js.cancelled_by(controller.signal):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        controller.abort()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    twinloop.run(asyncio.wait_for(main(), 30))


def test_tasks_of_a_group_end_together() -> None:
    async def main() -> None:
        log: list[str] = []

        async def wait() -> None:
            with js.aborting() as signal:
                await js.function(SLOW)(signal, log.append)

        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(wait())
                await asyncio.sleep(0)
                group.create_task(js_failing())
        assert [error.name for error in caught.value.exceptions] == ["TypeError"]  # type: ignore[union-attr]
        while not log:
            await asyncio.sleep(0.001)

    async def js_failing() -> None:
        await js.function("async () => { throw new TypeError('no'); }")()

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_bare_fetch_leaves_the_wire_with_the_last_task_that_waits_for_it() -> None:
    async def main() -> None:
        arrived = 0
        gone = asyncio.Event()

        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal arrived
            request = await reader.readuntil(b"\r\n\r\n")
            arrived += 1
            if request.startswith(b"GET /quick"):
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                await writer.drain()
            else:
                # Its body, and then the end.
                await reader.read()
                gone.set()
            writer.close()

        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        async def wait(promise: Any) -> Any:
            return await promise

        for options in ({}, {"method": "POST", "body": "x"}):
            gone.clear()
            task = asyncio.create_task(wait(js.fetch(f"{url}/slow", options) if options else js.fetch(f"{url}/slow")))
            while arrived == 0:
                await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait_for(gone.wait(), 10)
            with pytest.raises(asyncio.CancelledError):
                await task
            arrived = 0
        # Somebody else still waits.
        promise = js.fetch(f"{url}/quick")
        first, second = asyncio.create_task(wait(promise)), asyncio.create_task(wait(promise))
        while arrived == 0:
            await asyncio.sleep(0.001)
        first.cancel()
        assert await (await second).text() == "ok"
        # JavaScript that waits for a fetch of its own goes on.
        log: list[str] = []
        load = js.function("async (url, log) => { log(await (await fetch(url)).text()); }")
        task = asyncio.create_task(wait(load(f"{url}/quick", log.append)))
        await asyncio.sleep(0.01)
        task.cancel()
        async with asyncio.timeout(10):
            while not log:
                await asyncio.sleep(0.001)
        assert log == ["ok"]
        server.close()

    twinloop.run(main())
