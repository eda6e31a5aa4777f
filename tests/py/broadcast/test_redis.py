"""``BroadcastChannel`` through a real Redis: pub/sub, streams, and a server that is restarted in the middle."""

from __future__ import annotations

import asyncio
import os
import subprocess
import textwrap

import pytest
from servers_support import RealServer, events_until, hears_speakers, outlasts_a_pause
from twinloop import BroadcastChannel


@pytest.fixture
def redis(tmp_path):
    def arguments(port, folder):
        return [
            *f"--bind 127.0.0.1 --port {port} --dir {folder} --appendonly yes --appendfsync always".split(),
            "--save",
            "",
        ]

    server = RealServer("redis-server", arguments, tmp_path)
    yield server
    server.stop()


def url_of(redis):
    return f"redis://127.0.0.1:{redis.port}"


def test_channels_of_one_name_hear_each_other_and_not_themselves(run, redis):
    async def main():
        url = url_of(redis)
        # Written differently, so that each has a connection of its own.
        async with (
            BroadcastChannel("a b", url=url) as one,
            BroadcastChannel("a b", url=url + "/") as two,
            BroadcastChannel("a b", url=url) as beside,
            BroadcastChannel("other", url=url) as other,
        ):
            one.post_message({"bytes": b"\x00", "n": [1, None]})
            two.post_message(2)
            assert await anext(two) == {"bytes": b"\x00", "n": [1, None]} and await anext(one) == 2
            assert [await anext(beside), await anext(beside)] == [{"bytes": b"\x00", "n": [1, None]}, 2]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(other), 0.05)

    run(main())


def test_processes_lose_nothing_and_keep_each_senders_order(run, redis):
    run(hears_speakers(url_of(redis)), limit_s=60)


def test_what_is_posted_while_the_server_stands_still_arrives_when_it_goes_on(run, redis):
    run(outlasts_a_pause(redis, url_of(redis)), limit_s=60)


def test_what_goes_wrong_in_a_block_is_not_hidden_by_what_could_not_be_sent_at_its_end(run, redis):
    async def main():
        with pytest.raises(ZeroDivisionError):
            async with BroadcastChannel("news", url=url_of(redis)) as channel:
                await asyncio.to_thread(redis.pause)
                for _ in range(100):
                    channel.post_message(bytes(100_000))
                raise ZeroDivisionError
        # Without it, that is told.
        with pytest.raises(TimeoutError, match="bytes of broadcast messages by redis://.* are not taken"):
            await channel.flush()
        redis.go_on()

    run(main(), limit_s=60)


def test_history_is_read_from_the_start_or_behind_a_message(run, redis):
    async def main():
        options = {"url": url_of(redis), "history": 1000}
        async with BroadcastChannel("news", **options) as early:
            for number in range(5):
                early.post_message(number)
            await early.flush()
            async with BroadcastChannel("news", since="start", **options) as late:
                events = []
                async for event in late.events():
                    if event.type == "message":
                        events.append(event)
                    if len(events) == 5:
                        break
                assert [event.data for event in events] == [0, 1, 2, 3, 4]
            async with BroadcastChannel("news", since=events[2].position, **options) as later:
                assert [await anext(later), await anext(later)] == [3, 4]
                # Those of one process, at different places, hear what comes next once each.
                async with BroadcastChannel("news", **options) as now:
                    early.post_message("next")
                    assert await anext(now) == await anext(later) == "next"

    run(main())


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_in_the_middle_loses_nothing_that_a_stream_keeps(run, redis, how):
    async def main():
        url = url_of(redis)
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
        await asyncio.to_thread(getattr(redis, how))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(redis.start)
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


def test_a_cut_pub_sub_says_so_comes_back_and_tells_what_was_lost(run, redis):
    async def main():
        url = url_of(redis)
        async with BroadcastChannel("news", url=url) as speaker, BroadcastChannel("news", url=url + "/") as listener:
            speaker.post_message("before")
            assert await anext(listener) == "before"
            await asyncio.to_thread(redis.stop)
            assert (await events_until(listener, "cut"))[-1].reason
            # What is posted meanwhile waits, and is sent again.
            speaker.post_message("kept")
            await asyncio.to_thread(redis.start)
            await events_until(listener, "open")
            speaker.post_message("after")
            seen = []
            while "after" not in seen:
                event = await listener.next_event()
                seen.append(event[1] if event[0] == "message" else tuple(event))
            # Whether it was subscribed before the speaker sent what it had kept is the server's to say, and then it is told.
            assert seen in (["kept", "after"], [("lost", 1), "after"])

    run(main())


def test_what_waits_while_the_line_is_cut_has_a_limit(run, redis):
    async def main():
        async with BroadcastChannel("news", url=url_of(redis)) as channel:
            await asyncio.to_thread(redis.stop)
            await events_until(channel, "cut")
            chunk = bytes(1024 * 1024)
            with pytest.raises(BufferError, match="wait for redis://127"):
                for _ in range(20):
                    channel.post_message(chunk)
            await asyncio.to_thread(redis.start)
            await channel.flush()

    run(main())


def test_a_server_that_is_not_there_or_lets_nobody_in_is_named(run, redis, tmp_path):
    async def main():
        with pytest.raises(TimeoutError, match=r"redis://127\.0\.0\.1:1 within 200 ms.*cannot connect"):
            await BroadcastChannel("news", url="redis://127.0.0.1:1", open_timeout=0.2).ready()
        with pytest.raises(PermissionError, match="WRONGPASS"):
            await BroadcastChannel("news", url=f"redis://me:secret@127.0.0.1:{redis.port}").ready()
        with pytest.raises(ValueError, match="needs history"):
            BroadcastChannel("news", url=url_of(redis), since="start").post_message(1)
        with pytest.raises(ValueError, match="'yesterday'"):
            BroadcastChannel("news", url=url_of(redis), history=1, since="yesterday").post_message(1)
        with pytest.raises(ValueError, match="local"):
            BroadcastChannel("news", url=f"local:{tmp_path}", history=1).post_message(1)

    run(main())


def test_what_another_program_publishes_is_told_as_unreadable(run, redis):
    async def main():
        async with BroadcastChannel("news", url=url_of(redis)) as channel:
            reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
            writer.write(b"PUBLISH twinloop:news hello\r\n")
            event = (await events_until(channel, "unreadable"))[-1]
            assert "5 bytes" in event.reason
            writer.close()

    run(main())


def test_javascript_has_the_same_history(run, redis, tmp_path):
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    program = tmp_path / "history.mjs"
    program.write_text(
        textwrap.dedent(
            """
            const channel = new BroadcastChannel('news', { url: process.argv[2], history: 10, since: 'start' });
            channel.onmessage = ({ data, lastEventId }) => {
              console.log(JSON.stringify([data, /^[0-9]+-[0-9]+$/.test(lastEventId)]));
              channel.postMessage('heard');
              channel.close();
            };
            """
        )
    )

    async def main():
        async with BroadcastChannel("news", url=url_of(redis), history=10) as channel:
            channel.post_message({"n": 1})
            await channel.flush()
            command = [os.environ["TWINLOOP"], str(program), url_of(redis)]
            shown = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, timeout=30, check=False
            )
            assert (shown.stdout, shown.stderr) == ('[{"n":1},true]\n', "")
            assert await anext(channel) == "heard"

    run(main())
