"""Runs CPython's own tests of event loops on Twinloop's loop: one process a test, so that a hang or a crash costs one test.

Usage: asyncio_suite.py --list            print the names of the tests
       asyncio_suite.py --loop LOOP NAME  run one; LOOP is twinloop, asyncio or uvloop

The tests are the mixins of `test.test_asyncio`, which CPython binds to each loop that it ships; here they are bound to another.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import unittest

# Module and the mixin in it that wants a `create_event_loop` (or `new_loop`).
MIXINS = [
    ("test_events", "EventLoopTestsMixin"),
    ("test_sock_lowlevel", "BaseSockTestsMixin"),
    ("test_server", "BaseStartServer"),
    ("test_buffered_proto", "BaseTestBufferedProtocol"),
    ("test_sslproto", "BaseStartTLS"),
    ("test_subprocess", "SubprocessMixin"),
]


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    if kind == "asyncio":
        return asyncio.SelectorEventLoop()
    return importlib.import_module(kind).new_event_loop()


def bound_cases(kind: str) -> dict[str, type]:
    """A test case for each mixin, bound to one kind of loop."""
    cases = {}
    for module_name, mixin_name in MIXINS:
        module = importlib.import_module(f"test.test_asyncio.{module_name}")
        mixin = getattr(module, mixin_name)
        base = importlib.import_module("test.test_asyncio.utils").TestCase

        def create(_self):
            return new_loop(kind)

        members = {"create_event_loop": create, "new_loop": create, "close_loop": staticmethod(close_loop)}
        if mixin_name == "SubprocessMixin":
            members["setUp"] = set_up_current_loop(base)
        bases = (mixin,) if issubclass(mixin, base) else (mixin, base)
        cases[mixin_name] = type(mixin_name, bases, members)
    return cases


def close_loop(loop):
    """What the suite's own tear-down does, without the private attributes that only CPython's loops have."""
    if not loop.is_closed():
        loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def set_up_current_loop(base):
    def set_up(self):
        base.setUp(self)
        self.loop = self.new_loop()
        self.set_event_loop(self.loop)

    return set_up


def main() -> int:
    if sys.argv[1] == "--list":
        loader = unittest.TestLoader()
        for name, case in bound_cases("asyncio").items():
            for method in loader.getTestCaseNames(case):
                print(f"{name}.{method}")
        return 0
    kind, test = sys.argv[2:]
    case, method = test.split(".")
    result = unittest.TextTestRunner(verbosity=0).run(bound_cases(kind)[case](method))
    if result.skipped:
        return 77
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
