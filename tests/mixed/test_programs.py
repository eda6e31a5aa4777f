"""Programs that a person might write over packages of both languages: each prints what ``expected`` holds, and nothing on standard error.

The packages are pinned with their checksums by ``package-lock.json`` and ``requirements.txt``; ``cargo xtask test mixed`` installs them
and starts the servers that programs name in their first lines. ``TWINLOOP_KEEP=1`` writes down what they print instead: to be read
before it is committed.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
PACKAGES = HERE.parents[1] / ".cache" / "mixed" / "node_modules"
SERVERS = json.loads(os.environ.get("SERVERS", "{}"))

# The others in the folder are what these import.
PROGRAMS = [path for path in sorted((HERE / "programs").iterdir()) if (HERE / "expected" / f"{path.name}.txt").exists()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The programs beside the packages that they import."""
    if not PACKAGES.exists():
        pytest.skip("the packages of tests/mixed are not installed: cargo xtask test mixed")
    place = tmp_path_factory.mktemp("mixed")
    shutil.copytree(HERE / "programs", place / "programs")
    (place / "node_modules").symlink_to(PACKAGES)
    return place / "programs"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_what_a_program_prints_is_right(program, folder):
    named = program.read_text().splitlines()[0].partition("Servers: ")[2]
    for name in named.split(", ") if named else []:
        if name not in SERVERS:
            pytest.skip(f"{name} is not there: cargo xtask test mixed")
    # What a program has started ends with it, should it hang: `timeout` leads a group of theirs. Dask starts eight processes, which take a minute
    # where an unoptimised build shares two cores.
    finished = subprocess.run(
        ["timeout", "--signal=KILL", "300", sys.executable, "-m", "twinloop", program.name],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (finished.stderr, finished.returncode) == ("", 0)
    expected = HERE / "expected" / f"{program.name}.txt"
    if os.environ.get("TWINLOOP_KEEP"):
        expected.write_text(finished.stdout)
    assert finished.stdout.splitlines() == expected.read_text().splitlines()
