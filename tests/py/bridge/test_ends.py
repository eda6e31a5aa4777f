"""The ends of a loop, of the interpreter and of a subinterpreter: nothing crashes, and nothing is told that is no error."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run_apart(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)


def test_what_the_end_of_the_interpreter_calls_gets_an_error_that_python_knows() -> None:
    # A panic of the extension module was printed, with its stack.
    done = run_apart("""
import twinloop
from twinloop import js

class Late:
    def __init__(self, value):
        self.value = value
    def __del__(self):
        for look in (lambda: self.value.a, lambda: self.value(), lambda: setattr(self.value, "a", 1)):
            try:
                look()
            except RuntimeError as error:
                print("ended" in str(error))

async def main():
    global kept, proxy
    kept = Late(js.eval("Object.assign(() => 1, { a: 1 })"))
    kept.itself = kept
    js.eval("setInterval(() => {}, 1)")

twinloop.run(main())
""")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["True"] * 3


def test_what_the_end_of_a_loop_cancels_is_no_unhandled_rejection() -> None:
    # JavaScript that nobody waits for any more got the CancelledError of what it awaits, and the program failed.
    done = run_apart("""
import asyncio
import twinloop
from twinloop import js

async def forever():
    await asyncio.sleep(100)

async def main():
    js.function("(f) => { (async () => { await f(); })(); }")(forever)
    await asyncio.sleep(0.01)
    print("done")

twinloop.run(main())
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the module has another name, and its functions others")
def test_a_subinterpreter_is_refused_and_leaves_the_main_one_alone() -> None:
    # It took the classes of the main one along when it was destroyed, whose loop crashed.
    done = run_apart("""
import _xxsubinterpreters as subinterpreters
import twinloop
from twinloop import js

async def main():
    js.eval("1")
    inner = subinterpreters.create()
    try:
        subinterpreters.run_string(inner, "import twinloop")
    except subinterpreters.RunFailedError as error:
        print("main interpreter" in str(error) or "does not support" in str(error))
    subinterpreters.destroy(inner)
    print(await js.eval("Promise.resolve(2)"))

twinloop.run(main())
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n2\n", "")
