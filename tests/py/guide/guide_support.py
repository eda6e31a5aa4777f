"""The guide's pages taken apart: the files in them, and what is run, with the output that stands below it.

A block in one of the languages is a file, whose name its first line says in a comment. What follows a block decides what the test does
with it:

- a block ``text`` is what ``twinloop FILE`` prints, both streams of it; ``text status=1`` says how it ends. Nothing in the file is
  Twinloop's own unless it names ``twinloop`` or another language's module: then CPython alone prints the same, and the Node
  that the variable NODE names, if it does.
  A block ``text only=twinloop`` is where they do not, which the page explains.
- a file without one is there for others, which name it.
- a block ``console`` has command lines after ``$`` and what each prints. One that ends in ``&`` is a server on port 8000, which stands
  for a free one. ``console status=1`` says how its last command ends.
- a block ``rust`` is a program of ``crates/twinloop/examples``, and the text below it what ``examples/expected`` says.
- a block ``pyi`` has signatures, which test_reference.py compares.
- a block without a language is a picture.

A line ``...`` in an output stands for any lines, and in a line for any text. The pages show their files in ``/home/ada``.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(GUIDE.rglob("*.md"))

LIMIT_S = 60
PORT = "8000"
HOME = "/home/ada"
NAME = re.compile(r"(?:#|//) ([\w./-]+\.(?:py|mjs|cjs|js|mts|ts))")
LANGUAGES = {"js": (".mjs", ".cjs", ".js"), "ts": (".mts", ".ts"), "python": (".py",)}
OTHERS = ("console", "text", "rust", "pyi", "")


@dataclasses.dataclass
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    settings: dict[str, str]
    text: str

    @property
    def name(self):
        """The file that a block in a language is."""
        match = NAME.fullmatch(self.text.split("\n", 1)[0])
        return match and match[1]

    @property
    def place(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclasses.dataclass
class Run:
    """One command line of a page, and what it must print."""

    page: Path
    line: int
    command: str
    expected: str
    status: int | None
    server: str | None = None

    @property
    def name(self):
        return f"{self.page.relative_to(GUIDE)}:{self.line} {self.command}"


def blocks(page):
    """The fenced blocks of a page in order."""
    found = []
    fence = None
    lines = []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if fence is None:
            if opened := re.match(r"(`{3,})([^`]*)$", line):
                fence, words = opened[1], opened[2].split()
                language = words[0] if words else ""
                settings = dict(word.split("=", 1) for word in words[1:])
                found.append(Block(page, number, language, settings, ""))
                lines = []
        elif line == fence:
            found[-1].text = "".join(f"{each}\n" for each in lines)
            fence = None
        else:
            lines.append(line)
    assert fence is None, f"{found[-1].place}: a block that does not end"
    return found


def files(page):
    """The files that a page's blocks are, by name."""
    return {block.name: block.text for block in blocks(page) if block.language in LANGUAGES}


def runs(page):
    """Everything that a page says it runs."""
    found = []
    above = None
    for block in blocks(page):
        if block.language == "console":
            found += _commands(block)
        elif block.language == "text" and above is not None and above.language in LANGUAGES:
            status = int(block.settings.get("status", 0))
            for command in _ways(above, block):
                found.append(Run(page, above.line, f"{command} {above.name}", block.text, status))
        above = block
    return found


def _ways(program, output):
    """The commands that print the same for a program."""
    ways = ["twinloop"]
    if output.settings.get("only") == "twinloop" or re.search(r"\btwinloop\b|python:", program.text):
        return ways
    if program.language == "python":
        return [*ways, "python"]
    # Node is no part of the project: who changes a page names one.
    return [*ways, "node"] if "NODE" in os.environ else ways


def _commands(block):
    found = []
    server = None
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Run(block.page, number, line[2:], "", 0, server))
            if line.endswith(" &"):
                server = line[2:-2]
        else:
            assert found, f"{block.place}: output without a command"
            found[-1].expected += line + "\n"
    found[-1].status = int(block.settings.get("status", 0))
    return found


def environment(folder):
    """Variables in which ``twinloop`` is the built command, and ``python`` this interpreter."""
    path = [str(Path(os.environ["TWINLOOP"]).parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    # What would change what a program prints, or where it connects to.
    foreign = re.compile(r"FORCE_COLOR|NODE_OPTIONS|PYTHON(?!PATH$)\w+|\w+_proxy", re.I)
    kept = {name: value for name, value in os.environ.items() if not foreign.fullmatch(name)}
    if node := os.environ.get("NODE"):
        path.insert(0, str(Path(node).parent))
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "VIRTUAL_ENV": sys.prefix,
        "HOME": str(folder),
        "NO_COLOR": "1",
        "COLUMNS": "80",
        # Both streams go into one pipe, in the order in which a terminal would show them.
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def perform(run, folder):
    """Runs a command line in a folder; its output and status."""
    command = run.command
    port = _free_port() if run.server or command.endswith(" &") else PORT
    if command.endswith(" &"):
        with _Server(command[:-2], port, folder) as started:
            return started, 0
    if run.server:
        with _Server(run.server, port, folder):
            return _finish(command.replace(PORT, port), folder, port)
    return _finish(command, folder, port)


def _finish(command, folder, port):
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, _ = process.communicate()
        return f"{plain(printed, folder, port)}\n(still running after {LIMIT_S} s)", -1
    # What a shell shows of a program that a signal ended.
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return plain(printed, folder, port), status


class _Server:
    """A server that runs while a command asks it; entering gives what it has printed up to its address."""

    def __init__(self, command, port, folder):
        self.command = command.replace(PORT, port)
        self.port = port
        self.folder = folder

    def __enter__(self):
        self.process = subprocess.Popen(
            ["bash", "-c", f"exec {self.command}"],
            cwd=self.folder,
            env=environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # One that says nothing must not be waited for.
        self.limit = threading.Timer(LIMIT_S, self.process.kill)
        self.limit.start()
        printed = ""
        while "http://" not in printed and (line := self.process.stdout.readline()):
            printed += line
        return plain(printed, self.folder, self.port)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()
        self.limit.cancel()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def plain(printed, folder, port=PORT):
    """An output as the pages show it: without what differs from one run, or one Python, to the next."""
    printed = printed.replace(str(folder), HOME).replace(port, PORT)
    printed = re.sub(r"\b0x[0-9a-f]{6,}\b", "0x7f00", printed)
    printed = re.sub(r"\((node|twinloop):\d+\)", r"(\1:1)", printed)
    # What Python marks in a line of a traceback is another part in each version.
    lines = [line.rstrip() for line in printed.splitlines()]
    return "".join(f"{line}\n" for line in lines if not re.fullmatch(r"\s*[~^]+\s*", line))


def fits(printed, expected):
    """Whether an output is what a page shows."""
    lines = []
    for line in expected.splitlines():
        lines.append(r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n")
    return re.fullmatch("".join(lines), printed) is not None


def missing_program(command):
    """The program of a command line that this machine lacks, or None."""
    program = next(word for word in shlex.split(command) if "=" not in word)
    return None if shutil.which(program) or program in ("twinloop", "python", "node") else program
