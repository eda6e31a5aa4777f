"""What the process that watches a program (``twinloop --watch``) wants to know: the Python files that it is made of.

That process gives its child a descriptor, and says so in the environment with its own number: what the child starts has another
parent, and does not report. Modules of the standard library and of installed packages do not change while one works on a program.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types

VARIABLE = "TWINLOOP_WATCH_REPORT"


def report() -> None:
    """Tell of each file whose code runs from now on, if somebody wants to know."""
    descriptor, _, parent = os.environ.get(VARIABLE, "").partition(":")
    if not parent or int(parent) != os.getppid():
        return
    # Late, for other programs need not wait for it.
    import sysconfig

    number = int(descriptor)
    elsewhere = tuple(
        os.path.join(path, "")
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_path(name))
    )
    told: set[str] = set()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event != "exec" or not isinstance(code := arguments[0], types.CodeType):
            return
        name = code.co_filename
        if name in told or name.startswith("<"):
            return
        told.add(name)
        path = os.path.abspath(name)
        if path.startswith(elsewhere):
            return
        # Nobody listens any more.
        with contextlib.suppress(OSError):
            os.write(number, os.fsencode(path) + b"\n")

    sys.addaudithook(hook)
