"""A real server for a test: started on a free port, stopped and started again by the test, ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from twinloop import BroadcastChannel


class RealServer:
    """A server's program. ``arguments`` are made of its port and folder."""

    limit_s = 30.0

    def __init__(self, program, arguments, folder):
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
        found = shutil.which(program, path=path)
        if found is None:
            pytest.skip(f"{program} is not installed")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._command = [found, *arguments(self.port, folder)]
        self._process = None
        self.start()

    def start(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + self.limit_s
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self._process.poll() is None and time.monotonic() < end, "the server does not start"
            time.sleep(0.01)

    def stop(self):
        self.go_on()
        self._process.terminate()
        self._process.wait()

    def kill(self):
        """Ends it as the kernel does when memory runs out."""
        self._process.kill()
        self._process.wait()

    def pause(self):
        """From now on it answers nobody, and every connection stays."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)


async def events_until(channel, *wanted):
    """The events of a channel up to one of these types."""
    seen = []
    async for event in channel.events():
        seen.append(event)
        if event.type in wanted:
            break
    return seen


SPEAKER = """
import sys, twinloop

async def main():
    async with twinloop.BroadcastChannel("numbers", url=sys.argv[1]) as channel:
        for number in range(2000):
            await channel.send([sys.argv[2], number])

twinloop.run(main())
"""


async def hears_speakers(url):
    """Three processes post, and a channel here hears all of each in order."""
    async with BroadcastChannel("numbers", url=url) as channel:
        speakers = [subprocess.Popen([sys.executable, "-c", SPEAKER, url, str(name)]) for name in range(3)]
        got = {"0": [], "1": [], "2": []}
        for _ in range(6000):
            name, number = await anext(channel)
            got[name].append(number)
        assert all(numbers == list(range(2000)) for numbers in got.values())
        for speaker in speakers:
            assert await asyncio.to_thread(speaker.wait) == 0


def memory():
    """How much memory this process has, in MiB."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) / 1024


async def outlasts_a_pause(server, url):
    """A server stands still under posts: they wait up to a limit, and all that was taken arrives once it goes on, in order."""
    async with BroadcastChannel("news", url=url) as speaker, BroadcastChannel("news", url=url + "/") as listener:
        speaker.post_message("before")
        assert await anext(listener) == "before"
        server.pause()
        before, taken = memory(), 0
        with pytest.raises(BufferError):
            while taken < 3000:
                speaker.post_message([taken, bytes(100_000)])
                taken += 1
                await asyncio.sleep(0)
        # 16 MiB wait here, and some more are on their way in the kernel.
        assert 16_000_000 < taken * 100_000 < 40_000_000 and memory() - before < 100, (taken, memory() - before)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(listener.next_event(), 3)
        server.go_on()
        for number in range(taken):
            assert (await anext(listener))[0] == number
        speaker.post_message("after")
        assert await anext(listener) == "after"
