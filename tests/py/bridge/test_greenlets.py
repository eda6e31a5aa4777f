"""Greenlets (SQLAlchemy's asyncio is made of them): none is left while JavaScript is on its stack, which crashed."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import subprocess
import sys

import pytest

PROGRAMS = pathlib.Path(__file__).with_name("greenlet_programs.py")


@pytest.mark.skipif(importlib.util.find_spec("greenlet") is None, reason="greenlet is not there")
@pytest.mark.parametrize("name", re.findall(r"^def ((?:a|greenlets)_\w+)", PROGRAMS.read_text(), re.MULTILINE))
def test_greenlets_and_javascript(name: str) -> None:
    done = subprocess.run([sys.executable, PROGRAMS, name], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
