"""A PostgreSQL server of a suite's own: made in a temporary folder, on a free port of loopback, gone afterwards.

The programs are the machine's (Debian's package `postgresql`). PostgreSQL refuses to run as root, so root starts it as the user
`postgres` that the package makes, or as `nobody`.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

START_LIMIT = 60.0


@dataclass
class Server:
    """A running server: what its clients need in their environment."""

    environment: dict[str, str]


@contextlib.contextmanager
def server():
    """A server, or a text that says why there is none."""
    programs = _programs()
    if programs is None:
        yield "PostgreSQL is not installed; Debian has it as postgresql"
        return
    with tempfile.TemporaryDirectory(prefix="conformance-postgresql-") as folder, contextlib.ExitStack() as stack:
        user = _unprivileged()
        if user:
            shutil.chown(folder, user)
        data = Path(folder) / "data"
        made = _run(user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        if made.returncode != 0:
            yield f"initdb failed: {made.stderr.strip()[-300:]}"
            return
        port = _free_port()
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        settings += ["-c", "fsync=off", "-c", "max_connections=100"]
        words = [programs / "postgres", "-D", data, "-p", str(port), *settings]
        with open(Path(folder) / "log", "w") as log:
            process = subprocess.Popen(
                words,
                user=user,
                group=user and pwd.getpwnam(user).pw_gid,
                cwd=folder,
                env=_clean(),
                stdout=log,
                stderr=log,
            )
        stack.callback(_stop, process)
        deadline = time.monotonic() + START_LIMIT
        ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
        while subprocess.run(ready, check=False).returncode != 0:
            if process.poll() is not None or time.monotonic() > deadline:
                yield f"PostgreSQL does not start: {(Path(folder) / 'log').read_text()[-300:]}"
                return
            time.sleep(0.1)
        yield Server({"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres"})


def _programs() -> Path | None:
    """The folder with `initdb`, which Debian keeps off PATH; the newest version."""
    beside = shutil.which("initdb")
    if beside:
        return Path(beside).resolve().parent
    versions = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4]))
    return Path(versions[-1]).parent if versions else None


def _unprivileged() -> str | None:
    """The user to become; None if this is not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(user: str | None, *words) -> subprocess.CompletedProcess:
    group = user and pwd.getpwnam(user).pw_gid
    return subprocess.run(
        words, user=user, group=group, cwd="/", env=_clean(), capture_output=True, text=True, check=False
    )


def _clean() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _stop(process: subprocess.Popen) -> None:
    # SIGINT is PostgreSQL's fast shutdown.
    process.send_signal(2)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
