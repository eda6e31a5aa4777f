"""The WebSocket cases of Autobahn|Testsuite on the command; started by ``cargo xtask conformance autobahn``.

The suite plays the other end: of a server that echoes (``twinloop.serve``), and of the global ``WebSocket``. It is written in Python 2.7, which must be
there (``python2.7`` on PATH, or pyenv's); pip gets it at the versions of ``tests/conformance/autobahn.txt``. ``tests/conformance/autobahn.toml`` lists the cases that do not end
as ``OK`` or ``INFORMATIONAL``, with what they end as and why; it is an error if another case does not, or if a listed one does.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = ROOT / "tests" / "conformance" / "autobahn.toml"
REQUIREMENTS = ROOT / "tests" / "conformance" / "autobahn.txt"
SUITE = ROOT / ".cache" / "conformance" / "autobahn"
PROGRAM = HERE / "inside" / "autobahn.mjs"
SIDES = ("server", "client")
FINE = ("OK", "INFORMATIONAL")
AGENT = "Twinloop"


def python2() -> str:
    """The Python that the suite wants."""
    named = shutil.which("python2.7")
    kept = [str(program) for program in sorted(Path.home().glob(".pyenv/versions/2.7*/bin/python"))]
    for program in ([named] if named else []) + kept:
        # pyenv puts a name on PATH also for versions that are not chosen.
        if subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0:
            return program
    raise SystemExit("the suite is written in Python 2.7, which is not there: install it (pyenv install 2.7.18)")


def provide(python: str) -> None:
    """The suite in a folder of its own, installed once."""
    if SUITE.exists():
        return
    partial = SUITE.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    words = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(partial)]
    subprocess.run([*words, "--no-deps", "-r", str(REQUIREMENTS)], check=True)
    # The name comes last, so that what broke is never taken for the suite.
    partial.rename(SUITE)


def suite(python: str, folder: Path, mode: str, settings: dict) -> subprocess.Popen:
    """Starts the suite with its settings, silently."""
    spec = folder / "spec.json"
    spec.write_text(json.dumps(settings))
    # As a folder of packages, because one of them spreads over several.
    start = f"import site; site.addsitedir({str(SUITE)!r}); from autobahntestsuite.wstest import run; run()"
    return subprocess.Popen(
        [python, "-c", start, "-m", mode, "-s", str(spec)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port: int, process: subprocess.Popen) -> None:
    """Returns once somebody listens there."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise SystemExit(f"the other end has ended with {process.returncode}")
        time.sleep(0.1)
    raise SystemExit("the other end does not listen after a minute")


def ends(process: subprocess.Popen, limit: int) -> None:
    """Ends what may be running still."""
    process.terminate()
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def server_cases(command: str, python: str, folder: Path, cases: list[str]) -> dict:
    """The suite as the client of a server that echoes."""
    server = subprocess.Popen([command, str(PROGRAM), "server"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        port = int(server.stdout.readline())
        settings = {
            "outdir": str(folder),
            "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        client = suite(python, folder, "fuzzingclient", settings)
        if client.wait(3600) != 0:
            raise SystemExit((folder / "log").read_text(errors="replace")[-2000:])
    finally:
        ends(server, 10)
    return json.loads((folder / "index.json").read_text())[AGENT]


def client_cases(command: str, python: str, folder: Path, cases: list[str]) -> dict:
    """The suite as the server of the global WebSocket."""
    port = free_port()
    settings = {
        "outdir": str(folder),
        "url": f"ws://127.0.0.1:{port}",
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    server = suite(python, folder, "fuzzingserver", settings)
    try:
        await_port(port, server)
        subprocess.run([command, str(PROGRAM), "client", f"ws://127.0.0.1:{port}", AGENT], check=True, timeout=3600)
    finally:
        ends(server, 10)
    return json.loads((folder / "index.json").read_text())[AGENT]


def judge(side: str, results: dict, listed: dict[str, str], *, is_whole: bool) -> list[str]:
    """What is not as the list expects."""
    surprises = []
    for case, result in results.items():
        behaviours = (result["behavior"], result["behaviorClose"])
        worst = next((behaviour for behaviour in behaviours if behaviour not in FINE), "OK")
        if worst != listed.get(case, "OK"):
            surprises.append(f"{side} {case}: {worst}, expected {listed.get(case, 'OK')}")
    if is_whole:
        surprises += [f"{side} {case}: listed, and no case of the suite" for case in listed if case not in results]
    return surprises


def main() -> int:
    """Runs what the words say."""
    parser = argparse.ArgumentParser(prog="cargo xtask conformance autobahn")
    parser.add_argument("sides", nargs="*", metavar="server|client")
    parser.add_argument("--command", required=True)
    parser.add_argument("--filter", default="*", help="cases, such as 1.* or 9.1.1")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for side in options.sides:
        if side not in SIDES:
            raise SystemExit(f"no such side: {side}")
    python = python2()
    provide(python)
    expected = tomllib.loads(LIST.read_text(encoding="utf-8"))
    surprises: list[str] = []
    record = {}
    for side in options.sides or SIDES:
        with tempfile.TemporaryDirectory(prefix="conformance-autobahn-") as place:
            play = server_cases if side == "server" else client_cases
            results = play(options.command, python, Path(place), [options.filter])
        listed = {
            case: entry["behaviour"]
            for entry in expected.get("fails", [])
            if entry["side"] == side
            for case in entry["cases"]
        }
        surprises += judge(side, results, listed, is_whole=options.filter == "*")
        counts = Counter(result["behavior"] for result in results.values())
        print(
            f"{side:8}{len(results):5} cases  " + ", ".join(f"{count} {name}" for name, count in counts.most_common())
        )
        record[side] = results
    if options.json:
        options.json.write_text(json.dumps(record, indent=1))
    for surprise in surprises:
        print(f"  {surprise}")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
