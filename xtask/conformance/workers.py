"""Runs the tests of a suite in processes of their own until each has an outcome.

A process that says nothing for the suite's limit is ended with all its children and its test has hung; one that dies has crashed
in its test. The rest goes on in a new process, so one test costs only itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from suites import INSIDE, ROOT, Expectation, Suite

GRACE = 5.0
# A suite that fails more than this has another fault than the weather.
MOST_SECOND_TRIES = 80


@dataclass
class Outcome:
    """What became of a test: passed, failed, hung or skipped."""

    kind: str
    reason: str = ""


@dataclass
class Run:
    """A suite on a loop and a version of Python."""

    suite: Suite
    loop: str
    version: str
    interpreter: str
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    lacks: set[str] = field(default_factory=set)
    filter: str = ""
    once: bool = False
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    loops: dict[str, int] = field(default_factory=dict)
    log: Path | None = None

    def expectation(self, test: str) -> Expectation | None:
        """The entry of the suite's file that expects a test to fail here."""
        return self.suite.expectation(test, self.loop, self.version, self.lacks)


def run_all(run: Run) -> None:
    """Run every test of the suite; then those that did not pass once more, each in a process of its own."""
    run.outcomes = _run_tests(run, None)
    if run.once:
        return
    again = [test for test, outcome in run.outcomes.items() if _deserves_another_try(run, test, outcome)]
    for test in again[:MOST_SECOND_TRIES]:
        outcome = _run_tests(run, [test]).get(test)
        if outcome is not None and outcome.kind == "passed":
            run.outcomes[test] = Outcome("passed", run.outcomes[test].reason or run.outcomes[test].kind)


def _deserves_another_try(run: Run, test: str, outcome: Outcome) -> bool:
    if outcome.kind not in ("failed", "hung"):
        return False
    return run.expectation(test) is None


def _run_tests(run: Run, only: list[str] | None) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    fruitless = 0
    while fruitless < 3:
        before = len(outcomes)
        if _run_process(run, only, outcomes):
            break
        fruitless = fruitless + 1 if len(outcomes) == before else 0
    else:
        raise SystemExit(f"{run.suite.name}: the tests do not run; see {run.log}")
    return outcomes


def _run_process(run: Run, only: list[str] | None, outcomes: dict[str, Outcome]) -> bool:
    """One process; True when it came to its end."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        results, proof, plan = (Path(scratch) / name for name in ("results", "proof", "plan"))
        results.touch()
        proof.touch()
        left_out = [pattern for entry in run.suite.left_out for pattern in entry["tests"]]
        wanted = {"only": only, "done": list(outcomes), "left_out": left_out, "filter": run.filter}
        plan.write_text(json.dumps(wanted))
        with open(run.log or os.devnull, "a") as log:
            process = subprocess.Popen(
                [*run.prefix, *_command(run)],
                cwd=run.folder,
                env=_environment(run, results, proof, plan),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                hung = _wait(process, results, run.suite.silence)
            finally:
                _end(process)
        finished = _read(results, outcomes, hung, process.returncode)
        for line in proof.read_text().splitlines():
            kind, _, count = line.partition(" ")
            run.loops[kind] = run.loops.get(kind, 0) + int(count)
        return finished


def _command(run: Run) -> list[str]:
    if run.suite.kind == "pytest":
        return [run.interpreter, "-m", "pytest", "-p", "conformance_plugin", *run.suite.options]
    worker = str(INSIDE / "conformance_unittest.py")
    modules = ["mixins"] if run.suite.kind == "mixins" else run.suite.modules
    return [run.interpreter, "-X", "faulthandler", worker, *modules]


def _environment(run: Run, results: Path, proof: Path, plan: Path) -> dict[str, str]:
    # The runner's own variables would lead tests of frameworks astray.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO", "PYTEST"))}
    environment |= {
        "PYTHONPATH": f"{INSIDE}{os.pathsep}{ROOT / 'python'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TWINLOOP_CONFORMANCE_LOOP": run.loop,
        "TWINLOOP_CONFORMANCE_SWAP": ",".join(run.suite.swap),
        "TWINLOOP_CONFORMANCE_QUIET": ",".join(run.suite.quiet),
        "TWINLOOP_CONFORMANCE_RESULTS": str(results),
        "TWINLOOP_CONFORMANCE_PROOF": str(proof),
        "TWINLOOP_CONFORMANCE_PLAN": str(plan),
    }
    return environment | run.suite.environment | run.extra


def _wait(process: subprocess.Popen, results: Path, silence: float) -> bool:
    """Wait for the end; True if the process fell silent and was ended."""
    size, heard = 0, time.monotonic()
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        now = results.stat().st_size
        if now != size:
            size, heard = now, time.monotonic()
        elif time.monotonic() - heard > silence:
            # faulthandler writes where each thread is into the log.
            process.send_signal(signal.SIGABRT)
            return True
    return False


def _end(process: subprocess.Popen) -> None:
    """End the process and whatever it started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(results: Path, outcomes: dict[str, Outcome], hung: bool, status: int) -> bool:
    """Take the outcomes over; True when the process said that it is through."""
    running, finished = None, False
    for line in results.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if "began" in event:
            running = event["began"]
        elif "ended" in event:
            outcomes[event["ended"]] = Outcome(event["outcome"], event["reason"])
            running = None
        elif "finished" in event:
            finished = True
    if not finished and running is not None:
        outcomes[running] = Outcome("hung") if hung else Outcome("failed", f"the process died with status {status}")
    return finished
