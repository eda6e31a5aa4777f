"""``signal=`` of a fetch, twinloop's own and JavaScript's, and ``async with`` over a fetch."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
import twinloop
from fetch_support import answering, asked, fixtures, serving, talking
from twinloop import AbortController, AbortSignal


def test_a_controller_ends_a_fetch_and_says_why(run):
    async def main():
        url = f"http://{fixtures()['http']}/hang"
        for reason, error, text in [
            (None, twinloop.AbortError, "the operation was aborted"),
            ("enough", twinloop.AbortError, "enough"),
            (ValueError("mine"), ValueError, "mine"),
        ]:
            controller = AbortController()
            task = asyncio.create_task(twinloop.fetch(url, signal=controller.signal))
            await asyncio.sleep(0.01)
            assert not task.done() and not controller.signal.aborted
            controller.abort(reason)
            controller.abort("too late")
            with pytest.raises(error, match=text) as raised:
                await task
            assert controller.signal.aborted and controller.signal.reason is raised.value
            with pytest.raises(error, match=text):
                controller.signal.throw_if_aborted()
            # One that is aborted already lets nothing leave.
            async with asked() as server:
                with pytest.raises(error):
                    await twinloop.fetch(server.url, signal=controller.signal)
                assert server.requests == []

    run(main())


def test_a_signal_ends_the_reading_of_the_body(run):
    async def main():
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
        async with talking(answering(head)) as url:
            controller = AbortController()
            response = await twinloop.fetch(url, signal=controller.signal)
            reading = asyncio.create_task(response.bytes())
            await asyncio.sleep(0.01)
            controller.abort("no more")
            with pytest.raises(twinloop.AbortError, match="no more"):
                await reading
            with pytest.raises(RuntimeError, match="broke off"):
                await response.text()

    run(main())


def test_a_time_and_the_first_of_several(run):
    async def main():
        url = f"http://{fixtures()['http']}/hang"
        with pytest.raises(TimeoutError, match=r"0\.01 s are over"):
            await twinloop.fetch(url, signal=AbortSignal.timeout(0.01))
        first, second = AbortController(), AbortController()
        either = AbortSignal.any([first.signal, second.signal])
        heard = []
        either.add_listener(heard.append)
        task = asyncio.create_task(twinloop.fetch(url, signal=either))
        await asyncio.sleep(0.01)
        second.abort("the second")
        with pytest.raises(twinloop.AbortError, match="the second"):
            await task
        assert heard == [either.reason] and not first.signal.aborted
        assert AbortSignal.any([AbortSignal.abort("at once")]).aborted

    run(main())


def test_a_signal_keeps_nothing_of_a_fetch_that_is_done(run):
    async def main():
        controller = AbortController()
        async with asked() as server:
            response = await twinloop.fetch(server.url, signal=controller.signal)
            assert await response.json()
            assert len(controller.signal._hooks) == 1
            del response
            gc.collect()
            assert len(controller.signal._hooks) == 0

    run(main())


def test_a_signal_of_javascript_counts_too(run):
    async def main():
        js = pytest.importorskip("twinloop.js")
        url = f"http://{fixtures()['http']}/hang"
        controller = js.eval("new AbortController()")
        task = asyncio.create_task(twinloop.fetch(url, signal=controller.signal))
        await asyncio.sleep(0.01)
        controller.abort()
        with pytest.raises(twinloop.AbortError):
            await task
        with pytest.raises(twinloop.AbortError):
            await twinloop.fetch(url, signal=controller.signal)
        with pytest.raises(Exception, match="the reason"):
            await twinloop.fetch(url, signal=js.eval("AbortSignal.abort(new Error('the reason'))"))
        with pytest.raises(TypeError, match="signal is an AbortSignal, not 'int'"):
            twinloop.fetch(url, signal=1)

    run(main())


def test_sessions_take_a_signal_and_do_not_try_again(run):
    async def main():
        url = f"http://{fixtures()['http']}"
        async with twinloop.Session(url, retries=3) as session:
            with pytest.raises(TimeoutError):
                await session.get("/hang", signal=AbortSignal.timeout(0.01))

    run(main())


@pytest.mark.parametrize("retries", [0, 2])
def test_async_with_takes_a_fetch_and_leaves_its_response(run, retries):
    async def main():
        async def handler(request):
            return twinloop.Response(iter([b"x" * 100_000] * 20))

        async with serving(handler) as url, twinloop.Session(url, retries=retries) as session:
            for begin in (
                lambda: session.get("/"),
                lambda: session.request("POST", "/", json=1),
                lambda: twinloop.fetch(url),
            ):
                pending = begin()
                async with pending as response:
                    assert response.status == 200
                    known = weakref.ref(pending)
                with pytest.raises(RuntimeError, match="was closed"):
                    await response.bytes()
                del pending
                await asyncio.sleep(0)
                gc.collect()
                assert known() is None
            async with session.get("/") as response:
                assert len(await response.bytes()) == 2_000_000
            with pytest.raises(KeyError):
                async with session.get("/") as response:
                    raise KeyError
            with pytest.raises(RuntimeError, match="was closed"):
                await response.bytes()
        with pytest.raises(twinloop.FetchConnectionError):
            async with twinloop.fetch(f"http://{fixtures()['refused']}/"):
                pass
        with pytest.raises(TypeError, match="context manager"):
            text = (await twinloop.fetch("data:,a")).text()
            async with text:
                pass
        assert await text == "a"

    run(main())
