"""What the tests of programs share: the built command, and processes that are read, or typed at, while they run."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest


def built_command():
    """The path of the command; the test is skipped where nobody has built it."""
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    return os.environ["TWINLOOP"]


class Shown:
    """What a process shows at a descriptor, up to where a test has read."""

    limit_s = 60.0

    def __init__(self, process, fd):
        self.process = process
        self.fd = fd
        self.shown = ""

    def text_of(self, data):
        return data.decode()

    def wait_for(self, pattern):
        """What was shown up to the end of the pattern's next match."""
        end = time.monotonic() + self.limit_s
        while not (match := re.search(pattern, self.shown)):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"{pattern!r} was not shown: {self.shown!r}"
            # The end of a terminal whose other side is closed is an error.
            data = b""
            with contextlib.suppress(OSError):
                data = os.read(self.fd, 65536)
            assert data, f"{pattern!r} was not shown: {self.shown!r}"
            self.shown += self.text_of(data)
        self.shown, seen = self.shown[match.end() :], self.shown[: match.end()]
        return seen

    def wait_for_exit(self):
        return self.process.wait(self.limit_s)


class Terminal(Shown):
    """A process on a terminal of its own: what is typed at it, and what it shows."""

    def __init__(self, command, environment):
        fd, theirs = pty.openpty()
        # Wide, for line editors scroll or wrap what does not fit.
        termios.tcsetwinsize(theirs, (50, 500))
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509  (the terminal controls it)
            env={**os.environ, **environment},
        )
        os.close(theirs)
        super().__init__(process, fd)

    def text_of(self, data):
        return super().text_of(data).replace("\r", "")

    def type(self, text):
        os.write(self.fd, text.encode())

    def leave(self):
        self.type("\x04")
        return self.wait_for_exit()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)
