"""The pages about clients, files and pools: every piece of Python in them runs, against the local servers."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from fetch_support import fixtures

PAGES = [Path(__file__).parents[3] / "docs" / name for name in ("fetch.md", "websocket.md", "files.md", "pool.md")]
PIECES = [piece for page in PAGES for piece in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.M | re.S)]


def program(piece):
    """A piece of the page as a program; what is no program stands in a coroutine."""
    if "twinloop.run(" in piece:
        return piece
    body = textwrap.indent(piece, "    ")
    return f"import asyncio\nimport twinloop\nfrom pathlib import Path\n\nasync def main():\n{body}\ntwinloop.run(main())\n"


def test_the_pages_have_pieces():
    assert len(PIECES) > 15


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.splitlines()[0][:40])
def test_a_piece_of_the_page_runs_and_prints_what_it_says(piece, tmp_path):
    for package in ("aiohttp", "httpx"):
        if f"import {package}" in piece:
            pytest.importorskip(package)
    servers = fixtures()
    file = tmp_path / "piece.py"
    file.write_text(program(piece))
    words = [sys.executable, "-W", "error", "-m", "twinloop", "--ca-file", servers["ca_file"]]
    for rule in servers["connect_to"]:
        words += ["--connect-to", rule]
    ran = subprocess.run([*words, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    for line in re.findall(r"print\(.*\)\s+# (.*[0-9].*)$", piece, re.M):
        assert line in ran.stdout.splitlines()
