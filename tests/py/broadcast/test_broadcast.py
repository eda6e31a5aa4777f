"""``twinloop.BroadcastChannel`` on one machine: loops, processes, both languages, values, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import twinloop
from twinloop import BroadcastChannel

VALUES = [
    None,
    True,
    0,
    -1,
    2**53,
    -(2**63),
    2**64 - 1,
    1.5,
    -0.0,
    math.inf,
    "",
    "grüße \U0001f600",
    b"\x00\xff",
    [],
    {},
    {"list": [1, [2, {"deep": b"x"}]], "": None, "__proto__": 1},
]


@pytest.fixture
def url(tmp_path):
    return f"local:{tmp_path}/group"


def process(source, url, *, count=0):
    """A Python process that runs ``source``."""
    command = [sys.executable, "-c", textwrap.dedent(source), url, str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_message_reaches_the_others_of_its_name_and_not_its_sender(run, url):
    async def main():
        async with (
            BroadcastChannel("news", url=url) as one,
            BroadcastChannel("news", url=url) as two,
            BroadcastChannel("other", url=url) as other,
        ):
            one.post_message({"n": 1})
            two.post_message({"n": 2})
            assert await anext(two) == {"n": 1} and await anext(one) == {"n": 2}
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(other), 0.05)

    run(main())


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_arrive_as_they_were_posted(run, url, value):
    async def main():
        async with BroadcastChannel("news", url=url) as one, BroadcastChannel("news", url=url) as two:
            one.post_message(value)
            got = await anext(two)
            assert got == value and type(got) is type(value) and repr(got) == repr(value)

    run(main())


def test_tuples_arrive_as_lists_and_what_is_like_bytes_as_bytes(run, url):
    async def main():
        async with BroadcastChannel("news", url=url) as one, BroadcastChannel("news", url=url) as two:
            one.post_message((1, bytearray(b"a"), memoryview(b"b")))
            assert await anext(two) == [1, b"a", b"b"]

    run(main())


def nested():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ({"users": [{"tags": {"a"}}]}, TypeError, r"'set' \(message\[\"users\"\]\[0\]\[\"tags\"\]\)"),
        (object(), TypeError, "'object'"),
        ({1: "x"}, TypeError, "key that is of type 'int'"),
        ("\ud800", TypeError, "lone surrogates"),
        (2**64, OverflowError, "64 bits"),
        (nested(), TypeError, "more than 200 levels"),
        (b"x" * (16 * 1024 * 1024 + 1), ValueError, "16777216 bytes"),
    ],
    ids=["set", "object", "key", "surrogate", "int", "cycle", "long"],
)
def test_what_cannot_cross_is_named_with_its_place(run, url, value, kind, said):
    async def main():
        async with BroadcastChannel("news", url=url) as one:
            with pytest.raises(kind, match=said):
                one.post_message(value)

    run(main())


def test_loops_of_other_threads_hear_without_a_url(run):
    heard = []
    is_open = threading.Event()

    async def listen():
        async with BroadcastChannel("threads") as channel:
            is_open.set()
            heard.append(await anext(channel))

    async def main():
        thread = threading.Thread(target=lambda: twinloop.run(listen()))
        thread.start()
        await asyncio.to_thread(is_open.wait)
        async with BroadcastChannel("threads") as channel:
            channel.post_message("hello")
        await asyncio.to_thread(thread.join)

    run(main())
    assert heard == ["hello"]


def test_processes_hear_each_other_in_order(run, url):
    listener = process(
        """
        import sys, twinloop

        async def main():
            async with twinloop.BroadcastChannel("news", url=sys.argv[1]) as channel:
                print("open", flush=True)
                got = [await anext(channel) for _ in range(int(sys.argv[2]))]
                print(got == list(range(int(sys.argv[2]))), flush=True)

        twinloop.run(main())
        """,
        url,
        count=5000,
    )
    with listener:
        assert listener.stdout.readline() == "open\n"

        async def main():
            async with BroadcastChannel("news", url=url) as channel:
                for number in range(5000):
                    await channel.send(number)

        run(main())
        assert listener.stdout.readline() == "True\n"


def test_a_process_that_is_killed_disturbs_nobody(run, url):
    victim = process(
        """
        import asyncio, sys, twinloop

        async def main():
            async with twinloop.BroadcastChannel("news", url=sys.argv[1]) as channel:
                print("open", flush=True)
                async for message in channel:
                    print(message, flush=True)

        twinloop.run(main())
        """,
        url,
    )
    with victim:
        assert victim.stdout.readline() == "open\n"

        async def main():
            async with BroadcastChannel("news", url=url) as one, BroadcastChannel("news", url=url) as two:
                one.post_message("before")
                assert await asyncio.to_thread(victim.stdout.readline) == "before\n"
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                for number in range(100):
                    await one.send(number)
                assert [await anext(two) for _ in range(101)] == ["before", *range(100)]

        run(main())


def test_events_tell_of_opening_and_of_what_was_lost(run, url):
    async def main():
        slow = BroadcastChannel("news", url=url, stall_timeout=0.05)
        await slow.ready()
        async with BroadcastChannel("news", url=url) as fast:
            for number in range(1025):
                fast.post_message(number)
            await asyncio.sleep(0.3)
            for number in range(1025, 1030):
                fast.post_message(number)
            seen = []
            async for event in slow.events():
                seen.append(event)
                if event.type == "lost":
                    break
            assert seen[0].type == "open" and seen[-1].count == 5
            assert [event.data for event in seen[1:-1]] == list(range(1025))
            slow.close()
            assert [event async for event in slow.events()] == [] and slow.closed

    run(main())


def test_an_iteration_raises_what_was_lost_and_goes_on_afterwards(run, url):
    async def main():
        slow = BroadcastChannel("news", url=url, stall_timeout=0.05)
        await slow.ready()
        async with BroadcastChannel("news", url=url) as fast:
            for number in range(1030):
                fast.post_message(number)
            await asyncio.sleep(0.3)
            fast.post_message("lost")
            got = []
            with pytest.raises(twinloop.MessagesLost) as raised:
                async for message in slow:
                    got.append(message)
            assert got == list(range(1030)) and raised.value.count == 1
            fast.post_message("next")
            assert await anext(slow) == "next"
        slow.close()

    run(main())


def test_a_closed_channel_ends_its_iteration_and_refuses_to_post(run, url):
    async def main():
        async with BroadcastChannel("news", url=url) as channel:
            waiting = asyncio.ensure_future(anext(channel, "the end"))
            await asyncio.sleep(0)
            channel.close()
            assert await waiting == "the end"
            with pytest.raises(ConnectionResetError, match="'news' is closed"):
                channel.post_message(1)
            assert "closed" in repr(channel)

    run(main())


def test_bad_urls_and_folders_are_refused_by_name(run, tmp_path):
    async def main():
        with pytest.raises(ValueError, match="gopher"):
            await BroadcastChannel("news", url="gopher://x").ready()
        os.chmod(tmp_path, 0o755)
        with pytest.raises(PermissionError, match="0755"):
            await BroadcastChannel("news", url=f"local:{tmp_path}").ready()

    run(main())
    with pytest.raises(RuntimeError, match="running event loop"):
        BroadcastChannel("news").post_message(1)


def test_the_variable_says_where_channels_reach(run, url, monkeypatch):
    monkeypatch.setenv("TWINLOOP_BROADCAST", url)

    async def main():
        async with BroadcastChannel("news") as one, BroadcastChannel("news", url=url) as two:
            one.post_message("by the variable")
            assert await anext(two) == "by the variable"

    run(main())


SPEAKER = """
    const [, , url, values] = process.argv;
    const channel = new BroadcastChannel('news', { url });
    await channel.ready;
    channel.onmessage = ({ data }) => {
      if (data === 'end') channel.close();
      else channel.postMessage(data);
    };
    console.log('open');
