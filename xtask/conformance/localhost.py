"""The name ``localhost`` with an IPv6 address, for the tests of a suite alone.

Many machines give it only 127.0.0.1. The tests' processes get a mount namespace of their own in which another file stands in the
place of /etc/hosts, which takes root; elsewhere they run with the names that there are.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
from pathlib import Path

HOSTS = Path("/etc/hosts")


def has_ipv6() -> bool:
    """Whether the machine's own ``localhost`` has an IPv6 address."""
    try:
        return bool(socket.getaddrinfo("localhost", None, family=socket.AF_INET6))
    except OSError:
        return False


@contextlib.contextmanager
def names():
    """The words to put before a command so that it finds an IPv6 address for ``localhost``; None if it cannot be done."""
    if has_ipv6():
        yield []
        return
    with tempfile.NamedTemporaryFile("w", prefix="conformance-hosts-") as hosts:
        hosts.write(HOSTS.read_text(encoding="utf-8") + "\n::1 localhost\n")
        hosts.flush()
        Path(hosts.name).chmod(0o644)
        # The shell and unshare replace themselves, so the process that is waited for is the command's.
        script = f'mount --bind "$0" {HOSTS} && exec "$@"'
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, hosts.name]
        yield words if _works(words) else None


def _works(words: list[str]) -> bool:
    ask = ["getent", "ahostsv6", "localhost"]
    try:
        return "::1" in subprocess.run([*words, *ask], capture_output=True, text=True, check=False).stdout.split()
    except OSError:
        return False
