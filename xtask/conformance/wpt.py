"""web-platform-tests that need no browser, on the command; started by ``cargo xtask conformance wpt``, which says what the options mean.

Every file and variant runs in a process of its own, with ``inside/wpt.mjs`` in the place of the page. The suite's own server answers on
loopback: this program starts itself again in namespaces of its own, where the names of the suite are in /etc/hosts and nobody else has
the ports, so it needs root or namespaces of users. ``tests/conformance/wpt.toml`` pins the checkout, names the folders, and lists each
file that does not pass whole with its reason; the exit status is 1 if another fails, or if one that is listed passes.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = ROOT / "tests" / "conformance" / "wpt.toml"
CACHE = ROOT / ".cache" / "conformance" / "wpt"
PAGE = HERE / "inside" / "wpt.mjs"
INSIDE = "TWINLOOP_WPT_NAMESPACE"
START_LIMIT = 60.0
# How long the tests of a file get before those that are open have timed out; the process is ended a while later.
ORDINARY_LIMIT, LONG_LIMIT, GRACE = 20, 60, 15
LABELS = ["", "www", "www1", "www2", "xn--n8j6ds53lwwkrqhv28a", "xn--lve-6lad"]
META = re.compile(r"^//\s*META:\s*(\w+)=(.*?)\s*$", re.MULTILINE)


@dataclass
class Listed:
    """What ``wpt.toml`` says."""

    repository: str
    commit: str
    folders: list[str]
    support: list[str]
    fails: dict[str, str] = field(default_factory=dict)
    unsteady: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def read(cls) -> Listed:
        data = tomllib.loads(LIST.read_text(encoding="utf-8"))
        listed = cls(data["repository"], data["commit"], data["folders"], data["support"])
        for entry in data.get("fails", []):
            for test in entry["tests"]:
                listed.fails[test] = entry["reason"]
                if entry.get("unsteady"):
                    listed.unsteady.add(test)
        for entry in data.get("left_out", []):
            listed.left_out += entry["tests"]
        return listed


@dataclass
class Test:
    """A file with one of its variants."""

    path: str
    variant: str
    is_long: bool

    @property
    def name(self) -> str:
        return self.path + self.variant

    @property
    def address(self) -> str:
        secure = any(mark in self.path for mark in (".https.", ".h2.")) or self.variant in ("?wss", "?wpt_flags=https")
        port = 9000 if ".h2." in self.path or "wpt_flags=h2" in self.variant else 8443 if secure else 8000
        return f"http{'' if port == 8000 else 's'}://web-platform.test:{port}/{self.name}"


@dataclass
class Result:
    """What became of a file: its subtests, and what the harness or the process says of the whole."""

    passed: int = 0
    total: int = 1
    whole: bool = False
    trouble: str = ""
    failures: list[str] = field(default_factory=list)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cargo xtask conformance wpt")
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--command", required=True)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args(words)


def checkout(listed: Listed) -> Path:
    """The tests at the pinned commit: only the folders that are needed are fetched."""
    folder = CACHE / listed.commit
    if not (folder / "resources" / "testharness.js").exists():
        print(f"fetching web-platform-tests {listed.commit[:12]}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)

        def git(*words: str) -> None:
            subprocess.run(["git", *words], cwd=folder, check=True)

        git("init", "--quiet")
        git("sparse-checkout", "set", *listed.folders, *listed.support)
        git("fetch", "--quiet", "--depth=1", "--filter=blob:none", listed.repository, listed.commit)
        git("-c", f"remote.origin.url={listed.repository}", "checkout", "--quiet", "FETCH_HEAD")
    return folder


def find_tests(root: Path, listed: Listed, folders: list[str], text: str) -> list[Test]:
    """The tests of these folders that may run without a browser."""
    tests = []
    for folder in folders:
        paths = [root / folder] if (root / folder).is_file() else sorted((root / folder).rglob("*.js"))
        for path in paths:
            name = str(path.relative_to(root))
            if not name.endswith((".any.js", ".window.js")):
                continue
            source = path.read_text(encoding="utf-8", errors="replace")
            if not _may_run(name, source) or any(fnmatch.fnmatch(name, pattern) for pattern in listed.left_out):
                continue
            meta = META.findall(source)
            variants = [value for key, value in meta if key == "variant"] or [""]
            is_long = ("timeout", "long") in meta
            tests += [Test(name, variant, is_long) for variant in variants if text in name + variant]
    return tests


def _may_run(name: str, source: str) -> bool:
    """Whether a test is for a page or a dedicated worker, and has no use for a document."""
    scopes = [scope.strip() for key, value in META.findall(source) if key == "global" for scope in value.split(",")]
    if scopes and not {"window", "dedicatedworker", "worker", "shadowrealm-in-window"} & set(scopes):
        return False
    return name.endswith(".any.js") or not re.search(
        r"\bdocument\b|\bwindow\.open\b|\biframe\b|with_iframe|\bopen\(", source
    )


def run_test(test: Test, root: Path, command: str) -> Result:
    """Run a file in a process of its own."""
    limit = LONG_LIMIT if test.is_long else ORDINARY_LIMIT
    with tempfile.NamedTemporaryFile("r", prefix="conformance-result-", encoding="utf-8") as result:
        words = [command, "--ca-file", str(root / "tools/certs/cacert.pem"), "--location", test.address]
        words += [str(PAGE), str(root), test.address, str(limit), result.name]
        ended, errors = run_process(words, limit + GRACE)
        text = result.read()
    if not text:
        return Result(trouble=f"{ended} without a result: {errors.strip().replace(chr(10), ' | ')[-300:]}")
    report = json.loads(text)
    failures = [f"{outcome} {name}: {message}" for outcome, name, message in report["failures"]]
    total = max(report["passed"] + len(failures), 1)
    trouble = "" if report["status"] == "OK" else f"{report['status']} {report['message'] or ''}".strip()
    whole = not failures and not trouble and report["passed"] > 0
    return Result(report["passed"], total, whole, trouble, failures)


def run_process(words: list[str], limit: float) -> tuple[str, str]:
    """How a process ended, and what it said on stderr."""
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _, errors = process.communicate(timeout=limit)
        ended = f"ended with {process.returncode}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, errors = process.communicate()
        ended = "hung"
    return ended, errors.decode("utf-8", "replace")


@contextlib.contextmanager
def server(root: Path):
    """The suite's own server, once it answers."""
    config = {"ports": {"http": [8000, 8001], "https": [8443, 8444], "ws": [8666], "wss": [8667]}}
    with tempfile.TemporaryDirectory(prefix="conformance-wpt-") as folder:
        settings = Path(folder) / "config.json"
        settings.write_text(json.dumps(config))
        with open(CACHE / "server.log", "wb") as log:
            words = [sys.executable, "wpt", "serve", "--config", str(settings)]
            process = subprocess.Popen(words, cwd=root, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_until_it_answers(process)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen) -> None:
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen("http://web-platform.test:8000/common/blank.html", timeout=5),
        ):
            for port in (8443, 8666, 8667, 9000):
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        time.sleep(0.2)
    raise SystemExit(f"the suite's server does not answer; {CACHE / 'server.log'} says why")


