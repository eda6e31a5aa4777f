"""``twinloop add npm:NAME pypi:NAME``: packages by npm, into the project of the working directory, and by pip, for this interpreter.

Nothing but these two programs, so that what they write (``package.json``, lock files, an environment) is theirs; they are not brought along.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

USAGE = """\
usage: twinloop add npm:NAME... pypi:NAME...

Installs packages of npm into the project of the working directory, by npm, and packages of PyPI for this Python interpreter, by pip
(or by uv, if that is there and pip is not). A NAME may say a version as npm and pip have it: npm:left-pad@1.3.0, pypi:numpy>=2.
"""


def add(words: list[str]) -> int:
    """Install what the words name; the exit status, that of the first program that failed."""
    if not words or words[0] in ("-h", "--help"):
        print(USAGE, end="", file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    names: dict[str, list[str]] = {"npm": [], "pypi": []}
    for word in words:
        source, colon, name = word.partition(":")
        # What begins with a dash would be an option of theirs.
        if not colon or source not in names or not name or name.startswith("-"):
            return _refuse(f"{word!r} is no package: write npm:NAME or pypi:NAME")
        names[source].append(name)
    commands = []
    if names["npm"]:
        npm = shutil.which("npm")
        if npm is None:
            return _refuse("npm is not there: it comes with Node (https://nodejs.org)")
        commands.append([npm, "install", *names["npm"]])
    if names["pypi"]:
        pip = _pip()
        if pip is None:
            return _refuse(f"{sys.executable} has no pip, and uv is not there: {sys.executable} -m ensurepip")
        commands.append([*pip, *names["pypi"]])
    for command in commands:
        status = subprocess.run(command, check=False).returncode
        if status != 0:
            return status
    return 0


def _pip() -> list[str] | None:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    uv = shutil.which("uv")
    return None if uv is None else [uv, "pip", "install", "--python", sys.executable]


def _refuse(reason: str) -> int:
    print(f"twinloop: {reason}", file=sys.stderr)
    return 2
