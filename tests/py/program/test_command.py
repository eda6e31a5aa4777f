"""The two commands ``twinloop``: the one that starts Python for a Python program, and the one that the wheel brings."""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
import tomllib

import pytest
import twinloop
from program_support import built_command

ROOT = pathlib.Path(__file__).parents[3]
LOOP = "import asyncio, sys\nasync def main(): print(type(asyncio.get_running_loop()).__name__, *sys.argv)\nasyncio.run(main())\n"


def run(*words, folder):
    # Which interpreter it is must not depend on an environment that happens to be active.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    finished = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return finished.returncode, finished.stdout, finished.stderr


@pytest.fixture
def command():
    return [built_command(), "--python", sys.executable]


def test_the_command_runs_modules_and_lines_of_python(command, tmp_path):
    (tmp_path / "module.py").write_text(LOOP)
    path = tmp_path / "module.py"
    assert run(*command, "-m", "module", "-m", "x", folder=tmp_path) == (0, f"EventLoop {path} -m x\n", "")
    assert run(*command, "-c", LOOP, "--help", folder=tmp_path) == (0, "EventLoop -c --help\n", "")


def test_the_command_passes_its_options_on(command, tmp_path):
    code = "import socket; print(socket.getaddrinfo('a.invalid', 80)[0][4])"
    rule = ["--connect-to", "a.invalid:80:127.0.0.1:8080"]
    assert run(*command, *rule, "-c", code, folder=tmp_path) == (0, "('127.0.0.1', 8080)\n", "")


def test_the_wheels_command_is_the_runner(tmp_path):
    # As an installer writes it, and with the folder of scripts first on the path, where Python puts it.
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    module, _, function = project["scripts"]["twinloop"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    script = tmp_path / "bin" / "twinloop"
    script.parent.mkdir()
    script.write_text(
        f"import sys\nfrom {module} import {function}\nif __name__ == '__main__':\n    sys.exit({function}())\n"
    )
    (tmp_path / "app.py").write_text("import neighbour\n" + LOOP)
    (tmp_path / "neighbour.py").write_text("")
    (tmp_path / "app.mjs").write_text("console.log('JavaScript', process.argv.slice(2))")
    start = [sys.executable, str(script)]
    assert run(*start, "app.py", "word", folder=tmp_path) == (0, "EventLoop app.py word\n", "")
    assert run(*start, "app.mjs", "word", folder=tmp_path) == (0, "JavaScript [ 'word' ]\n", "")
    assert run(*start, "-V", folder=tmp_path)[1].startswith(f"twinloop {twinloop.__version__} ")


def test_the_wheel_says_whose_it_is_and_what_it_contains():
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    # The extension module has SpiderMonkey in it.
    assert project["license"] == "(MIT OR Apache-2.0) AND MPL-2.0"
    names = {path.name for pattern in project["license-files"] for path in ROOT.glob(pattern)}
    assert names == {"LICENSE-MIT", "LICENSE-APACHE", "LICENSE-MPL", "LICENSE-readable-stream"}
    assert project["authors"] and {"Repository", "Documentation", "Changelog", "Issues"} <= project["urls"].keys()