def enter_namespace() -> None:
    """Start this program again where the suite's names are loopback's."""
    lines = ["127.0.0.1 localhost"]
    for domain in ("web-platform.test", "not-web-platform.test"):
        lines += [
            f"127.0.0.1 {'.'.join(filter(None, (first, second, domain)))}" for first in LABELS for second in LABELS
        ]
    with tempfile.TemporaryDirectory(prefix="conformance-hosts-") as folder:
        hosts = Path(folder) / "hosts"
        hosts.write_text("\n".join(lines) + "\n")
        script = 'mount --bind "$0" /etc/hosts && ip link set lo up && exec "$@"'
        words = ["unshare", "--mount", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        words += ["sh", "-c", script, str(hosts), sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(words, env=os.environ | {INSIDE: "1"}, check=False).returncode)


def report(results: dict[str, Result], folders: list[str], listed: Listed, show: int) -> int:
    """Print what is not as listed and the table; how many were not as listed."""
    surprises = 0
    for name, result in results.items():
        expected = name in listed.fails
        if result.whole and expected and name not in listed.unsteady:
            print(f"passes, though listed as failing: {name}")
            surprises += 1
        elif not result.whole and (not expected or show):
            surprises += not expected
            print(f"failed  {name}  {result.passed} of {result.total}  {result.trouble}")
            for line in result.failures[: show or 3]:
                print(f"          {line[:250]}")
    table = defaultdict(lambda: [0, 0, 0, 0])
    for name, result in results.items():
        folder = max((f for f in folders if name.startswith(f)), key=len, default="other")
        for row in (table[folder], table["all"]):
            for place, number in enumerate((1, result.whole, result.total, result.passed)):
                row[place] += number
    print(f"\n{'folder':32}{'files':>8}{'whole':>8}{'subtests':>10}{'passed':>10}")
    for folder in [*(f for f in folders if f in table), *({"other"} & table.keys()), "all"]:
        files, whole, subtests, passed = table[folder]
        print(f"{folder:32}{files:8}{whole:8}{subtests:10}{passed:10}")
    if surprises:
        print(f"\n{surprises} not as {LIST.relative_to(ROOT)} expects")
    return surprises


def main() -> int:
    options = parse(sys.argv[1:])
    if INSIDE not in os.environ:
        enter_namespace()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    listed = Listed.read()
    CACHE.mkdir(parents=True, exist_ok=True)
    root = (options.dir or checkout(listed)).resolve()
    folders = options.folders or listed.folders
    tests = find_tests(root, listed, folders, options.filter)
    results: dict[str, Result] = {}
    with server(root), ThreadPoolExecutor(options.jobs) as pool:
        running = {test.name: pool.submit(run_test, test, root, options.command) for test in tests}
        for name, future in running.items():
            results[name] = future.result()
    if options.json:
        record = {name: vars(result) for name, result in results.items()}
        options.json.write_text(json.dumps(record, indent=1))
    return 1 if report(results, folders, listed, options.show) else 0


if __name__ == "__main__":
    sys.exit(main())
