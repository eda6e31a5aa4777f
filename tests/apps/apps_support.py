"""An application as a process of its own, and waiting for what it does."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import twinloop
from browser import WITH_US

# What runs JavaScript without Python; a Python environment's own command otherwise.
COMMAND = [os.environ["TWINLOOP"]] if "TWINLOOP" in os.environ else [sys.executable, "-m", "twinloop"]

# Whether the long forms are wanted: 10,000 connections, 10,000 files, 5,000 pages.
is_full = bool(os.environ.get("TWINLOOP_FULL"))


def words_of(path):
    """The words that begin a command line for a program of either language, or of both."""
    return COMMAND if pathlib.Path(path).suffix == ".js" else [sys.executable, "-m", "twinloop"]


class App:
    """An application that runs, and what it says."""

    def __init__(self, folder, words, environment, port=None):
        self.folder = folder
        self.words = words
        self.environment = {**os.environ, **environment}
        self.log = folder / f"log-{time.monotonic_ns()}"
        self.start(port or 0)

    def start(self, port=None):
        """Starts it, again at the port where it was."""
        place = ["--host", "127.0.0.1", "--port", str(self.port if port is None else port)]
        with open(self.log, "a") as log:
            log.flush()
            start = self.log.stat().st_size
            self.process = subprocess.Popen(
                [*WITH_US, *self.words, *place],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while (found := re.search(r"http://[^\s:]+:(\d+)", self.text[start:])) is None:
            assert self.process.poll() is None, self.text
            time.sleep(0.01)
        self.port = int(found[1])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                assert self.process.poll() is None, self.text
                time.sleep(0.01)

    @property
    def text(self):
        return self.log.read_text()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def memory(self):
        """How much memory the process has, in MiB."""
        found = re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024

    def computed(self):
        """How many seconds of a processor the process has used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        """Ends it as a cut of power does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"it did not end by itself:\n{self.text}") from None


async def until(condition, limit_s=30):
    """Waits for a condition."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)


async def ask(app, path, **options):
    """A request, and its answer with the body read."""
    async with twinloop.fetch(app.url + path, **options) as response:
        await response.bytes()
        return response


async def status_of(app, path):
    """The status of the answer to a path as it stands: a client that knows URLs would take the dots out of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return int(answer.split()[1])


# What a path may look like that leads out of a folder.
OUTWARDS = ("/../{}", "/%2e%2e/{}", "/..%2f{}", "/.%2e/{}", "//{}", "/..\\{}", "/%00{}", "/x/../../{}")
