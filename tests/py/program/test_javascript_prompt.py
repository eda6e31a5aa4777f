"""The prompt of ``twinloop`` alone, typed at through a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

from program_support import Terminal, built_command

CONTROL = re.compile(r"\x1b\[[0-9]*[A-Za-z]")


class Prompt(Terminal):
    """The command on a terminal."""

    def __init__(self, *words, **environment):
        # A dumb terminal is shown no previews of what a line may give.
        settings = {"TERM": "dumb", "NO_COLOR": "1", "NODE_REPL_HISTORY": "", **environment}
        super().__init__([built_command(), *words], settings)

    def text_of(self, data):
        return CONTROL.sub("", data.decode(errors="replace")).replace("\r", "")

    def type(self, text):
        """Key by key, as fingers do: what comes at once is pasted."""
        for key in text:
            super().type(key)
            time.sleep(0.002)

    def begin(self, line):
        """Types a line that goes on for a while, and lets it."""
        self.type(line + "\r")
        self.wait_for(r"\n")
        time.sleep(0.5)

    def ask(self, line):
        """What a line answers."""
        self.type(line + "\r")
        self.wait_for(r"\n")
        return self.wait_for(r"(?m)^(> |\| )")[:-2]

    def __enter__(self):
        self.wait_for('Type ".help" for more information.\n')
        self.wait_for("> ")
        return self


def test_lines_answer_and_names_stay():
    with Prompt() as terminal:
        assert terminal.ask("1 + 1") == "2\n"
        assert terminal.ask("_ * 21") == "42\n"
        assert terminal.ask("const a = await Promise.resolve(7)") == "undefined\n"
        assert terminal.ask("function f() {") == ""
        assert terminal.ask("return a }") == "undefined\n"
        assert terminal.ask("f()") == "7\n"
        assert terminal.ask("throw new Error('boo')") == "Uncaught Error: boo\n"
        assert terminal.ask("_error.message") == "'boo'\n"
        assert terminal.ask("repl.repl.commands.help.help") == "'Print this help message'\n"
        assert terminal.leave() == 0


def test_a_line_is_previewed_while_it_is_typed():
    with Prompt(TERM="xterm") as terminal:
        terminal.type("6 * 7")
        terminal.wait_for("// 42")
        terminal.type("\r")
        terminal.wait_for(r"(?m)^42\n> ")
        assert terminal.leave() == 0


def test_imports_are_statements_too(tmp_path):
    (tmp_path / "m.mjs").write_text("export default 1; export const two = 2;")
    with Prompt() as terminal:
        assert terminal.ask(f"process.chdir({str(tmp_path)!r})") == "undefined\n"
        assert terminal.ask("import one, { two as zwei } from './m.mjs'") == "undefined\n"
        assert terminal.ask("one + zwei") == "3\n"
        assert terminal.ask("import * as path from 'node:path'; path.sep") == "'/'\n"
        assert terminal.ask("import text from './m.mjs' with { type: 'text' }; text.length") == "39\n"


def test_ctrl_c_ends_a_loop_and_what_is_awaited_and_then_the_prompt():
    with Prompt() as terminal:
        for line in ("while (true);", "await new Promise(() => {})"):
            terminal.begin(line)
            terminal.type("\x03")
            terminal.wait_for("Script execution was interrupted by `SIGINT`")
            terminal.wait_for("(?m)^> ")
            assert terminal.ask("1") == "1\n"
        terminal.type("half a li\x03")
        terminal.wait_for("\n> ")
        assert terminal.ask("({") == ""
        terminal.type("\x03")
        terminal.wait_for("\n> ")
        terminal.type("\x03")
        terminal.wait_for("To exit, press Ctrl\\+C again or Ctrl\\+D or type .exit")
        terminal.type("\x03")
        assert terminal.wait_for_exit() == 0


def test_a_signal_from_elsewhere_ends_a_loop_and_an_idle_prompt():
    with Prompt() as terminal:
        terminal.begin("while (true);")
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("interrupted by `SIGINT`")
        terminal.wait_for("(?m)^> ")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait_for_exit() == -signal.SIGTERM


def test_the_tab_key_completes():
    with Prompt() as terminal:

        def complete(start, end, *, times=1):
            # A key that comes together with others is pasted, and completes nothing.
            terminal.type(start)
            terminal.wait_for(re.escape(start))
            for _ in range(times):
                time.sleep(0.2)
                terminal.type("\t")
            terminal.wait_for(end)

        complete("process.platf", "orm")
        terminal.type("\r")
        terminal.wait_for(f"'{sys.platform}'\n")
        terminal.wait_for("> ")
        complete("globalThis.structuredC", "lone")
        terminal.type("(1)\r")
        terminal.wait_for(r"\n1\n")
        terminal.wait_for("> ")
        # Twice for all that fits.
        complete("path.p", "path.parse +path.posix", times=2)
        terminal.type("\x03")
        terminal.wait_for("> ")
        complete(".he", "lp")
        terminal.type("\r")
        terminal.wait_for("Print this help message")


def test_the_history_is_kept_in_a_file(tmp_path):
    file = tmp_path / "history"
    with Prompt(NODE_REPL_HISTORY=str(file)) as terminal:
        assert terminal.ask("'first'") == "'first'\n"
        assert terminal.ask("'second'") == "'second'\n"
        assert terminal.leave() == 0
    assert file.read_text() == "'second'\n'first'\n"
    assert file.stat().st_mode & 0o777 == 0o600
    with Prompt(NODE_REPL_HISTORY=str(file)) as terminal:
        os.write(terminal.fd, b"\x1b[A\x1b[A\r")
        terminal.wait_for("'first'\n'first'\n")


def test_the_editor_takes_lines_until_it_is_left():
    with Prompt() as terminal:
        terminal.type(".editor\r")
        terminal.wait_for("Entering editor mode")
        terminal.wait_for("\n")
        terminal.type("const x = 20\r")
        terminal.type("x + 1\x04")
        terminal.wait_for("\n21\n> ")
        assert terminal.ask("x") == "20\n"
        terminal.type(".editor\r")
        terminal.wait_for("Entering editor mode")
        terminal.type("const y = 1\r\x03")
        terminal.wait_for("> ")
        assert "y is not defined" in terminal.ask("y")


def test_a_session_is_saved_and_loaded(tmp_path):
    file = tmp_path / "session.js"
    with Prompt() as terminal:
        terminal.ask("const kept = 1")
        assert terminal.ask(f".save {file}") == f"Session saved to: {file}\n"
    with Prompt() as terminal:
        terminal.ask(f".load {file}")
        assert terminal.ask("kept") == "1\n"


def test_what_nobody_caught_is_shown_and_the_prompt_goes_on():
    with Prompt() as terminal:
        terminal.type("setTimeout(() => { throw new Error('late') }, 10); Promise.reject(new Error('lost')); 0\r")
        terminal.wait_for("Uncaught Error: lost")
        terminal.wait_for("Uncaught Error: late")
        terminal.wait_for("> ")
        assert terminal.ask("1") == "1\n"


def test_standard_input_that_is_no_terminal_has_a_prompt_on_request():
    with Prompt() as terminal:
        terminal.leave()
    finished = subprocess.run(
        [built_command(), "-i", "-e", "const x = 5"],
        input="x + 1\n.exit\n",
        capture_output=True,
        text=True,
        timeout=Prompt.limit_s,
        check=False,
    )
    assert finished.returncode == 0
    assert finished.stdout.endswith("> undefined\n> 6\n> ")


def test_modules_of_python_are_in_reach_under_python(tmp_path):
    (tmp_path / "endless.py").write_text("def run():\n    while True:\n        pass\n")
    with Prompt("--python", sys.executable, PYTHONPATH=str(tmp_path)) as terminal:
        assert terminal.ask("import math from 'python:math'") == "undefined\n"
        assert terminal.ask("math.sqrt(16)") == "4\n"
        assert terminal.ask("const { run } = await import('python:endless')") == "undefined\n"
        # Both languages are ended by Ctrl-C.
        for line in ("while (true);", "run()"):
            terminal.begin(line)
            terminal.type("\x03")
            terminal.wait_for("interrupted by")
            terminal.wait_for("(?m)^> ")
            assert terminal.ask("1") == "1\n"
        assert terminal.leave() == 0
