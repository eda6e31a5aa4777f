"""The soak test for a minute, behind ``--full``; for the hour that it is meant for run ``python tests/py/program/soak.py``."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest


@pytest.mark.skipif("TWINLOOP_FULL" not in os.environ, reason="takes over a minute; runs with --full")
def test_random_operations_with_faults_leave_nothing_behind():
    soak = pathlib.Path(__file__).with_name("soak.py")
    seconds = os.environ.get("TWINLOOP_SOAK_SECONDS", "60")
    finished = subprocess.run([sys.executable, soak, "--seconds", seconds], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout[-5000:] + finished.stderr[-5000:]
