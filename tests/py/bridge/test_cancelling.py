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
        server.close()

    twinloop.run(main())


# JavaScript functions that wait, by name: what becomes of each when the Task is cancelled that waits for it.
WAITS = """(() => {
    const timers = process.getBuiltinModule('node:timers/promises');
    const wait = () => timers.setTimeout(60_000);
    const told = (log, work) => async (...values) => {
        try {
            return await work(...values);
        } catch (error) {
            log(error.name);
            throw error;
        } finally {
            log('finally');
        }
    };
    return {
        async_function: (log) => told(log, async () => { await 1; await wait(); })(),
        nested: (log) => (async () => [await told(log, wait)()])(),
        combinator: (log) => Promise.all([1, told(log, wait)()]),
        race: (log) => Promise.race([told(log, wait)(), told(() => {}, wait)()]).then((value) => value),
        signal: (log) => told(log, () => timers.setTimeout(60_000, null, { signal: AbortSignal.timeout(50_000) }))(),
        interval: (log) => told(log, async () => { for await (const tick of timers.setInterval(60_000)) log(tick); })(),
        generator: (log) => told(log, async () => { for await (const x of (async function* () { yield await wait(); })()); })(),
        fetch: (log, url) => told(log, async () => { await (await fetch(url + '/head')).text(); })(),
        posted: (log, url) => told(log, () => fetch(url + '/head', { method: 'POST', body: 'x' }))(),
        signalled: (log, url) => told(log, () => fetch(url + '/head', { signal: new AbortController().signal }))(),
        body: (log, url) => told(log, async () => { await (await fetch(url + '/body')).text(); })(),
    };
})()"""


@pytest.mark.parametrize(
    "name",
    [
        "async_function",
        "nested",
        "combinator",
        "race",
        "signal",
        "interval",
        "generator",
        "fetch",
        "posted",
        "signalled",
        "body",
    ],
)
def test_a_cancelled_task_reaches_what_functions_of_javascript_wait_for(name: str) -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /body"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            await reader.read()
            gone.set()
            writer.close()

        log: list[str] = []
        async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            waits = js.eval(WAITS)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await waits[name](log.append, url)
            async with asyncio.timeout(30):
                while log != ["AbortError", "finally"]:
                    await asyncio.sleep(0.001)
                if name in ("fetch", "posted", "signalled", "body"):
                    await gone.wait()

    twinloop.run(main())


def test_a_cancelled_task_reaches_python_that_javascript_awaits() -> None:
    async def main() -> None:
        log: list[str] = []

        async def inner() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                log.append("inner")
                raise
            finally:
                log.append("finally")

        outer = js.function("""async (inner, log) => {
            try { await Promise.all([inner(), inner()]); } catch (error) { log(error.name); throw error; }
        }""")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await outer(inner, log.append)
        async with asyncio.timeout(30):
            while len(log) < 5:
                await asyncio.sleep(0.001)
        assert log == ["inner", "finally", "inner", "finally", "CancelledError"]

    twinloop.run(main())


def test_what_others_wait_for_goes_on() -> None:
    async def main() -> None:
        log: list[str] = []
        waits = js.eval("""(log) => {
            const timers = process.getBuiltinModule('node:timers/promises');
            const shared = timers.setTimeout(500, 'done');
            const own = async (name) => log(name + ' ' + await shared);
            own('javascript');
            return { shared: () => own('python'), twice: own('twice'), apart: async () => { own('apart'); await timers.setTimeout(60_000); } };
        }""")(log.append)

        async def wait(promise: Any) -> Any:
            return await promise

        # What two functions wait for.
        await asyncio.gather(*(_cancelled(wait(waits.shared())) for _ in range(2)))
        # What another Task waits for.
        other = asyncio.create_task(wait(waits.twice))
        await _cancelled(wait(waits.twice))
        # What the function began and does not wait for.
        await _cancelled(waits.apart())
        await other
        async with asyncio.timeout(30):
            while len(log) < 5:
                await asyncio.sleep(0.001)
        assert sorted(log) == ["apart done", "javascript done", "python done", "python done", "twice done"]

    twinloop.run(main())


async def _cancelled(awaitable: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.005):
            await awaitable


def test_a_thousand_cancelled_together_take_no_longer_each() -> None:
    # Each looked at all that could be given up would be a million looks.
    async def main() -> None:
        ended = 0
        work = js.function("""async (ended) => {
            try { await process.getBuiltinModule('node:timers/promises').setTimeout(60_000); } finally { ended(); }
        }""")

        def count() -> None:
            nonlocal ended
            ended += 1

        async def wait() -> None:
            await work(count)

        tasks = [asyncio.create_task(wait()) for _ in range(1000)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(30):
            while ended < 1000:
                await asyncio.sleep(0.001)

    twinloop.run(main())
