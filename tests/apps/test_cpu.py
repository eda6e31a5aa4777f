"""``examples/apps/cpu``: one picture from all the places, and nothing that is left of a job that was ended, at whatever stage."""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
from apps_support import is_full, words_of

PLACES = {
    "cpu.js": ("loop", "pieces", "worker", "workers", "processes"),
    "cpu.py": ("loop", "pieces", "thread", "processes", "dask", "js", "worker", "workers"),
}


@pytest.fixture
def start(apps):
    def begin(program, *words):
        return subprocess.Popen(
            [*words_of(program), program, *words],
            cwd=apps / "cpu",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return begin


def left_of(session):
    """The processes of a session that still run."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(of_session) == session and state != "Z":
            yield folder.name


def check_that_nothing_is_left_of(session):
    # The last of them notice a little later that their parent is gone.
    limit = time.monotonic() + 30
    while left := list(left_of(session)):
        assert time.monotonic() < limit, [pathlib.Path(f"/proc/{each}/cmdline").read_text() for each in left]
        time.sleep(0.05)


def test_all_places_compute_the_same_picture(start, apps):
    pytest.importorskip("distributed")
    digests = {}
    for program, places in PLACES.items():
        process = start(program, "--width", "100", "--workers", "2", "--out", "picture.pgm")
        said, faults = process.communicate(timeout=300)
        assert process.returncode == 0, faults
        rows = said.splitlines()[2:]
        assert len(rows) == len(places), said
        digests |= {f"{program} {row[:26]}": row.split()[-1] for row in rows}
        picture = (apps / "cpu" / "picture.pgm").read_bytes()
        assert picture.startswith(b"P5 100 75 200\n") and len(picture) == 14 + 7500
    assert len(set(digests.values())) == 1, digests


@pytest.mark.parametrize("program", PLACES)
def test_words_that_mean_nothing_are_refused(start, program):
    for words in (
        ["nowhere"],
        ["constructor"],
        ["--workers", "0"],
        ["--width", "1"],
        ["--width", "-5"],
        ["--nothing"],
        ["--steps", "256"],
        ["--steps", "x"],
    ):
        process = start(program, *words)
        said, faults = process.communicate(timeout=60)
        assert process.returncode == 2 and said == "" and "--workers" in faults, (words, faults)
        assert "Traceback" not in faults and "    at " not in faults and len(faults) < 1000, faults


def children_of(process):
    """What a process has started to compute for it."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            words = (folder / "cmdline").read_text()
        except OSError:
            continue
        if int(parent) == process.pid and "resource_tracker" not in words:
            yield int(folder.name)


@pytest.mark.parametrize("program", PLACES)
def test_a_worker_that_is_killed_is_told_and_the_other_places_go_on(start, program):
    # Large enough that it is not done before.
    width = "400" if program == "cpu.py" else "2500"
    process = start(program, "processes", "pieces", "--width", width, "--workers", "2")
    while len(children := list(children_of(process))) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(children[0], signal.SIGKILL)
    said, faults = process.communicate(timeout=120)
    assert process.returncode == 1 and faults == "", faults
    killed, pieces = said.splitlines()[2:]
    assert re.match(r"in processes +.*worker.* ended with (signal 9|SIGKILL)", killed), said
    assert re.match("on the loop, in pieces .* ms ", pieces), said
    check_that_nothing_is_left_of(process.pid)


@pytest.mark.parametrize("program", PLACES)
def test_a_picture_that_cannot_be_written_is_told_in_a_line(start, program):
    process = start(program, "loop", "--width", "20", "--out", "/dev/full")
    said, faults = process.communicate(timeout=60)
    assert process.returncode == 1 and "on the loop" in said
    assert re.fullmatch(rf"{program}: the picture was not written: .*[Nn]o space left on device.*\n", faults), faults


@pytest.mark.parametrize(
    ("program", "place"),
    [(program, place) for program, places in PLACES.items() for place in places if place not in ("loop", "js")],
)
def test_a_job_that_is_ended_at_any_stage_leaves_nothing(start, program, place):
    if place == "dask":
        pytest.importorskip("distributed")
    signals = itertools.cycle([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    wait, step = 0.1, 1.4 if is_full else 2
    codes = set()
    # Python takes thirty times as long for a point.
    width = "400" if program == "cpu.py" and "worker" not in place else "3000"
    while True:
        number = next(signals)
        process = start(program, place, "--width", width, "--workers", "2")
        # Each time a little later, until it is done before.
        time.sleep(wait)
        wait *= step
        process.send_signal(number)
        said, faults = process.communicate(timeout=60)
        codes.add(process.returncode)
        if process.returncode == 130:
            assert "stopped\n" in faults, faults
        check_that_nothing_is_left_of(process.pid)
        if process.returncode == 0:
            break
        # Before it has begun, a signal ends it as it ends any program.
        assert process.returncode in (130, -number) or "KeyboardInterrupt" in faults, (process.returncode, faults)
    assert 130 in codes
