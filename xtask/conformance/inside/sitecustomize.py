"""Imported by every Python process of a conformance run: puts the loop under test behind asyncio, and proves that it ran.

TWINLOOP_CONFORMANCE_LOOP names the loop. Nothing happens until the process imports asyncio; then the default policy's
factory makes that loop, so ``asyncio.run``, ``asyncio.Runner`` and ``asyncio.new_event_loop`` use it, also after a test has put
the default policy back. TWINLOOP_CONFORMANCE_SWAP names more places, separated by commas: ``SelectorEventLoop`` (the class
in the namespace of asyncio) and ``uvloop`` (uvloop's own factory and policy).

The proof: asyncio marks each loop as running through one function. It is wrapped, and a line with the type of the first
loop of each type, and with the counts at the end, goes to the file TWINLOOP_CONFORMANCE_PROOF.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.abc
import importlib.util
import os
import sys

LOOP = os.environ.get("TWINLOOP_CONFORMANCE_LOOP", "")
PROOF = os.environ.get("TWINLOOP_CONFORMANCE_PROOF", "")
SWAP = os.environ.get("TWINLOOP_CONFORMANCE_SWAP", "").split(",")


def new_loop():
    """A loop of the kind under test."""
    if LOOP == "asyncio":
        from asyncio import unix_events

        return unix_events._UnixSelectorEventLoop()
    return importlib.import_module(LOOP).new_event_loop()


class Witness:
    """Counts which types of loops run in this process."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.process = os.getpid()

    def saw(self, loop) -> None:
        if self.process != os.getpid():
            self.counts, self.process = {}, os.getpid()
        kind = f"{type(loop).__module__}.{type(loop).__qualname__}"
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] == 1:
            self.write(kind, 1)

    def conclude(self) -> None:
        # A process that ends without this, as forked ones do, has told of each type once.
        if self.process == os.getpid():
            for kind, count in self.counts.items():
                if count > 1:
                    self.write(kind, count - 1)

    def write(self, kind: str, count: int) -> None:
        try:
            with open(PROOF, "a", encoding="ascii") as file:
                file.write(f"{kind} {count}\n")
        except OSError:
            # A test that uses every descriptor, or has left for another root: another process tells.
            pass


def prepare_asyncio(asyncio) -> None:
    from asyncio import events, unix_events

    if PROOF:
        witness = Witness()
        atexit.register(witness.conclude)
        mark = events._set_running_loop

        def mark_and_tell(loop):
            if loop is not None:
                witness.saw(loop)
            mark(loop)

        events._set_running_loop = asyncio._set_running_loop = mark_and_tell
    if LOOP != "asyncio":
        unix_events._UnixDefaultEventLoopPolicy._loop_factory = staticmethod(new_loop)
    if "SelectorEventLoop" in SWAP and LOOP == "twinloop":
        import twinloop

        asyncio.SelectorEventLoop = twinloop.EventLoop
        if hasattr(asyncio, "EventLoop"):
            asyncio.EventLoop = twinloop.EventLoop


def prepare_uvloop(uvloop) -> None:
    if "uvloop" in SWAP and LOOP != "uvloop":
        from asyncio import unix_events

        uvloop.new_event_loop = new_loop

        class EventLoopPolicy(unix_events._UnixDefaultEventLoopPolicy):
            _loop_factory = staticmethod(new_loop)

        uvloop.EventLoopPolicy = EventLoopPolicy


class Finder(importlib.abc.MetaPathFinder):
    """Calls a function once a module has been imported."""

    def __init__(self) -> None:
        self.waiting = {"asyncio": prepare_asyncio, "uvloop": prepare_uvloop}

    def find_spec(self, name, path=None, target=None):
        prepare = self.waiting.pop(name, None)
        if prepare is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_prepare(module):
            execute(module)
            prepare(module)

        spec.loader.exec_module = execute_and_prepare
        return spec


if LOOP:
    sys.meta_path.insert(0, Finder())
