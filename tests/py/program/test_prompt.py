"""The prompt of ``python -m twinloop``, typed at through a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from program_support import Terminal


class Prompt(Terminal):
    """Python on a terminal."""

    limit_s = 30.0

    def __init__(self, *words, **environment):
        settings = {"PYTHONSTARTUP": "", "PYTHON_BASIC_REPL": "1", "TERM": "dumb", "INPUTRC": os.devnull}
        super().__init__([sys.executable, *words], {**settings, **environment})

    def ask(self, line):
        """What a line answers."""
        self.type(line + "\n")
        self.wait_for(re.escape(line) + "\n")
        return self.wait_for("(?m)^>>> ").removesuffix(">>> ")

    def __enter__(self):
        self.wait_for("import asyncio, twinloop\n")
        self.wait_for(">>> ")
        return self


def test_statements_share_their_names_await_and_run_on_this_loop():
    with Prompt("-m", "twinloop") as terminal:
        assert terminal.ask("1 + 1") == "2\n"
        assert terminal.ask("type(asyncio.get_running_loop())") == "<class 'twinloop.EventLoop'>\n"
        assert terminal.ask("value = await asyncio.sleep(0.001, 'slept')") == ""
        assert terminal.ask("value") == "'slept'\n"
        assert terminal.ask("__name__, __import__('sys').argv, __import__('sys').path[0]") == "('__main__', [''], '')\n"
        assert terminal.leave() == 0


def test_the_loop_goes_on_between_statements_and_they_share_one_context():
    with Prompt("-m", "twinloop") as terminal:
        terminal.ask("ticks = []; task = asyncio.get_running_loop().create_task(asyncio.sleep(0.001, 'beside'))")
        terminal.ask("task.add_done_callback(lambda task: ticks.append(task.result()))")
        terminal.ask("import contextvars, time; variable = contextvars.ContextVar('variable', default=0)")
        assert terminal.ask("_ = variable.set(await asyncio.sleep(0, 7))") == ""
        assert terminal.ask("variable.get()") == "7\n"
        time.sleep(0.05)
        assert terminal.ask("ticks") == "['beside']\n"


def test_javascript_is_at_hand():
    with Prompt("-m", "twinloop") as terminal:
        assert terminal.ask("await twinloop.js.eval('Promise.resolve(6 * 7)')") == "42\n"


def test_an_error_shows_the_statements_frames_only():
    with Prompt("-m", "twinloop") as terminal:
        for line in ("1 / 0", "await asyncio.sleep(0, 1) / 0"):
            lines = terminal.ask(line).splitlines()
            assert lines[0] == "Traceback (most recent call last):" and lines[-1].startswith("ZeroDivisionError")
            assert [line for line in lines if line.startswith("  File")] == ['  File "<console>", line 1, in <module>']
        assert "SyntaxError" in terminal.ask("1 +")
        assert terminal.ask("'still there'") == "'still there'\n"


@pytest.mark.parametrize("line", ["print('runs'); await asyncio.sleep(60)", "loop_for_ever()"])
def test_ctrl_c_ends_what_runs_and_the_prompt_goes_on(line):
    with Prompt("-m", "twinloop") as terminal:
        terminal.type("def loop_for_ever():\n    print('runs')\n    while True: pass\n\n")
        terminal.wait_for("(?m)^>>> ")
        terminal.type(line + "\n")
        # A signal that comes before the statement runs would end nothing.
        terminal.wait_for("(?m)^runs\n")
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_for("(?m)^KeyboardInterrupt\n")
        terminal.wait_for(">>> ")
        assert terminal.ask("2 + 2") == "4\n"
        assert terminal.leave() == 0


@pytest.mark.parametrize(
    ("line", "status"),
    [("exit()", 0), ("raise SystemExit(3)", 3), ("await asyncio.sleep(0); exit(4)", 4), ("exit('why')", 1)],
)
def test_exit_ends_it_with_its_status_and_cancels_the_tasks(line, status):
    with Prompt("-m", "twinloop") as terminal:
        terminal.type("async def stay():\n    try: await asyncio.sleep(60)\n    finally: print('cancelled')\n\n")
        terminal.wait_for("(?m)^>>> ")
        terminal.ask("task = asyncio.get_running_loop().create_task(stay())")
        terminal.type(line + "\n")
        terminal.wait_for("(?m)^cancelled\n")
        assert terminal.wait_for_exit() == status


def test_a_startup_file_is_run_first(tmp_path):
    startup = tmp_path / "startup.py"
    startup.write_text("from_startup = 'there'\n")
    with Prompt("-m", "twinloop", PYTHONSTARTUP=str(startup)) as terminal:
        assert terminal.ask("from_startup") == "'there'\n"


def test_without_a_terminal_standard_input_is_the_program():
    program = "import asyncio, sys\nasync def main(): print(type(asyncio.get_running_loop()), sys.argv)\nasyncio.run(main())\n"
    words = [sys.executable, "-m", "twinloop"]
    finished = subprocess.run(words, input=program, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.returncode, finished.stdout) == (0, "<class 'twinloop.EventLoop'> ['']\n"), finished.stderr


def test_a_standard_input_that_is_closed_is_an_empty_program():
    words = ["sh", "-c", 'exec "$0" -m twinloop <&-', sys.executable]
    finished = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
