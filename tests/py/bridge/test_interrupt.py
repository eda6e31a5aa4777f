"""Ctrl-C while JavaScript runs inside Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """
import twinloop
from twinloop import js

async def main():
    print("running", flush=True)
    try:
        js.eval("for (;;) {}")
    finally:
        print("cleaned up", flush=True)

twinloop.run(main())
"""


def test_an_infinite_javascript_loop_ends_on_ctrl_c(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(program)],
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
    assert output == "cleaned up\n"
    assert "KeyboardInterrupt" in errors
    assert process.returncode in (-signal.SIGINT, 130)
