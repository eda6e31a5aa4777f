"""What the tests of ``examples/apps`` share: an application as a process of its own, browsers, and the servers that are there.

``cargo xtask test apps`` installs the packages that the applications use, and Chromium, NATS, Redis, PostgreSQL and MariaDB if this kind of test
is named or in CI; what is not there is skipped by its name.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import browser
import pytest
import twinloop
from apps_support import App, words_of

ROOT = pathlib.Path(__file__).parents[2]
APPS = ROOT / "examples" / "apps"
PACKAGES = ROOT / ".cache" / "apps" / "node_modules"
SERVERS = json.loads(os.environ.get("SERVERS", "{}"))


@pytest.fixture
def run():
    """Runs a coroutine on a fresh loop, with a limit."""

    def run_coroutine(coroutine, *, limit_s=120):
        async def bounded():
            return await asyncio.wait_for(coroutine, limit_s)

        return twinloop.run(bounded())

    return run_coroutine


@pytest.fixture
def apps(tmp_path):
    """A copy of the applications in a folder of its own, where they find their packages and leave their files."""
    if not PACKAGES.exists():
        pytest.skip("the packages of examples/apps are not installed: cargo xtask test apps")
    folder = tmp_path / "apps"
    shutil.copytree(APPS, folder, ignore=shutil.ignore_patterns("node_modules", "__pycache__", "*.sqlite*"))
    (folder / "node_modules").symlink_to(PACKAGES)
    return folder


@pytest.fixture
def serve(apps):
    """Starts an application: ``serve("chat/chat.js")``."""
    started = []

    def start(path, *options, port=None, **environment):
        file = apps / path
        words = [*words_of(path), "serve", file.name, *options]
        started.append(App(file.parent, words, environment, port))
        return started[-1]

    yield start
    for app in started:
        app.end()


class Disk:
    """A disk of its own, that may be full."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        """Takes all the room that is left."""
        for size in (4096, 1):
            with contextlib.suppress(OSError), open(self.folder / "full", "ab", buffering=0) as file:
                while True:
                    file.write(bytes(size))

    def empty(self):
        (self.folder / "full").unlink()

    def grow(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)


@pytest.fixture
def disk(tmp_path):
    """A disk of a MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder]).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


_browsers = []


@pytest.fixture
def browsers(tmp_path_factory):
    """As many browsers as are asked for; they live until the end of the session."""
    if browser.PROGRAM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")

    def start(count):
        while len(_browsers) < count:
            _browsers.append(browser.Browser(tmp_path_factory.mktemp("browser")))
        return _browsers[:count]

    return start


def pytest_sessionfinish():
    for each in _browsers:
        each.end()


def address_of(name):
    if name not in SERVERS:
        pytest.skip(f"{name} is not there: cargo xtask test apps")
    return SERVERS[name]


@pytest.fixture
def place_of():
    """Host and port of a server, by its name: ``place_of("mariadb")``."""
    return address_of


@pytest.fixture
def url_of():
    """The url of a server, by its name: ``url_of("redis")``."""

    def url(name):
        place = address_of(name)
        return f"{name}://{place['host']}:{place['port']}"

    return url


@pytest.fixture
def postgres_url():
    place = address_of("postgresql")
    return f"postgresql://postgres@{place['host']}:{place['port']}/postgres"


@pytest.fixture
def control():
    """Has a server stopped, started or restarted: ``control("restart redis")``."""

    def order(line):
        place = SERVERS["control"]
        with socket.create_connection((place["host"], place["port"]), timeout=60) as connection:
            connection.sendall(f"{line}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer == b"done\n", answer

    return order


# A runner that was started in the background ignores SIGINT, and its children would too: those of tests must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