"""


def test_javascript_in_a_process_of_its_own_reads_and_gives_back_all_values(run, url, tmp_path):
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    program = tmp_path / "echo.mjs"
    program.write_text(textwrap.dedent(SPEAKER))
    command = [os.environ["TWINLOOP"], str(program), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as echo:
        assert echo.stdout.readline() == "open\n"

        async def main():
            async with BroadcastChannel("news", url=url) as channel:
                for value in VALUES:
                    channel.post_message(value)
                    got = await anext(channel)
                    assert got == value and repr(got) == repr(value)
                channel.post_message("end")

        run(main())
        assert echo.wait(30) == 0


def test_both_languages_of_one_process_hear_each_other(tmp_path, url):
    program = tmp_path / "both.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import asyncio, twinloop
            from twinloop import js

            async def main():
                listen = js.eval('''(url) => new Promise((resolve) => {{
                    const channel = new BroadcastChannel("news", {{ url }});
                    channel.onmessage = ({{ data }}) => {{ channel.close(); resolve(JSON.stringify(data)); }};
                    globalThis.opened = channel.ready;
                }})''')
                heard = listen({json.dumps(url)})
                await js.eval("globalThis.opened")
                async with twinloop.BroadcastChannel("news", url={json.dumps(url)}) as channel:
                    channel.post_message({{"from": "python"}})
                    print(await heard)

            twinloop.run(main())
            """
        )
    )
    shown = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=60, check=False)
    assert (shown.stdout, shown.stderr) == ('{"from":"python"}\n', "")
