"""Node's own tests on the command; started by ``cargo xtask conformance node``, which says what the options mean.

``tests/conformance/node.toml`` pins the tests, says which files make a group, how Deno does in it, and lists every file that does not
pass, with the reason. Files that need Node's insides are left out. Each file is a process of its own, as Node's runner has it: with the
flags of its line ``// Flags:`` that the command knows and the variables of ``// Env:``, in a scratch folder of its own, ended with
all that it started when its time is over. A file that ends well and says that it skipped itself has not passed.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import localhost

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = ROOT / "tests" / "conformance" / "node.toml"
CACHE = ROOT / ".cache" / "conformance"

INSIDES = re.compile(r"expose[-_]internals|internalBinding|require\('internal/")
SKIPPED = re.compile(r"^1\.\.0 # Skipped", re.MULTILINE)
TAIL = 6000


@dataclass
class Group:
    """Files that the table counts together."""

    name: str
    files: list[str]
    deno: str = ""


@dataclass
class Expectation:
    """Files that do not pass, and why."""

    reason: str
    files: list[str]
    unsteady: bool = False


@dataclass
class Suite:
    """What ``node.toml`` says."""

    about: str
    repository: str
    commit: str
    timeout: int
    slow: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    fails: list[Expectation] = field(default_factory=list)

    def group(self, file: str) -> str:
        """The first group that has the file."""
        named = (group.name for group in self.groups if any(fnmatch.fnmatch(file, pattern) for pattern in group.files))
        return next(named, "other")

    def expectation(self, file: str) -> Expectation | None:
        """The entry that expects a file not to pass."""
        return next((entry for entry in self.fails if file in entry.files), None)


@dataclass
class Test:
    """A file and what its head asks for."""

    file: str
    group: str
    flags: list[str]
    variables: dict[str, str]


@dataclass
class Outcome:
    """How a file ended: ``passed``, ``skipped``, ``failed`` or ``hung``."""

    kind: str
    status: int | None
    output: str


def load() -> Suite:
    """The list, in which no file may stand twice."""
    values = tomllib.loads(LIST.read_text(encoding="utf-8"))
    values["groups"] = [Group(**entry) for entry in values["groups"]]
    values["fails"] = [Expectation(**entry) for entry in values.get("fails", [])]
    suite = Suite(**values)
    twice = [
        file for file, times in Counter(file for entry in suite.fails for file in entry.files).items() if times > 1
    ]
    if twice:
        raise SystemExit(f"{LIST.name} lists more than once: {' '.join(twice)}")
    return suite


def checkout(suite: Suite) -> Path:
    """The tests at the pinned commit, fetched once."""
    folder = CACHE / f"node_test-{suite.commit[:12]}"
    if not folder.exists():
        print(f"fetching {suite.repository} at {suite.commit}", file=sys.stderr)
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        git = ["git", "-C", str(partial)]
        for words in (
            ["init", "--quiet"],
            ["fetch", "--quiet", "--depth", "1", suite.repository, suite.commit],
            ["checkout", "--quiet", "FETCH_HEAD"],
        ):
            subprocess.run(git + words, check=True)
        # The name comes last, so that what broke is never taken for the tests.
        partial.rename(folder)
    return folder


def find(suite: Suite, folder: Path, groups: list[str], pattern: str) -> list[Test]:
    """The files to run."""
    tests = []
    for path in sorted((folder / "test" / "parallel").iterdir()):
        file = path.name
        if path.suffix not in (".js", ".mjs", ".cjs", ".ts", ".mts"):
            continue
        if any(fnmatch.fnmatch(file, left) for left in suite.left_out) or pattern not in file:
            continue
        group = suite.group(file)
        if groups and group not in groups:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if INSIDES.search(text):
            continue
        flags = " ".join(re.findall(r"^// Flags:(.*)$", text, re.MULTILINE)).split()
        variables = " ".join(re.findall(r"^// Env:(.*)$", text, re.MULTILINE)).split()
        tests.append(Test(file, group, flags, dict(word.partition("=")[::2] for word in variables)))
    return tests


class Runner:
    """Runs files with a command, as many at a time as it is told."""

    def __init__(self, suite: Suite, words: list[str], command: str, folder: Path, scratch: Path) -> None:
        """``words`` come before the command: they give ``localhost`` the addresses that the tests expect."""
        self.suite, self.words, self.command, self.folder, self.scratch = suite, words, command, folder, scratch
        self.known: dict[str, bool] = {}

    def knows(self, flag: str) -> bool:
        """Whether the command takes a flag of Node's."""
        if flag not in self.known:
            words = [self.command, flag, "--version"]
            ended = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
            self.known[flag] = ended.returncode == 0
        return self.known[flag]

    def run(self, numbered: tuple[int, Test]) -> Outcome:
        """Runs a file to its end or the end of its time."""
        number, test = numbered
        place = self.scratch / str(number)
        place.mkdir()
        environment = {
            **os.environ,
            # The helpers of the tests would start the command again with all flags, known or not.
            "NODE_SKIP_FLAG_CHECK": "1",
            # Globals that Node does not have are no fault.
            "NODE_TEST_KNOWN_GLOBALS": "0",
            "NODE_TEST_DIR": str(place),
            "TEST_THREAD_ID": str(number),
            **test.variables,
        }
        flags = [flag for flag in test.flags if self.knows(flag)]
        slow = any(fnmatch.fnmatch(test.file, pattern) for pattern in self.suite.slow)
        with (
            tempfile.TemporaryFile() as output,
            subprocess.Popen(
                [*self.words, self.command, *flags, str(self.folder / "test" / "parallel" / test.file)],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                status = process.wait(self.suite.timeout * (6 if slow else 1))
            except subprocess.TimeoutExpired:
                status = None
            # Also what it started and left behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            output.seek(0)
            text = output.read(1 << 20).decode("utf-8", "replace")
        shutil.rmtree(place, ignore_errors=True)
        if status is None:
            return Outcome("hung", None, text[-TAIL:])
        if status != 0:
            return Outcome("failed", status, text[-TAIL:])
        return Outcome("skipped" if SKIPPED.search(text) else "passed", 0, text[-TAIL:])


def judge(suite: Suite, test: Test, outcome: Outcome) -> str | None:
    """What is not as the list expects."""
    expectation = suite.expectation(test.file)
    if outcome.kind in ("failed", "hung"):
        if expectation is None:
            lines = [line for line in outcome.output.splitlines() if re.search(r"[Ee]rror|panicked", line)]
            return f"{outcome.kind:7} {test.file}  {(lines or [''])[0][:150]}"
    elif expectation is not None and not expectation.unsteady and outcome.kind == "passed":
        return f"passes, though listed as failing: {test.file}"
    return None


def table(suite: Suite, tests: list[Test], outcomes: list[Outcome]) -> str:
    """A line for each group, in the order of the list, and their sum."""
    counts: dict[str, Counter] = {}
    for test, outcome in zip(tests, outcomes, strict=True):
        counts.setdefault(test.group, Counter())[outcome.kind] += 1
    deno = {group.name: group.deno for group in suite.groups}
    lines = [f"{'group':22}{'files':>7}{'passed':>8}{'skipped':>9}{'failed':>8}{'hung':>6}  Deno"]
    total: Counter = Counter()
    names = [group.name for group in suite.groups] + ["other"]
    for name in (name for name in names if name in counts):
        count = counts[name]
        total += count
        lines.append(line(name, count) + f"  {deno.get(name, '')}")
    return "\n".join([*lines, line("all", total)])


def line(name: str, count: Counter) -> str:
    """A line of the table."""
    return f"{name:22}{count.total():7}{count['passed']:8}{count['skipped']:9}{count['failed']:8}{count['hung']:6}"


def main() -> int:
    """Runs what the words say."""
    parser = argparse.ArgumentParser(prog="cargo xtask conformance node")
    parser.add_argument("groups", nargs="*")
    parser.add_argument("--command", required=True)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # A shell's background jobs ignore it, and what they start with them: tests of signals would wait in vain.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    suite = load()
    unknown = set(options.groups) - {group.name for group in suite.groups} - {"other"}
    if unknown:
        raise SystemExit(f"no such group: {' '.join(sorted(unknown))}")
    folder = (options.dir or checkout(suite)).resolve()
    tests = find(suite, folder, options.groups, options.filter)
    outcomes: list[Outcome] = []
    surprises = 0
    with (
        localhost.names() as words,
        tempfile.TemporaryDirectory(prefix="conformance-node-") as scratch,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        runner = Runner(suite, words or [], options.command, folder, Path(scratch).resolve())
        for test, outcome in zip(tests, pool.map(runner.run, enumerate(tests)), strict=True):
            outcomes.append(outcome)
            surprise = judge(suite, test, outcome)
            if surprise is not None:
                surprises += 1
                print(f"  {surprise}", flush=True)
    print(table(suite, tests, outcomes))
    if options.json:
        record = [
            {
                "file": test.file,
                "group": test.group,
                "kind": outcome.kind,
                "status": outcome.status,
                "output": outcome.output,
            }
            for test, outcome in zip(tests, outcomes, strict=True)
        ]
        options.json.write_text(json.dumps(record, indent=1))
    if surprises:
        print(f"\n{surprises} not as tests/conformance/node.toml expects")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
