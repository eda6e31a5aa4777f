"""``BroadcastChannel`` through a real NATS: subjects, JetStream, and a server that is restarted in the middle."""

from __future__ import annotations

import asyncio

import pytest
from servers_support import RealServer, events_until, hears_speakers, outlasts_a_pause
from twinloop import BroadcastChannel


def served(tmp_path, *more):
    def arguments(port, folder):
        return ["-a", "127.0.0.1", "-p", str(port), *more, *(["-sd", f"{folder}/jetstream"] if "-js" in more else [])]

    return RealServer("nats-server", arguments, tmp_path)


@pytest.fixture
def nats(tmp_path):
    server = served(tmp_path, "-js")
    yield server
    server.stop()


def url_of(nats):
    return f"nats://127.0.0.1:{nats.port}"


def test_channels_of_one_name_hear_each_other_and_not_themselves(run, nats):
    async def main():
        url = url_of(nats)
        # Written differently, so that each has a connection of its own.
        async with (
            BroadcastChannel("a.b *>", url=url) as one,
            BroadcastChannel("a.b *>", url=url + "/") as two,
            BroadcastChannel("a.b *>", url=url) as beside,
            BroadcastChannel("other", url=url) as other,
        ):
            one.post_message({"bytes": b"\x00", "n": [1, None]})
            assert await anext(two) == {"bytes": b"\x00", "n": [1, None]}
            two.post_message(2)
            assert await anext(one) == 2
            assert [await anext(beside), await anext(beside)] == [{"bytes": b"\x00", "n": [1, None]}, 2]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(other), 0.05)

    run(main())


def test_processes_lose_nothing_and_keep_each_senders_order(run, nats):
    run(hears_speakers(url_of(nats)), limit_s=60)


def test_what_is_posted_while_the_server_stands_still_arrives_when_it_goes_on(run, nats):
    run(outlasts_a_pause(nats, url_of(nats)), limit_s=60)


def test_history_is_read_from_the_start_or_behind_a_message(run, nats):
    async def main():
        options = {"url": url_of(nats), "history": 1000}
        async with BroadcastChannel("news", **options) as early:
            for number in range(5):
                early.post_message(number)
            await early.flush()
            events = []
            async with BroadcastChannel("news", since="start", **options) as late:
                async for event in late.events():
                    if event.type == "message":
                        events.append(event)
                    if len(events) == 5:
                        break
            assert [(event.data, event.position) for event in events] == [(n, str(n + 1)) for n in range(5)]
            async with BroadcastChannel("news", since="3", **options) as later:
                assert [await anext(later), await anext(later)] == [3, 4]
                # Those of one process, at different places, hear what comes next once each.
                async with BroadcastChannel("news", **options) as now:
                    early.post_message("next")
                    assert await anext(now) == await anext(later) == "next"

    run(main())


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_in_the_middle_loses_nothing_that_a_stream_keeps(run, nats, how):
    async def main():
        url = url_of(nats)
        speaker = BroadcastChannel("news", url=url, history=100_000)
        listener = BroadcastChannel("news", url=url + "/", history=100_000)
        await speaker.ready()
        await listener.ready()

        async def speak():
            for number in range(3000):
                await speaker.send(number)
                if number % 100 == 0:
                    await asyncio.sleep(0.01)

        speaking = asyncio.ensure_future(speak())
        await asyncio.sleep(0.1)
        await asyncio.to_thread(getattr(nats, how))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(nats.start)
        got, others = [], []
        async for event in listener.events():
            (got if event.type == "message" else others).append(event)
            if len(got) == 3000:
                break
        await speaking
        assert [event.data for event in got] == list(range(3000))
        assert {event.type for event in others} == {"open", "cut"}
        speaker.close()
        listener.close()

    run(main(), limit_s=60)


def test_a_message_that_is_too_long_for_the_server_is_refused_and_the_next_arrives(run, nats):
    async def main():
        url = url_of(nats)
        async with BroadcastChannel("news", url=url) as one, BroadcastChannel("news", url=url + "/") as two:
            one.post_message(bytes(2 * 1024 * 1024))
            one.post_message("next")
            assert "1048576 bytes at most" in (await events_until(one, "refused"))[-1].reason
            assert await anext(two) == "next"

    run(main())


def test_what_the_server_refuses_is_named(run, tmp_path):
    secured = served(tmp_path, "--user", "me", "--pass", "right")
    try:

        async def main():
            with pytest.raises(PermissionError, match="Authorization"):
                await BroadcastChannel("news", url=f"nats://me:wrong@127.0.0.1:{secured.port}").ready()
            right = f"nats://me:right@127.0.0.1:{secured.port}"
            async with BroadcastChannel("news", url=right) as one, BroadcastChannel("news", url=right) as two:
                one.post_message("in")
                assert await anext(two) == "in"
            with pytest.raises(TimeoutError, match="JetStream is not enabled"):
                await BroadcastChannel("news", url=right + "/", history=5, open_timeout=0.5).ready()

        run(main())
    finally:
        secured.stop()
