"""Forks of a process that ran JavaScript: the engine's helper threads are not in the child, which waited for them for ever."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading

import pytest
import twinloop
import twinloop.js

# From 3.12 on a fork in a process with threads warns.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run_program(source: str) -> tuple[int, str]:
    """Runs a Python program with a limit in time; its status and what it wrote."""
    program = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return program.returncode, program.stdout + program.stderr


def test_a_child_that_was_forked_after_javascript_ran_exits_with_its_status() -> None:
    assert run_program(
        """
        import os, sys, twinloop
        from twinloop import js
        async def main(): return js.eval("[1, 2].map((x) => ({ x })).length")
        print(twinloop.run(main()), flush=True)
        pid = os.fork()
        if pid == 0:
            sys.exit(3)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
    ) == (0, "2\n3\n")


# Where a collector runs at every turn, each object is marked each time.
MANY = 2_000 if "JS_GC_ZEAL" in os.environ else 200_000


def test_a_child_that_was_forked_while_javascript_ran_exits_with_its_status() -> None:
    assert run_program(
        f"""
        import os, sys, twinloop
        from twinloop import js
        def fork():
            pid = os.fork()
            if pid == 0:
                sys.exit(3)
            return pid
        async def main():
            pid = js.eval("(fork) => {{ globalThis.kept = Array.from({{ length: {MANY} }}, () => ({{}})); return fork() }}")(fork)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), js.eval("kept.length"))
        twinloop.run(main())
        """
    ) == (0, f"3 {MANY}\n")


BUSY = f"""
    const kept = []; for (let i = 0; i < {MANY}; i++) kept.push({{ i, text: String(i) }});
    const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    kept.length
"""


async def compute() -> object:
    """Work for the helper threads: collections, compilers."""
    await twinloop.js.eval("(bytes) => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))")()
    return twinloop.js.eval(f"(() => {{ {BUSY.replace('kept.length', 'return kept.length')} }})()")


def child_computes() -> None:
    assert twinloop.run(compute()) == MANY


def test_a_child_can_run_javascript_on_a_loop_of_its_own_and_so_can_its_child() -> None:
    assert twinloop.run(compute()) == MANY
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child_computes()
            grandchild = os.fork()
            if grandchild == 0:
                child_computes()
                os._exit(0)
            status = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    # The parent is none the worse for it.
    assert twinloop.run(compute()) == MANY


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_run_javascript(method: str) -> None:
    async def main() -> None:
        assert await compute() == MANY
        process = multiprocessing.get_context(method).Process(target=child_computes)
        process.start()
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode == 0

    twinloop.run(main())


def test_a_child_that_another_thread_forked_while_javascript_ran_gets_a_clear_error() -> None:
    """The engine of the parent may be in any state then, locks held by threads that the child does not have."""

    def fork() -> None:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                twinloop.run(compute())
            except RuntimeError as error:
                status = 0 if "forked" in str(error) else 2
            finally:
                os._exit(status)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    statuses: list[int] = []

    async def main() -> None:
        twinloop.js.eval("1")
        thread = threading.Thread(target=fork)
        thread.start()
        twinloop.js.eval("const end = Date.now() + 200; while (Date.now() < end);")
        await asyncio.to_thread(thread.join)

    twinloop.run(main())
    assert statuses == [0]


def test_a_fork_leaves_the_watch_for_ctrl_c_to_the_parent() -> None:
    """The child's end told the parent's watching thread to end: they share the descriptor."""
    status, output = run_program(
        """
        import os, signal, sys, threading, twinloop
        from twinloop import js
        async def other(): js.eval("1")
        async def main():
            js.eval("1")
            pid = os.fork()
            if pid == 0:
                raise SystemExit
            os.waitpid(pid, 0)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            js.eval("for (;;) {}")
        try:
            twinloop.run(main())
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert (status, output) == (0, "interrupted\n")
