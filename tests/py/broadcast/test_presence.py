"""Who is in a room: coming, going, and being killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap

import pytest
from twinloop import BroadcastChannel


async def next_of(channel, *types):
    """The next event of one of these types."""
    async for event in channel.events():
        if event.type in types:
            return event


def test_who_comes_and_goes_is_seen_with_its_data(run, tmp_path):
    url = f"local:{tmp_path}/group"

    async def main():
        async with BroadcastChannel("room", url=url, presence={"name": "ann"}) as ann:
            assert ann.others == {}
            async with (
                BroadcastChannel("room", url=url + "/", presence={"name": "bob"}) as bob,
                BroadcastChannel("room", url=url) as unseen,
                BroadcastChannel("other room", url=url, presence="carl"),
            ):
                came = await next_of(ann, "join", "leave")
                assert (came.type, came.data) == ("join", {"name": "bob"})
                assert ann.others == {came.id: {"name": "bob"}}
                assert (await next_of(bob, "join", "leave")).data == {"name": "ann"}
                assert list(bob.others.values()) == [{"name": "ann"}] and unseen.others == {}
                # Messages and presence do not mix.
                bob.post_message("hello")
                assert await anext(ann) == "hello"
            went = await next_of(ann, "join", "leave")
            assert (went.type, went.data, went.id) == ("leave", {"name": "bob"}, came.id)
            assert ann.others == {}

    run(main())


def test_a_process_that_is_killed_is_missed_after_three_beats(run, tmp_path):
    url = f"local:{tmp_path}/group"
    source = """
        import asyncio, sys, twinloop

        async def main():
            async with twinloop.BroadcastChannel("room", url=sys.argv[1], presence="victim", beat=0.05):
                await asyncio.sleep(60)

        twinloop.run(main())
    """

    async def main():
        async with BroadcastChannel("room", url=url, presence="watcher", beat=0.05) as watcher:
            victim = subprocess.Popen([sys.executable, "-c", textwrap.dedent(source), url])
            assert (await next_of(watcher, "join", "leave")).data == "victim"
            # It is there as long as it says so.
            await asyncio.sleep(0.5)
            assert list(watcher.others.values()) == ["victim"]
            victim.kill()
            await asyncio.to_thread(victim.wait)
            assert (await next_of(watcher, "join", "leave")).type == "leave"

    run(main())


def test_javascript_and_python_see_each_other(run, tmp_path):
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    url = f"local:{tmp_path}/group"
    program = tmp_path / "room.mjs"
    program.write_text(
        textwrap.dedent(
            """
            const channel = new BroadcastChannel('room', { url: process.argv[2], presence: { name: 'js' } });
            channel.addEventListener('join', ({ id, data }) => console.log('join', data.name, channel.others[id].name));
            channel.addEventListener('leave', ({ data }) => {
              console.log('leave', data.name);
              channel.close();
            });
            channel.onmessage = () => {};
            """
        )
    )

    async def main():
        with subprocess.Popen([os.environ["TWINLOOP"], str(program), url], stdout=subprocess.PIPE, text=True) as other:
            async with BroadcastChannel("room", url=url, presence={"name": "py"}) as channel:
                assert (await next_of(channel, "join")).data == {"name": "js"}
                assert await asyncio.to_thread(other.stdout.readline) == "join py py\n"
            assert await asyncio.to_thread(other.stdout.readline) == "leave py\n"
            assert await asyncio.to_thread(other.wait) == 0

    run(main())
