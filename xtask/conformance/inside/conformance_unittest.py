"""Runs CPython's own tests of asyncio and tells the runner what became of them.

With ``mixins`` the loop-independent mixins of ``test.test_asyncio``, which CPython binds to each loop that it ships, are bound
to the loop under test. With module names these are run as they are, over the swapped factory of ``sitecustomize``.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import traceback
import unittest

from conformance_results import is_planned, plan, tell
from sitecustomize import new_loop

# Module and the mixin in it that wants a `create_event_loop` (or `new_loop`).
MIXINS = [
    ("test_events", "EventLoopTestsMixin"),
    ("test_events", "SubprocessTestsMixin"),
    ("test_sock_lowlevel", "BaseSockTestsMixin"),
    ("test_sendfile", "SendfileTestsBase"),
    ("test_server", "BaseStartServer"),
    ("test_buffered_proto", "BaseTestBufferedProtocol"),
    ("test_sslproto", "BaseStartTLS"),
    ("test_subprocess", "SubprocessMixin"),
]


class Result(unittest.TestResult):
    """Tells of each test as it begins and ends."""

    def startTest(self, test):
        super().startTest(test)
        self.outcome = ("passed", "")
        tell(began=name_of(test))

    def stopTest(self, test):
        super().stopTest(test)
        outcome, reason = self.outcome
        tell(ended=name_of(test), outcome=outcome, reason=reason)

    def addError(self, test, error):
        super().addError(test, error)
        self.fail_with(error)
        if not isinstance(test, unittest.TestCase):
            # A class or a module that could not be set up has no start.
            tell(began=str(test))
            tell(ended=str(test), outcome=self.outcome[0], reason=self.outcome[1])

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.fail_with(error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.fail_with(error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome = ("skipped", reason)

    def fail_with(self, error):
        traceback.print_exception(*error)
        reason = "".join(traceback.format_exception_only(*error[:2])).strip()
        self.outcome = ("failed", reason[:300])


def name_of(test) -> str:
    kind = type(test)
    module = kind.__module__.removeprefix("test.test_asyncio.").removeprefix("test.")
    name = f"{kind.__qualname__}.{test._testMethodName}"
    return name if module == __name__ else f"{module}.{name}"


def bound_cases():
    """A test case for each mixin, bound to the loop under test."""
    utils = importlib.import_module("test.test_asyncio.utils")

    class BoundCase(utils.TestCase):
        def create_event_loop(self):
            return new_loop()

        def new_loop(self):
            return new_loop()

        @staticmethod
        def close_loop(loop):
            # What the suite's own does, without the private attributes that only CPython's loops have.
            if not loop.is_closed():
                loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    class CaseWithLoop(BoundCase):
        def setUp(self):
            super().setUp()
            self.loop = self.new_loop()
            self.set_event_loop(self.loop)

    for module_name, mixin_name in MIXINS:
        mixin = getattr(importlib.import_module(f"test.test_asyncio.{module_name}"), mixin_name)
        # These two lean on the setUp of what CPython mixes them with.
        base = CaseWithLoop if mixin_name in ("SubprocessMixin", "SubprocessTestsMixin") else BoundCase
        # The methods of the binding come before the abstract ones of the mixin.
        binding = {name: getattr(BoundCase, name) for name in ("create_event_loop", "new_loop")}
        yield type(mixin_name, (mixin, base), {"__module__": __name__, **binding})


def cases(modules: list[str]):
    if modules == ["mixins"]:
        yield from bound_cases()
        return
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            # Not every version of CPython has every module.
            continue
        except unittest.SkipTest as skip:
            tell(began=name)
            tell(ended=name, outcome="skipped", reason=str(skip))
            continue
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, unittest.TestCase) and member.__module__ == name:
                yield member


def main() -> int:
    for name in filter(None, os.environ.get("TWINLOOP_CONFORMANCE_QUIET", "").split(",")):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    planned = plan()
    suite = unittest.TestSuite()
    for case in cases(sys.argv[1:]):
        for method in unittest.defaultTestLoader.getTestCaseNames(case):
            test = case(method)
            if is_planned(name_of(test), planned):
                suite.addTest(test)
    tell(collected=suite.countTestCases())
    suite.run(Result())
    tell(finished=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
