"""What interrupts JavaScript inside Python: Ctrl-C, and other threads that want the GIL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import twinloop
import twinloop.js

PROGRAM = """
import asyncio
import sys
import twinloop
from twinloop import js

async def main():
    print("running", flush=True)
    try:
        js.eval(sys.argv[1])
        # What it left to the loop runs now.
        await asyncio.sleep(60)
    finally:
        print("cleaned up", js.eval("1 + 1"), flush=True)

try:
    twinloop.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
"""

# (module (func (export "f") (loop (br 0))))
ENDLESS_MODULE = "0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11"
ENDLESS = {
    "loop": "for (;;) {}",
    "caught": "for (;;) { try { for (;;) {} } catch {} }",
    # The engine looks at ordinary requests in neither of these.
    "regular expression": "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "microtasks": "(function f() { Promise.resolve().then(f); })()",
    "timer": "setTimeout(() => { for (;;) {} }, 1); 0",
    "async function": "(async () => { for (;;) await null; })(); 0",
    "wasm": f"new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([{ENDLESS_MODULE}]))).exports.f()",
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_javascript_that_never_ends_does_so_on_ctrl_c(tmp_path: Path, kind: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(program), ENDLESS[kind]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)
    finally:
        process.kill()
    assert output == "cleaned up 2\ninterrupted\n"
    assert "KeyboardInterrupt" in errors
    assert process.returncode in (-signal.SIGINT, 130)


@pytest.mark.parametrize(
    "computation",
    [
        "(s) => { const end = Date.now() + 1000 * s; while (Date.now() < end); }",
        # Many short microtasks, none of which runs for long.
        "(s) => { const end = Date.now() + 1000 * s; (function f() { if (Date.now() < end) queueMicrotask(f); })() }",
    ],
)
def test_other_threads_run_while_javascript_computes(computation: str) -> None:
    """JavaScript held the GIL until it was through: a thread got 7 of the 100 turns that it wanted in a second."""
    turns = 0
    over = threading.Event()

    def work() -> None:
        nonlocal turns
        while not over.wait(0.001):
            turns += 1

    async def main() -> int:
        compute = twinloop.js.eval(computation)
        thread = threading.Thread(target=work)
        thread.start()
        before = turns
        compute(0.5)
        await twinloop.js.eval("() => Promise.resolve()")()
        during = turns - before
        over.set()
        thread.join()
        return during

    # Some 100 on a quiet machine; without the pauses, one or two.
    assert twinloop.run(main()) > 20
